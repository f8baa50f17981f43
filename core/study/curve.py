"""How a score grows with the number of training rows.

Source: Hestness et al., Deep Learning Scaling is Predictable, Empirically (arXiv 1712.00409), section 2, and Viering
and Loog, The Shape of Learning Curves (arXiv 2103.10948), section 4.2: an inverse power law with an offset fits most
curves best.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.evaluate.statistics import expanded_percentiles, resampled_sums

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers

FEWEST = 3
"""Sizes that a curve of three parameters needs."""
RESAMPLES = 2000
SEED = 7
"""Of the draws."""
MOST_TIMES = 10.0
"""A multiplier beyond it is not told: the curve would be carried on too far."""
_EXPONENTS = (0.1, 2.0, 96)
"""Lowest, highest and how many: below, a curve has no end in sight; above, it is a step."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The law a - b * n ** -c, with what the draw of the held-out rows leaves open of it."""

    limit: float
    """a: what the score comes to with ever more rows."""
    drop: float
    """b."""
    exponent: float
    """c."""
    draws: "Numbers"
    """(resamples, 3): the same of curves through other draws of the held-out rows."""
    rows: int
    """Held-out rows."""

    def at(self, size: float) -> float:
        """The fitted score of so many training rows."""
        return float(self.limit - self.drop * size**-self.exponent)

    def band(self, size: float) -> tuple[float, float]:
        """95 % interval of the fitted score."""
        return expanded_percentiles(self._drawn(size), self.rows)

    def gain(self, now: float, then: float) -> tuple[float, tuple[float, float]]:
        """What the score gains from `now` to `then` training rows, and its 95 % interval."""
        drawn = self._drawn(then) - self._drawn(now)
        return self.at(then) - self.at(now), expanded_percentiles(drawn, self.rows)

    def multiplier(self, score: float, rows: Sequence[float], size: float) -> "Multiplier":
        """How many times `size` training rows would give `score`, where more rows make it better.

        `rows` holds each held-out row's score, in the order of those that the curve was fitted to: they are drawn again
        as there.
        """
        import numpy as np

        drawn = resampled_sums(np.array([rows]).T, seed=SEED, resamples=RESAMPLES)[:, 0] / len(rows)
        drawn += score - float(np.mean(rows))
        found = _sizes(self.draws, drawn) / size
        (best,) = _sizes(np.array([[self.limit, self.drop, self.exponent]]), np.array([score])) / size
        low, high = expanded_percentiles(np.minimum(found, MOST_TIMES), self.rows)
        return Multiplier(min(float(best), MOST_TIMES), (max(0.0, low), min(high, MOST_TIMES)))

    def _drawn(self, size: float) -> "Numbers":
        drawn: Numbers = self.draws[:, 0] - self.draws[:, 1] * size ** -self.draws[:, 2]
        return drawn


@dataclass(frozen=True, slots=True)
class Multiplier:
    """How many times the human rows there would have to be for the same score; `MOST_TIMES` stands for so many or more.

    The guide calls it the effective data multiplier.
    """

    times: float
    interval: tuple[float, float]
    """95 %, of the draw of the held-out rows."""

    @property
    def told(self) -> str:
        """In words: "2.1 times (1.3 to 3.4)"."""
        low, high = self.interval
        if self.times >= MOST_TIMES or high >= MOST_TIMES:
            return f"at least {low:.1f} times"
        return f"{self.times:.1f} times ({low:.1f} to {high:.1f})"


def learning_curve(
    scores: Mapping[float, float], rows: Mapping[float, Sequence[float]], span: tuple[float, float], *, seed: int = SEED
) -> Curve | None:
    """Fit a curve through scores by number of training rows; None with fewer than `FEWEST` numbers.

    `rows` has each held-out row's score, in one order for all numbers; they are drawn again, the same for all, to see
    how far the curve depends on them. `span` holds the lowest and highest value that the metric can have.
    """
    import numpy as np

    sizes = sorted(scores)
    if len(sizes) < FEWEST:
        return None
    values = np.array([[scores[size] for size in sizes]])
    table = np.array([rows[size] for size in sizes]).T
    # A metric that is no mean of its rows' scores is moved to where it is; its rows still say how much it varies.
    drawn = resampled_sums(table, seed=seed, resamples=RESAMPLES) / len(table) + (values - table.mean(axis=0))
    limit, drop, exponent = fit(sizes, values, span)[0]
    return Curve(float(limit), float(drop), float(exponent), fit(sizes, drawn, span), len(table))


def fit(sizes: Sequence[float], values: "Numbers", span: tuple[float, float]) -> "Numbers":
    """Least-squares laws a - b * n ** -c of each line of `values`, (lines, sizes): (lines, 3), as a, b, c.

    For a given exponent the law is a straight line, solved exactly; the exponent is taken from a fine grid. Where the
    limit would lie outside of `span`, it is held at the span's end.
    """
    import numpy as np

    best, least = np.zeros((len(values), 3)), np.full(len(values), np.inf)
    for exponent in np.geomspace(*_EXPONENTS):
        x = -(np.asarray(sizes, dtype=float) ** -exponent)
        spread = x - x.mean()
        drop = values @ spread / (spread @ spread)
        limit = np.clip(values.mean(axis=1) - drop * x.mean(), *span)
        drop = (values - limit[:, None]) @ x / (x @ x) if len(x) else drop
        error = ((values - limit[:, None] - drop[:, None] * x) ** 2).sum(axis=1)
        better = error < least
        best[better] = np.column_stack([limit, drop, np.full(len(values), exponent)])[better]
        least[better] = error[better]
    return best


def _sizes(laws: "Numbers", scores: "Numbers") -> "Numbers":
    """Where each law, (lines, 3), comes to its score, (lines,): infinity beyond its limit, (lines,)."""
    import numpy as np

    limit, drop, exponent = laws.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = drop / (limit - scores)
        found = np.where(ratio > 0, ratio ** (1 / exponent), np.inf)
    sized: Numbers = np.where(np.isfinite(found), found, np.inf)
    return sized
