"""Which variants the held-out rows can tell from the best one."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.evaluate.headline import CERTAIN
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import ratio
from core.evaluate.statistics import mcnemar, newcombe_interval, paired_bootstrap
from core.study.outcome import Outcome

SEED = 7
"""Of the bootstrap."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The best variant against another one, over the same rows."""

    outcome: Outcome
    difference: float
    """Best minus other, of the row scores' means."""
    interval: tuple[float, float]
    """95 %, of the difference; not corrected for the number of variants, which the p-value is."""
    p_value: float
    """Two-sided, corrected for the number of comparisons."""

    @property
    def is_apart(self) -> bool:
        """Whether the rows tell the two apart."""
        return is_apart(self.p_value, self.interval)


def is_apart(p_value: float, interval: tuple[float, float]) -> bool:
    """Whether the rows tell two apart: by the paired test, and by the interval of their difference."""
    return p_value < CERTAIN and not interval[0] <= 0 <= interval[1]


@dataclass(frozen=True, slots=True)
class Contest:
    """Scored variants over the same held-out rows."""

    best: Outcome
    others: tuple[Behind, ...]
    """All others, by their scores, the highest first."""
    rows: int

    @property
    def ties(self) -> list[Outcome]:
        """The best one, and those that the rows cannot tell from it."""
        return [self.best, *(other.outcome for other in self.others if not other.is_apart)]


def hold(scored: Sequence[Outcome], primary: str) -> Contest | None:
    """Compare the best of `scored` with each other one; None where fewer than two have scores of the same rows.

    The p-values are corrected by Holm's method: among many variants the best one always looks good.

    Source: Holm, 1979, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    metric = METRICS[primary]
    sign = -1.0 if metric.higher_is_better is False else 1.0
    ranked = sorted(
        (it for it in scored if it.score is not None and it.rows), key=lambda it: sign * (it.score or 0.0), reverse=True
    )
    ranked = [it for it in ranked if it.rows and ranked[0].rows and it.rows.keys() == ranked[0].rows.keys()]
    if len(ranked) < 2:
        return None
    best = ranked[0]
    assert best.rows is not None, "only variants with rows were kept"
    raw = [(other, *paired(other, best, binary=metric.binary)) for other in ranked[1:]]
    corrected = _holm([p_value for *_, p_value in raw])
    others = tuple(
        Behind(other, difference, interval, p_value)
        for (other, difference, interval, _), p_value in zip(raw, corrected, strict=True)
    )
    return Contest(best, others, len(best.rows))


def paired(one: Outcome, other: Outcome, *, binary: bool) -> tuple[float, tuple[float, float], float]:
    """Difference of the means of the row scores, other minus one, its interval and p-value."""
    import numpy as np

    assert one.rows is not None, "only variants with rows are compared"
    assert other.rows is not None, "only variants with rows are compared"
    before = np.array(list(one.rows.values()))
    after = np.array([other.rows[key] for key in one.rows])
    difference = float(after.mean() - before.mean())
    if binary:
        wins, losses = int(((after > 0) & (before <= 0)).sum()), int(((before > 0) & (after <= 0)).sum())
        both = int(((after > 0) & (before > 0)).sum())
        interval = newcombe_interval(wins, losses, both, len(before) - wins - losses - both)
        return difference, interval, mcnemar(wins, losses)
    one_each = np.ones(len(before))
    parts = np.column_stack([before, one_each]), np.column_stack([after, one_each])
    found = paired_bootstrap(parts[0], parts[1], ratio, seed=SEED)
    return difference, found.interval, found.p_value


def _holm(p_values: Sequence[float]) -> list[float]:
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, highest = [0.0] * len(p_values), 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - place)))
        corrected[index] = highest
    return corrected
