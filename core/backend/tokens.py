"""Examples become tokens: the prompt's are an exact prefix of the row's, and the answer to one is never cut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from transformers import PreTrainedTokenizerBase

from core.dataset.example import Example, Turn
from core.errors import ModelError

GAP = " … "
"""Stands where the middle of a long prompt was left out."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One row as the model sees it."""

    input_ids: list[int]
    """Prompt, answer and the token that ends it."""
    prompt_length: int
    """Tokens of the prompt; the loss is on the rest."""
    truncated: bool
    """Whether the prompt was shortened."""
    weight: float = 1.0
    """How much its loss counts beside other rows'."""
    label: int | None = None
    """Id of its class, for a head; the whole row is its prompt then."""

    @property
    def scored(self) -> int:
        """Losses that it has: one for each token of its answer, or the one of its class."""
        return len(self.input_ids) - self.prompt_length if self.label is None else 1


def check_tokenizer(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Make sure that rows can end and be padded.

    A missing padding token is given the end token's id for batches; that masks nothing, because every batch here says
    by itself which positions are real and which carry loss.

    Raises:
        ModelError: The tokenizer has no end-of-text token.
    """
    if tokenizer.eos_token_id is None:
        raise ModelError(
            "The model's tokenizer has no end-of-text token, so an answer could never end.", "Choose another model."
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def check_padding(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Make sure that rows can be padded for a head, with the end token where there is no other.

    Raises:
        ModelError: The tokenizer has neither.
    """
    if tokenizer.pad_token_id is None and tokenizer.eos_token_id is None:
        raise ModelError(
            "The model's tokenizer has no padding token, so rows cannot be padded.", "Choose another model."
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def encode(tokenizer: PreTrainedTokenizerBase, example: Example, max_length: int) -> Encoded | None:
    """Turn `example` into at most `max_length` tokens; None where its answer alone does not fit.

    A prompt that is too long loses the middle of its longest turn: instructions stand at its head and questions at its
    end. Roles and other marks of the chat template stay whole. A text without prompt has `windows` instead.
    """
    whole = prompt_ids(tokenizer, example.turns), answer_ids(tokenizer, example.turns, example.answer)
    if sum(map(len, whole)) <= max_length:
        return Encoded(whole[0] + whole[1], len(whole[0]), truncated=False)
    prompt = encode_prompt(tokenizer, example.turns, max_length - len(whole[1]))
    if prompt is None:
        return None
    turns, ids, _ = prompt
    answer = answer_ids(tokenizer, turns, example.answer)
    if len(ids) + len(answer) > max_length:
        return None
    return Encoded(ids + answer, len(ids), truncated=True)


def encode_all(tokenizer: PreTrainedTokenizerBase, example: Example, max_length: int) -> list[Encoded]:
    """The rows that `example` makes: one, none where its answer does not fit, or the windows of a long text."""
    if not example.turns:
        return windows(tokenizer, example.answer, max_length)
    row = encode(tokenizer, example, max_length)
    return [] if row is None else [row]


def windows(tokenizer: PreTrainedTokenizerBase, text: str, max_length: int) -> list[Encoded]:
    """A text to be learned as it is, in windows of at most `max_length` tokens.

    Each window but the first begins with the last token of the one before, so that the loss is on every token of the
    text exactly once; on its first token alone there is none, because nothing stands before it.
    """
    ids = _ids(tokenizer, text, marks=True)
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    if start is not None and ids[:1] != [start]:
        ids = [int(start), *ids]
    if end is not None and ids[-1:] != [end]:
        ids.append(int(end))
    step = max_length - 1
    starts = range(0, max(1, len(ids) - 1), step)
    return [Encoded(ids[at : at + max_length], 1, truncated=False) for at in starts]


def encode_prompt(
    tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn], room: int
) -> tuple[tuple[Turn, ...], list[int], bool] | None:
    """Fit the prompt into `room` tokens: its turns as shortened, its ids, whether it was shortened.

    None where not even an empty prompt fits.
    """
    kept = tuple(turns)
    ids = prompt_ids(tokenizer, kept)
    if len(ids) <= room:
        return kept, ids, False
    for _ in range(len(kept)):
        longest = max(range(len(kept)), key=lambda i: (kept[i].role != "system", len(kept[i].content)))
        kept, ids = _shorten(tokenizer, kept, longest, room)
        if len(ids) <= room:
            return kept, ids, True
    return None


def render_prompt(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn]) -> str:
    """The prompt as text, up to where the answer begins."""
    if tokenizer.chat_template:
        return str(tokenizer.apply_chat_template(_messages(turns), tokenize=False, add_generation_prompt=True))
    return "\n\n".join(turn.content for turn in turns) + "\n\n"


