"""How far chance alone moves the score."""

import math
import statistics

from core.study.kind import Base, Finding, Kind, Results
from core.study.number import whole
from core.study.study import Variant

_SEEDS = 5
_SURE = 0.975


def default(base: Base) -> list[str]:
    """Take the plan's seed and those after it."""
    return [str(base.plan.seed + more) for more in range(_SEEDS)]


def vary(base: Base, value: str) -> Variant:
    """Give the plan another seed, and with it other held-out rows.

    Raises:
        SettingsError: The value is no seed.
    """
    seed = whole(value, "seed", 0)
    data = base.plan.data.model_copy(update={"split": ""})
    return Variant(label=f"seed {seed}", at=float(seed), plan=base.plan.model_copy(update={"seed": seed, "data": data}))


def conclude(results: Results) -> Finding | None:
    """Say how far apart two runs must be before their difference is more than chance."""
    from scipy.stats import chi2, t

    scores = [it.score for it in results.tuned if it.score is not None]
    if len(scores) < 2:
        return None
    measure, free = results.measure, len(scores) - 1
    deviation = statistics.stdev(scores)
    if not deviation:
        same = f"Over {len(scores)} seeds {measure.title.lower()} is the same, {measure.show(scores[0], 1)}"
        return Finding(headline=same, advice="That is too little to say how far chance reaches: vary more seeds.")
    low, high = (deviation * math.sqrt(free / float(chi2.ppf(share, free))) for share in (_SURE, 1 - _SURE))
    apart = float(t.ppf(_SURE, free)) * math.sqrt(2) * deviation
    mean = statistics.fmean(scores)
    told = measure.show_difference(deviation, 1)
    known = f"{measure.title.lower()} is {measure.show(mean, 1)} with a standard deviation of {told}"
    headline = f"Over {len(scores)} seeds {known}"
    advice = (
        f"Do not trust a difference of less than {measure.show_difference(apart, 1)} between two single runs, and do "
        "not pick the best seed: it was lucky."
    )
    scale, digits = (100.0, ".1f") if measure.unit == "%" else (1.0, ".3g")
    notes = (
        f"From {measure.show(min(scores), 1)} to {measure.show(max(scores), 1)}. {len(scores)} seeds tell the standard "
        f"deviation to between {scale * low:{digits}} and {scale * high:{digits}} only (95 %).",
        "The held-out rows are the same for all seeds: the spread is that of the training alone."
        if len({frozenset(it.rows or ()) for it in results.tuned}) == 1
        else "Each seed draws its own held-out rows, order and new weights: all of that is in the spread.",
    )
    return Finding(headline=headline, advice=advice, notes=notes)


KIND = Kind(
    name="seeds",
    title="Vary the seed",
    question="How far does chance alone move the score?",
    values="seeds",
    axis="seed",
    default=default,
    vary=vary,
    conclude=conclude,
)
