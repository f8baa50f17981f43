"""How long a data set's rows are in a model's tokens."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.dataset.example import Example
from core.dataset.health.check import Room
from core.dataset.splits.kept import spread
from core.errors import ModelError
from core.strategy.memory import AnswerShares
from core.strategy.model_facts import ModelFacts, read_facts

CHARACTERS_PER_TOKEN = 3.5
"""Where there is no tokenizer to ask: on the low side for English, so that the estimate is rather too long."""
SAMPLE = 4000
"""Rows that are tokenised at most; of more, the longest and an even choice of the others."""
MEAN_SAMPLE = 500
"""Rows from which a mean is taken."""
LONGEST = 4096
"""Tokens beyond which a row is shortened unless someone asks for more."""
EXTRA = 16
"""Tokens that a chat template, separators and the end of the text add to a row."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of prompt and answer together, over the rows."""

    median: int
    most: int
    """The 99th percentile."""
    longest: int
    exact: bool
    """Whether a tokenizer counted, not a rule of thumb."""
    answers: AnswerShares | None = None
    """How much of the tokens is answer; None where there are no rows."""


def measure(examples: Sequence[Example], facts: ModelFacts) -> Lengths:
    """Count the tokens of `examples` with the model's tokenizer where its file is here, else estimate them."""
    some = spread(examples, SAMPLE)
    texts = [f"{example.prompt}\n\n{example.answer}" for example in some]
    counted = _count(texts, facts)
    counts = counted or _estimate(texts)
    if not counts:
        return Lengths(0, 0, 0, exact=False)
    median, most = _at(counts, 0.5) + EXTRA, _at(counts, 0.99) + EXTRA
    answers = answer_shares(some, facts)
    return Lengths(median, most, max(counts) + EXTRA, exact=counted is not None, answers=answers)


def answer_shares(examples: Sequence[Example], facts: ModelFacts, limit: int = LONGEST) -> AnswerShares | None:
    """How much of the rows' tokens is answer, a row shortened to `limit` tokens; None where there are no rows.

    Expected is the share in all tokens together. High is what a batch may come to whose rows are all as long as the
    longest and have as much answer as the 99th percentile.
    """
    if not examples:
        return None
    rows = spread(examples, MEAN_SAMPLE)
    if not all(example.turns for example in rows):
        return AnswerShares(1.0, 1.0, 1.0)
    prompts, answers = [example.prompt for example in rows], [example.answer for example in rows]
    before = _count(prompts, facts) or _estimate(prompts)
    after = [min(limit, count + 1) for count in _count(answers, facts) or _estimate(answers)]  # and the end
    whole = [min(limit, sum(both) + EXTRA) for both in zip(before, after, strict=True)]
    mean = sum(after) / sum(whole)
    return AnswerShares(mean, mean, max(mean, _at(after, 0.99) / _at(whole, 0.99)))


def _estimate(texts: Sequence[str]) -> list[int]:
    return [math.ceil(len(text) / CHARACTERS_PER_TOKEN) for text in texts]


def _at(counts: Sequence[int], share: float) -> int:
    """The count that `share` of the counts do not exceed."""
    return sorted(counts)[min(len(counts) - 1, int(share * len(counts)))]


def rows_and_mean(examples: Sequence[Example], facts: ModelFacts, limit: int) -> tuple[float, float]:
    """Rows that an example makes in mean, and their tokens in mean; counted over some of many examples.

    A prompt is shortened to `limit` tokens, a longer text without prompt makes a row for each `limit` tokens.
    """
    step = max(1, len(examples) // MEAN_SAMPLE)
    some = examples[::step]
    texts = [f"{example.prompt}\n\n{example.answer}" for example in some]
    counts = _count(texts, facts) or _estimate(texts)
    extra = EXTRA if facts.has_chat_template else 1
    whole = [count + extra for count in counts]
    rows = sum(1 if example.turns else math.ceil(most / limit) for example, most in zip(some, whole, strict=True))
    tokens = sum(min(limit, most) if example.turns else most for example, most in zip(some, whole, strict=True))
    return rows / max(1, len(some)), tokens / max(1, rows)


def room_of(model: str) -> Room | None:
    """What a model has room for, in its own tokens; None where there is none, or no tokenizer of it here."""
    try:
        facts = read_facts(model) if model else None
    except ModelError:  # the strategy page says what is wrong with it
        return None
    return room(facts) if facts else None


def room(facts: ModelFacts) -> Room | None:
    """What the model has room for, in its own tokens; None where its tokenizer is not on this machine."""
    if _count([""], facts) is None:
        return None

    def count(texts: Sequence[str]) -> list[int]:
        return [tokens + EXTRA for tokens in _count(list(texts), facts) or ()]

    return Room(facts.title, min(facts.context, LONGEST), count)


def _count(texts: list[str], facts: ModelFacts) -> list[int] | None:
    path = facts.folder / "tokenizer.json" if facts.folder else None
    if path is None or not path.is_file():
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return [len(encoding.ids) for encoding in tokenizer.encode_batch_fast(texts)]
