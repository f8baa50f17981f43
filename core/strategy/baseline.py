"""What a linear model on counted words gets: the cheapest thing that could do instead of a language model."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import sqrt

from core.dataset.example import Example, Split

_MOST_ROWS = 20_000
"""Rows at most that it learns from: with more it no longer takes a second."""
_MOST_LABELS = 500
_Z = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Accuracy of the linear model on the validation rows."""

    accuracy: float
    low: float
    high: float
    """Ends of Wilson's 95 % interval."""
    rows: int
    """Validation rows."""

    @property
    def is_enough(self) -> bool:
        """Whether it is so good that tuning a language model for the same task needs a reason."""
        return self.accuracy >= 0.9 and self.low >= 0.85

    @property
    def told(self) -> str:
        """The score in a sentence or two."""
        said = (
            f"A linear model on counted words (TF-IDF) gets {self.accuracy:.0%} of {self.rows:,} validation rows right "
            f"({self.low:.0%} to {self.high:.0%}), within seconds and without a GPU."
        )
        if self.is_enough:
            return f"{said} If sorting texts is all you need, it may be the better tool."
        return f"{said} A tuned model should beat that."


def linear_baseline(split: Split) -> Baseline | None:
    """Train on the training rows, score on the validation rows; None where answers are free text or of one kind only.

    Term frequency times inverse document frequency of words and pairs of words, and a logistic regression.
    """
    held = [example for example in split.validation if example.label is not None]
    answers = linear_answers(split, held)
    if not answers:
        return None
    right = sum(answer == example.label for answer, example in zip(answers, held, strict=True))
    low, high = _wilson(right, len(held))
    return Baseline(accuracy=right / len(held), low=low, high=high, rows=len(held))


def linear_answers(split: Split, held: Sequence[Example]) -> list[str]:
    """The labels that it gives to `held` rows; empty where answers are free text or of one kind only."""
    train = [example for example in islice(split.train, _MOST_ROWS) if example.label is not None]
    labels = {example.label for example in train}
    if not held or not 2 <= len(labels) <= _MOST_LABELS:
        return []
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", max_features=200_000)
    model = make_pipeline(words, LogisticRegression(C=10.0, max_iter=300))
    try:
        model.fit([example.prompt for example in train], [example.label for example in train])
    except ValueError:  # not one word in all texts
        return []
    return [str(answer) for answer in model.predict([example.prompt for example in held])]


def _wilson(right: int, rows: int) -> tuple[float, float]:
    share = right / rows
    centre = share + _Z**2 / (2 * rows)
    spread = _Z * sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2))
    below = 1 + _Z**2 / rows
    return max(0.0, (centre - spread) / below), min(1.0, (centre + spread) / below)
