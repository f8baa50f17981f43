"""Rows as training will feed them to the model, made readable: the same encoding, token for token."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from core.backend.classes import encode_class, text_of
from core.backend.tokens import GAP, check_padding, check_tokenizer, encode_all
from core.dataset.example import Example
from core.dataset.rendered import Kind, Piece, RenderedRow
from core.errors import ModelError
from core.strategy.model_facts import locate, read_facts


def render_rows(model: str, examples: Iterable[Example], max_length: int, instruction: str = "") -> list[RenderedRow]:
    """`examples` through the tokenizer of `model`, each in at most `max_length` tokens.

    `instruction` stands before each prompt; an encoder's head reads what comes after it.

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
    if isinstance(place, Path) and read_facts(model).is_encoder:
        padded = check_padding(tokenizer)
        return [render_class(padded, text_of(one, instruction), one.row, max_length) for one in examples]
    checked = check_tokenizer(tokenizer)
    return [render(checked, example, max_length) for example in examples]


def render_class(tokenizer: PreTrainedTokenizerBase, text: str, number: int, max_length: int) -> RenderedRow:
    """One row as a head reads it: the text alone; its class is no token."""
    row = encode_class(tokenizer, text, max_length)
    shown = tuple(pieces(tokenizer, row.input_ids, row.prompt_length, gaps=False))
    return RenderedRow(row=number, pieces=shown, tokens=len(row.input_ids), learned=0, left_out=False)


def render(tokenizer: PreTrainedTokenizerBase, example: Example, max_length: int) -> RenderedRow:
    """One row, token for token as training encodes it."""
    made = encode_all(tokenizer, example, max_length)
    if not made:
        answer = (Piece(example.answer, "answer", learned=False),)
        return RenderedRow(row=example.row, pieces=answer, tokens=0, learned=0, left_out=True)
    first, *more = made
    ids = [*first.input_ids, *(token for window in more for token in window.input_ids[1:])]
    shown = tuple(pieces(tokenizer, ids, first.prompt_length, gaps=first.truncated))
    return RenderedRow(
        row=example.row, pieces=shown, tokens=len(ids), learned=len(ids) - first.prompt_length, left_out=False
    )


def pieces(tokenizer: PreTrainedTokenizerBase, ids: list[int], prompt_length: int, *, gaps: bool) -> Iterator[Piece]:
    """Tokens as text, by what they are for; with `gaps`, the place where the prompt was cut is one of its own."""
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
