"""What more examples would be worth."""

import math

from core.dataset.splits.split import MIN_TRAIN
from core.errors import SettingsError
from core.evaluate.metrics.metric import Measure
from core.strategy.choices import MOST_EPOCHS
from core.study.curve import FEWEST, Curve, learning_curve
from core.study.kind import Base, Finding, Kind, Results
from core.study.number import whole
from core.study.outcome import Outcome
from core.study.study import Variant

_SIZES = 5
_STEP = 100
"""Rows whose worth is told."""


def default(base: Base) -> list[str]:
    """Take all rows, and half as many again and again."""
    sizes = [base.human_rows >> halvings for halvings in range(_SIZES)]
    return [str(size) for size in sorted(size for size in sizes if size >= MIN_TRAIN)]


def vary(base: Base, value: str) -> Variant:
    """Train on fewer rows, in more passes, so that about as many rows are seen; early stopping decides.

    Raises:
        SettingsError: The value is no number of rows, or there are not so many.
    """
    rows = whole(value, "rows", MIN_TRAIN)
    if rows > base.human_rows:
        raise SettingsError({"rows": f"{rows:,} were asked for, and {base.human_rows:,} are there to train on"})
    plan = base.plan
    data = plan.data.model_copy(update={"train_rows": rows if rows < base.human_rows else 0, "split": ""})
    passes = min(max(MOST_EPOCHS, plan.epochs), math.ceil(plan.epochs * base.human_rows / rows))
    return Variant(
        label=f"{rows:,} rows", at=float(rows), plan=plan.model_copy(update={"data": data, "epochs": passes})
    )


def conclude(results: Results) -> Finding | None:
    """Fit the learning curve and say what more rows would be worth."""
    sized = comparable(results.tuned)
    curve = learning_curve(
        {it.at: it.score for it in sized if it.at is not None and it.score is not None},
        {it.at: in_order(it, sized[0]) for it in sized if it.at is not None},
        results.span,
    )
    if curve is None:
        return None
    most = max(it.at or 0.0 for it in sized)
    step = _STEP if most >= _STEP / 2 else int(most)
    gain, (low, high) = curve.gain(most, most + step)
    sign = -1.0 if results.measure.higher_is_better is False else 1.0
    better, worse = sorted((sign * low, sign * high), reverse=True)
    told = told_gain(results.measure, sign * gain, worse, better)
    if worse > 0:
        headline = f"{step} more rows are worth about {told}"
        advice = "Collect more examples if that is worth their price; meanwhile train on all that there are."
    elif better < 0:
        headline = f"{step} more rows would not help: the curve changes by {told}"
        advice = "More examples like these do not help; look at their quality first."
    else:
        headline = f"{curve.rows} held-out rows cannot tell whether more examples help: {step} more change {told}"
        advice = "Train on all examples that there are. Hold out more rows, or vary more numbers, to know more."
    whole_plan = next((it.plan for it in results.variants if it.at == most), None)
    return Finding(headline=headline, advice=advice, adopt=whole_plan, curve=curve, notes=_notes(curve, sized, most))


def comparable(tuned: list[Outcome]) -> list[Outcome]:
    """Those that were scored on the same rows as the one with most training rows."""
    sized = sorted((it for it in tuned if it.at is not None and it.rows), key=lambda it: it.at or 0.0)
    return [it for it in sized if it.rows and sized[-1].rows and it.rows.keys() == sized[-1].rows.keys()]


def in_order(outcome: Outcome, first: Outcome) -> list[float]:
    """Each held-out row's score, in the order of `first`."""
    assert outcome.rows is not None, "only outcomes with rows are compared"
    assert first.rows is not None, "only outcomes with rows are compared"
    return [outcome.rows[key] for key in first.rows]


def told_gain(measure: Measure, gain: float, low: float, high: float) -> str:
    """A difference with its interval, in the metric's own unit."""
    if measure.unit != "%":
        return f"{gain:.3g} ({low:.3g} to {high:.3g})"
    number = f"{100 * gain:.1f}" if abs(gain) < 0.1 else f"{100 * gain:.0f}"
    return f"{number} points ({100 * low:.1f} to {100 * high:.1f})"


def _notes(curve: Curve, sized: list[Outcome], most: float) -> tuple[str, ...]:
    law = f"{curve.limit:.3g} {'-' if curve.drop >= 0 else '+'} {abs(curve.drop):.3g} n^-{curve.exponent:.2g}"
    return (
        f"Fitted through {len(sized)} numbers of rows: {law}; it is carried on beyond {most:,.0f} rows, "
        "where nothing was measured.",
        f"The interval is that of the {curve.rows} held-out rows (bootstrap); each number was trained once, and what "
        "another seed would do is not in it.",
    )


KIND = Kind(
    name="rows",
    title="Vary the number of examples",
    question="Would more examples help?",
    values=f"numbers of training rows, {FEWEST} at least for a curve",
    axis="training rows",
    default=default,
    vary=vary,
    conclude=conclude,
    undone={"train_rows": 0},
)
