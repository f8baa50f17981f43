"""All metrics of base and tuned model over the same rows: values, intervals and paired tests."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.evaluate.metrics.metric import Answer, Metric
from core.evaluate.statistics import (
    Difference,
    difference_of,
    mcnemar,
    newcombe_interval,
    resampled_sums,
    rows_needed,
    rows_needed_for_shares,
    wilson_interval,
)

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one metric says of both models."""

    metric: Metric
    base: float
    tuned: float
    difference: Difference
    needed: int | None
    """About how many rows would tell such a difference in 4 of 5 cases; None where there is none."""


def measure_all(
    metrics: Sequence[Metric], base: Sequence[Answer], tuned: Sequence[Answer], seed: int
) -> Iterator[Measured]:
    """Each metric that is a number for both models, in their order.

    Rows are drawn once for all of them. Of shares the intervals are Wilson's and Newcombe's and the test McNemar's;
    of all else they come from the bootstrap.
    """
    import numpy as np

    kept = []
    for metric in metrics:
        parts = metric.parts(base), metric.parts(tuned)
        values = [float(metric.combine(part.sum(axis=0))) for part in parts]
        if all(math.isfinite(value) for value in values):
            kept.append((metric, parts, values))
    drawn = [part for metric, parts, _ in kept if not metric.binary for part in parts]
    ends = np.cumsum([part.shape[1] for part in drawn])
    sums = iter(np.split(resampled_sums(np.hstack(drawn), seed=seed), ends[:-1], axis=1) if drawn else [])
    for metric, parts, values in kept:
        if metric.binary:
            difference, needed = _of_shares(parts[0][:, 0] > 0, parts[1][:, 0] > 0)
        else:
            difference = _of_draws(metric, next(sums), next(sums), values, len(base))
            needed = rows_needed(values[1] - values[0], difference.error, len(base))
        yield Measured(metric=metric, base=values[0], tuned=values[1], difference=difference, needed=needed)


def _of_shares(before: "Numbers", after: "Numbers") -> tuple[Difference, int | None]:
    rows = len(before)
    wins, losses = int((after & ~before).sum()), int((before & ~after).sum())
    both = int((before & after).sum())
    difference = Difference(
        base=wilson_interval(both + losses, rows),
        tuned=wilson_interval(both + wins, rows),
        interval=newcombe_interval(wins, losses, both, rows - wins - losses - both),
        p_value=mcnemar(wins, losses),
        error=math.sqrt(max(0.0, wins + losses - (wins - losses) ** 2 / rows)) / rows,
    )
    return difference, rows_needed_for_shares(wins, losses, rows)


def _of_draws(metric: Metric, base: "Numbers", tuned: "Numbers", values: Sequence[float], rows: int) -> Difference:
    import numpy as np

    drawn = metric.combine(base), metric.combine(tuned)
    # A resample may hold no row of which the metric says something: it counts as the whole.
    before, after = (np.where(np.isfinite(d), d, value) for d, value in zip(drawn, values, strict=True))
    found = difference_of(before, after, rows)
    if not metric.upward:
        return found
    own = [_downwards(span, d, value) for span, d, value in zip((found.base, found.tuned), drawn, values, strict=True)]
    return Difference(own[0], own[1], found.interval, found.p_value, found.error)


def _downwards(span: tuple[float, float], drawn: "Numbers", value: float) -> tuple[float, float]:
    """The interval with its lower end as far down as chance alone lifts the resamples, once more and for the sample."""
    import numpy as np

    return max(0.0, span[0] - 2 * max(0.0, float(np.nanmean(drawn)) - value)), span[1]