def prompt_ids(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn]) -> list[int]:
    """Tokens of the prompt. A chat template writes its own marks; plain text gets the tokenizer's."""
    return _ids(tokenizer, render_prompt(tokenizer, turns), marks=not tokenizer.chat_template)


def answer_ids(tokenizer: PreTrainedTokenizerBase, turns: Sequence[Turn], answer: str) -> list[int]:
    """Tokens of `answer` after the prompt `turns`, with the one token that ends it."""
    prompt, marks = render_prompt(tokenizer, turns), not tokenizer.chat_template
    start = _ids(tokenizer, prompt, marks=marks)
    whole = _ids(tokenizer, prompt + answer, marks=marks)
    if marks and whole and whole[-1] == tokenizer.eos_token_id:
        whole.pop()
    # Tokens of the whole are what the model would write by itself; where they run across the seam, the answer is
    # tokenised alone, because while generating the prompt is tokenised alone too.
    joined = len(whole) > len(start) and whole[: len(start)] == start
    ids = whole[len(start) :] if joined else _ids(tokenizer, answer, marks=False)
    return [*ids, end_id(tokenizer)]


def end_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that ends an answer: the chat template's end of turn, else the end of text."""
    known = getattr(tokenizer, "_fewtune_end_id", None)
    if known is None:
        known = _find_end(tokenizer)
        tokenizer._fewtune_end_id = known
    return int(known)


def stop_ids(tokenizer: PreTrainedTokenizerBase, model: object | None = None) -> list[int]:
    """All tokens at which generation ends."""
    configured = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    more = configured if isinstance(configured, list) else [configured]
    return sorted({int(i) for i in (end_id(tokenizer), tokenizer.eos_token_id, *more) if i is not None})


def _find_end(tokenizer: PreTrainedTokenizerBase) -> int:
    end = int(tokenizer.eos_token_id)
    if not tokenizer.chat_template:
        return end
    probe = [Turn("user", "One?"), Turn("assistant", "Two")]
    text = str(tokenizer.apply_chat_template(_messages(probe), tokenize=False))
    tail = _ids(tokenizer, text.rpartition("Two")[2], marks=False)
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    return next((token for token in tail if token in special), end)


def _shorten(
    tokenizer: PreTrainedTokenizerBase, turns: tuple[Turn, ...], index: int, room: int
) -> tuple[tuple[Turn, ...], list[int]]:
    """Keep as much of both ends of one turn as fits into `room`; nothing of it where that is still too long."""

    def kept(characters: int) -> tuple[Turn, ...]:
        short = replace(turns[index], content=_ends(turns[index].content, characters))
        return (*turns[:index], short, *turns[index + 1 :])

    def fits(characters: int) -> bool:
        return len(prompt_ids(tokenizer, kept(characters))) <= room

    best = _largest(fits, len(turns[index].content))
    return kept(best), prompt_ids(tokenizer, kept(best))


def _largest(fits: Callable[[int], bool], high: int) -> int:
    """The largest number below `high` that fits, by halving; 0 where none does."""
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _ends(text: str, characters: int) -> str:
    if characters <= 0:
        return ""
    head = (characters + 1) // 2
    return text[:head] + GAP + text[len(text) - (characters - head) :]


def _ids(tokenizer: PreTrainedTokenizerBase, text: str, *, marks: bool) -> list[int]:
    return list(tokenizer(text, add_special_tokens=marks)["input_ids"])


def _messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.role, "content": turn.content} for turn in turns]
