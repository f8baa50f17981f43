"""What a metric is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]


class Family(StrEnum):
    """What kind of answers a task wants, which decides what is worth measuring."""

    LABELS = "labels"
    SHORT = "short answers"
    LONG = "long answers"
    PLAIN = "plain texts"
    """Texts that nobody asked for: the model reads them and says nothing."""


CHOSEN = frozenset({Family.LABELS})
WRITTEN = frozenset({Family.SHORT, Family.LONG})
UNCHOSEN = frozenset({*WRITTEN, Family.PLAIN})
ALL = frozenset(Family)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model said to one prompt, beside what it should have said."""

    reference: str
    text: str
    nats: float
    """Negative log-likelihood of the reference under the model, summed over its tokens."""
    tokens: int
    """Tokens of the reference that were scored; 0 where nothing of it fitted."""
    confidence: float | None = None
    """Of a chosen label: its probability among all labels, 0 to 1."""
    ended: bool = True
    """Of a written answer: whether the model ended it by itself, neither cut off nor going round in circles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a number means and how it is shown."""

    name: str
    title: str
    about: str
    """One sentence for the page: what the number means."""
    source: str
    unit: str
    """"%" where the value is a fraction that the page shows in percent and points; else empty."""
    higher_is_better: bool | None
    """None where neither is: a length."""

    def show(self, value: float, decimals: int = 0) -> str:
        """The value as the page shows it: "85 %", or three significant digits."""
        return f"{_plain(value * 100, decimals)} %" if self.unit == "%" else f"{value:.3g}"

    def show_difference(self, value: float, decimals: int = 0) -> str:
        """The size of a difference without its sign: "77 points", or three significant digits."""
        if self.unit != "%":
            return f"{abs(value):.3g}"
        number = _plain(abs(value) * 100, decimals)
        return f"{number} point" if number == "1" else f"{number} points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Measure):
    """One way of scoring answers: `combine` of the sums of `parts` over the rows.

    Because every metric is a function of sums, one bootstrap serves them all: a resample weighs the rows of `parts`.
    """

    range: tuple[float, float]
    families: frozenset[Family]
    """The tasks of which it says something."""
    binary: bool
    """Whether each row scores 0 or 1, so that exact tests for shares apply."""
    score_row: Callable[[Answer], float | None]
    """The score of one row alone; None where a single row has none."""
    parts: "Callable[[Sequence[Answer]], Numbers]"
    """One line of numbers per row, (rows, parts), whose sums decide the metric."""
    combine: "Callable[[Numbers], Numbers]"
    """The metric from sums of parts, (..., parts) to (...)."""
    upward: bool = False
    """Whether chance alone raises it, so that its own interval is drawn downwards by that much."""

    @property
    def is_mean(self) -> bool:
        """Whether it is the mean of its row scores."""
        return self.combine is ratio

    def aggregate(self, answers: Sequence[Answer]) -> float:
        """The metric over all rows."""
        return float(self.combine(self.parts(answers).sum(axis=0)))


def mean_parts(score: Callable[[Answer], float]) -> "Callable[[Sequence[Answer]], Numbers]":
    """Parts of a metric that is the mean of its row scores."""

    def parts(answers: Sequence[Answer]) -> "Numbers":
        import numpy as np

        return np.array([[score(answer), 1.0] for answer in answers], dtype=np.float64).reshape(-1, 2)

    return parts


def ratio(totals: "Numbers") -> "Numbers":
    """First sum over second sum."""
    quotient: Numbers = totals[..., 0] / totals[..., 1]
    return quotient


def _plain(number: float, decimals: int) -> str:
    text = f"{number:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def no_row_score(_: Answer) -> None:
    """The score of a row where only all rows together have one."""
