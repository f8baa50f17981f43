"""Rows as training will feed them to the model, made readable: the same encoding, token for token."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from core.backend.tokens import GAP, check_tokenizer, encode_all
from core.dataset.example import Example
from core.dataset.rendered import Kind, Piece, RenderedRow
from core.errors import ModelError
from core.strategy.model_facts import locate


def render_rows(model: str, examples: Iterable[Example], max_length: int) -> list[RenderedRow]:
    """`examples` through the tokenizer of `model`, each in at most `max_length` tokens.

    Raises:
        ModelError: The tokenizer cannot be loaded.
    """
    place = locate(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(place), trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"The tokenizer of {model!r} cannot be loaded: {str(error).strip().splitlines()[0][:300]}",
            "Check the model's name or folder, or choose another model.",
        ) from error
    checked = check_tokenizer(tokenizer)
    return [render(checked, example, max_length) for example in examples]


def render(tokenizer: PreTrainedTokenizerBase, example: Example, max_length: int) -> RenderedRow:
    """One row, token for token as training encodes it."""
    made = encode_all(tokenizer, example, max_length)
    if not made:
        answer = (Piece(example.answer, "answer", learned=False),)
        return RenderedRow(row=example.row, pieces=answer, tokens=0, learned=0, left_out=True)
    first, *more = made
    ids = [*first.input_ids, *(token for window in more for token in window.input_ids[1:])]
    pieces = tuple(_pieces(tokenizer, ids, first.prompt_length, gaps=first.truncated))
    return RenderedRow(
        row=example.row, pieces=pieces, tokens=len(ids), learned=len(ids) - first.prompt_length, left_out=False
    )


def _pieces(tokenizer: PreTrainedTokenizerBase, ids: list[int], prompt_length: int, *, gaps: bool) -> Iterator[Piece]:
    marks = set(tokenizer.all_special_ids)

    def kind(place: int) -> tuple[Kind, bool]:
        learned = place >= prompt_length
        return ("mark" if ids[place] in marks else "answer" if learned else "prompt"), learned

    done = ""
    for (name, learned), places in groupby(range(len(ids)), kind):
        # A tokenizer drops the space before the first token of what it decodes, so everything up to here is decoded.
        whole = str(
            tokenizer.decode(ids[: list(places)[-1] + 1], skip_special_tokens=False, clean_up_tokenization_spaces=False)
        )
        text, done = whole[len(done) :], whole
        if gaps and name == "prompt" and GAP in text:
            before, _, after = text.partition(GAP)
            yield from (Piece(before, "prompt", learned=False), Piece(GAP, "cut", learned=False))
            text = after
        yield Piece(text, name, learned)
