"""What a few dozen or hundred rows allow one to say."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers

RESAMPLES = 10_000
LEVEL = 0.95
_CELLS = 4_000_000  # of the matrix of draws that is held at once: 32 MB


@dataclass(frozen=True, slots=True)
class Difference:
    """Tuned minus base, and how sure it is."""

    base: tuple[float, float]
    """Interval of the base model's own value."""
    tuned: tuple[float, float]
    interval: tuple[float, float]
    """Of the difference, over the same rows."""
    p_value: float
    """Two-sided, of "there is no difference"."""


def wilson_interval(successes: float, total: int, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a share; unlike the textbook interval it holds near 0 and 1 and for few rows.

    Source: Wilson, 1927, JASA 22.
    """
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share, spread = successes / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(wins: int, losses: int) -> float:
    """Exact two-sided p-value of `wins` against `losses` among rows where only one model is right.

    Source: McNemar, 1947, Psychometrika 12; the exact binomial form.
    """
    rows, fewer = wins + losses, min(wins, losses)
    term = tail = 1
    for k in range(fewer):
        term = term * (rows - k) // (k + 1)
        tail += term
    p_value: float = 2 * tail / 2**rows
    return min(1.0, p_value)


def bootstrap_interval(
    values: "Numbers", *, seed: int, resamples: int = RESAMPLES, level: float = LEVEL
) -> tuple[float, float]:
    """Percentile interval of the mean of `values`, (rows,).

    Source: Efron and Tibshirani, 1993, An Introduction to the Bootstrap, chapter 13.
    """
    means = resampled_sums(values.reshape(-1, 1), seed=seed, resamples=resamples)[:, 0] / len(values)
    return _percentiles(means, level)


def paired_bootstrap(
    base: "Numbers",
    tuned: "Numbers",
    combine: "Callable[[Numbers], Numbers]",
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Difference:
    """Draw rows with replacement, the same for both models, and see how the metric and its difference vary.

    `base` and `tuned` are parts, (rows, parts). The p-value inverts the percentile interval: twice the share of draws
    on the other side of zero, counting the observed sample as one of them.

    Source: Efron and Tibshirani, 1993, chapters 13 and 15; Koehn, 2004, for paired models.
    """
    import numpy as np

    width = base.shape[1]
    sums = resampled_sums(np.hstack([base, tuned]), seed=seed, resamples=resamples)
    base_values, tuned_values = combine(sums[:, :width]), combine(sums[:, width:])
    differences = tuned_values - base_values
    fewer = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return Difference(
        base=_percentiles(base_values),
        tuned=_percentiles(tuned_values),
        interval=_percentiles(differences),
        p_value=min(1.0, 2 * (fewer + 1) / (resamples + 1)),
    )


def resampled_sums(parts: "Numbers", *, seed: int, resamples: int = RESAMPLES) -> "Numbers":
    """Sums of `parts`, (rows, parts), over rows drawn with replacement: (resamples, parts). Same seed, same draws."""
    import numpy as np

    rows = len(parts)
    random = np.random.default_rng(seed)
    even = np.full(rows, 1 / rows)
    at_once = max(1, _CELLS // rows)
    blocks = [
        random.multinomial(rows, even, size=min(at_once, resamples - start)) @ parts
        for start in range(0, resamples, at_once)
    ]
    return np.concatenate(blocks)


def _percentiles(values: "Numbers", level: float = LEVEL) -> tuple[float, float]:
    import numpy as np

    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
