"""Answers of a model with a classification head, and of what stands where there is no untuned one."""

import math
from collections import Counter
from collections.abc import Sequence
from threading import Event as Flag
from typing import TYPE_CHECKING

from core.dataset.example import Example, Split
from core.evaluate.metrics.metric import Answer
from core.events import Advanced, Emit
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.model import Loaded


def ask_head(loaded: "Loaded", plan: Plan, examples: Sequence[Example], emit: Emit, stopping: Flag) -> list[Answer]:
    """The most likely label of each row; the probability of the right one is its loss.

    Raises:
        Stopped: `stopping` was set; at most one batch later.
    """
    from core.backend.classes import class_scores, text_of
    from core.backend.tokenised import longest_row

    def advance(done: int) -> None:
        emit(Advanced(what="Scoring the tuned model", done=done, total=len(examples)))

    advance(0)
    texts = [text_of(example, plan.data.instruction) for example in examples]
    length = longest_row(loaded, plan)
    with loaded.autocast():
        scores = class_scores(
            loaded.model, loaded.tokenizer, texts, length, on_advance=advance, stopping=stopping
        )  # of each row, a logarithm for each label
    return [_answer(example, loaded.labels, row) for example, row in zip(examples, scores, strict=True)]


def most_frequent(split: Split) -> list[Answer]:
    """The answers to the test rows of whoever knows nothing but how often each label stands in the training rows."""
    counts = Counter(example.label for example in split.train if example.label is not None)
    total = counts.total()
    shares = {label: math.log(count / total) for label, count in sorted(counts.items())}
    labels, row = tuple(shares), list(shares.values())
    return [_answer(example, labels, row) for example in split.test]


def stand_in(base: Sequence[Answer]) -> str:
    """What stands in the place of the untuned model, whose answers `base` are, in sentences."""
    return (
        "There is no base: an untuned head only guesses. In its place stands the most frequent label of the training "
        f"rows, {base[0].text!r}."
    )


def _answer(example: Example, labels: Sequence[str], row: Sequence[float]) -> Answer:
    best = max(range(len(row)), key=row.__getitem__)
    known = example.answer in labels
    sure = math.exp(row[best])
    return Answer(
        example.answer,
        labels[best],
        # A label that no training row has cannot be chosen: nothing of it was scored.
        nats=-row[labels.index(example.answer)] if known else 0.0,
        tokens=int(known),
        confidence=sure if math.isfinite(sure) else None,
    )
