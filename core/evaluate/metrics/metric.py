"""What a metric is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model said to one prompt, beside what it should have said."""

    reference: str
    text: str
    nats: float
    """Negative log-likelihood of the reference under the model, summed over its tokens."""
    tokens: int
    """Tokens of the reference that were scored; 0 where nothing of it fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One way of scoring answers: `combine` of the sums of `parts` over the rows.

    Because every metric is a function of sums, one bootstrap serves them all: a resample weighs the rows of `parts`.
    """

    name: str
    title: str
    about: str
    """One sentence for the page: what the number means."""
    source: str
    unit: str
    """"%" where the value is a fraction that the page shows in percent and points; else empty."""
    range: tuple[float, float]
    higher_is_better: bool
    labels: bool | None
    """Whether it scores labels (True), free text (False) or both (None)."""
    binary: bool
    """Whether each row scores 0 or 1, so that exact tests for shares apply."""
    score_row: Callable[[Answer], float | None]
    """The score of one row alone; None where a single row has none."""
    parts: "Callable[[Sequence[Answer]], Numbers]"
    """One line of numbers per row, (rows, parts), whose sums decide the metric."""
    combine: "Callable[[Numbers], Numbers]"
    """The metric from sums of parts, (..., parts) to (...)."""

    def applies(self, *, labels: bool) -> bool:
        """Whether it says something about a task with `labels` or with free text."""
        return self.labels is None or self.labels == labels

    def aggregate(self, answers: Sequence[Answer]) -> float:
        """The metric over all rows."""
        return float(self.combine(self.parts(answers).sum(axis=0)))

    def show(self, value: float, decimals: int = 0) -> str:
        """The value as the page shows it: "85 %", or three significant digits."""
        return f"{_plain(value * 100, decimals)} %" if self.unit == "%" else f"{value:.3g}"

    def show_difference(self, value: float, decimals: int = 0) -> str:
        """The size of a difference without its sign: "77 points", or three significant digits."""
        if self.unit != "%":
            return f"{abs(value):.3g}"
        number = _plain(abs(value) * 100, decimals)
        return f"{number} point" if number == "1" else f"{number} points"


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
