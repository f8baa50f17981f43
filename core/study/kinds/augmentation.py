"""Whether rows that a teacher wrote pay, and how many human rows they are worth.

The guide gives such rows an "effective data multiplier" of 3.2; here it is measured on the reader's own data.
"""

import math

from core.dataset.splits.split import MIN_TRAIN
from core.errors import SettingsError
from core.evaluate.metrics import METRICS
from core.study.contest import is_apart, paired
from core.study.curve import FEWEST, Curve, Multiplier, learning_curve
from core.study.kind import Base, Finding, Kind, Results
from core.study.kinds.rows import comparable, in_order, told_gain
from core.study.number import whole
from core.study.outcome import Outcome
from core.study.study import Variant

_WITH = "with"
"""The value that stands for all human rows and the generated ones."""
_SIZES = 4
_MOST = {"epochs": 100, "patience": 50}
"""As a plan allows; both count in passes over the rows."""


def default(base: Base) -> list[str]:
    """Take all human rows, half as many again and again, and all rows with the generated ones."""
    sizes = [base.human_rows >> halvings for halvings in range(_SIZES)]
    return [*(str(size) for size in sorted(size for size in sizes if size >= MIN_TRAIN)), _WITH]


def vary(base: Base, value: str) -> Variant:
    """Train on human rows alone, all or fewer; or on all rows with the generated ones.

    As many rows are seen by all of them, and early stopping waits as long, so that more steps are not what helps.

    Raises:
        SettingsError: There are no generated rows; or the value is no number of rows, or there are not so many.
    """
    made = base.train_rows - base.human_rows
    if not made:
        raise SettingsError(
            {"data": "no training row was written by a teacher"}, "Write new rows on the page of augmentation first."
        )
    plan = base.plan
    if value == _WITH:
        return Variant(
            label=f"with {made:,} generated rows",
            at=float(base.human_rows),
            plan=plan.model_copy(update={"data": plan.data.model_copy(update={"split": ""})}),
            aside="with generated rows",
        )
    rows = whole(value, "rows", MIN_TRAIN)
    if rows > base.human_rows:
        raise SettingsError({"rows": f"{rows:,} were asked for, and {base.human_rows:,} of people are there"})
    fewer = rows if rows < base.human_rows else 0
    data = plan.data.model_copy(update={"train_rows": fewer, "generated": False, "split": ""})
    longer = {name: min(most, math.ceil(getattr(plan, name) * base.train_rows / rows)) for name, most in _MOST.items()}
    return Variant(label=f"{rows:,} human rows", at=float(rows), plan=plan.model_copy(update={"data": data, **longer}))


def conclude(results: Results) -> Finding | None:
    """Compare all human rows with and without the generated ones, and say how many human rows would do the same."""
    scored = comparable(results.tuned)
    human = [it for it in scored if not it.aside]
    fuller = next((it for it in scored if it.aside), None)
    if fuller is None or not human or human[-1].at != fuller.at:
        return None
    alone, measure = human[-1], results.measure
    difference, (low, high), p_value = paired(alone, fuller, binary=METRICS[measure.name].binary)
    apart = is_apart(p_value, (low, high))
    lower = measure.higher_is_better is False
    told = told_gain(measure, abs(difference), *sorted(map(abs, (low, high))))
    curve = learning_curve(
        {it.at: it.score for it in human if it.at is not None and it.score is not None},
        {it.at: in_order(it, alone) for it in human if it.at is not None},
        results.span,
    )
    worth = _worth(curve, fuller, alone, lower=lower)
    what = fuller.label.removeprefix("with ")
    if apart and (difference > 0) is not lower:
        like = f", as {worth.told} the human rows would be" if worth else ""
        headline = f"{what} are worth {told}{like}"
        advice = "Train with them. What they are worth holds for this many human rows; with more it becomes less."
        taken = fuller
    elif apart:
        headline = f"{what} cost {told}"
        advice = "Train without them. Look at what the teacher wrote, or let another one write."
        taken = alone
    else:
        assert alone.rows is not None, "only outcomes with rows are compared"
        shown = told_gain(measure, difference, low, high)
        headline = f"{len(alone.rows)} held-out rows cannot tell whether {what} help: {shown}"
        advice = "Train without them: they take time, and nothing shows that they help."
        taken = alone
    return Finding(
        headline=headline,
        advice=advice,
        adopt=results.plan_of(taken),
        notes=_notes(human, worth),
        curve=curve,
        multiplier=worth,
    )


def _worth(curve: Curve | None, fuller: Outcome, alone: Outcome, *, lower: bool) -> Multiplier | None:
    if curve is None or fuller.score is None or fuller.at is None:
        return None
    gain = curve.at(2 * fuller.at) - curve.at(fuller.at)
    helps = gain < 0 if lower else gain > 0
    return curve.multiplier(fuller.score, in_order(fuller, alone), fuller.at) if helps else None


def _notes(human: list[Outcome], worth: Multiplier | None) -> tuple[str, ...]:
    once = "Each variant was trained once: what another seed would do is not in the intervals."
    if worth is None:
        why = (
            f"for a curve {FEWEST} numbers of human rows are needed"
            if len(human) < FEWEST
            else "more human rows do not raise the fitted curve"
        )
        return (f"How many human rows they are worth cannot be told: {why}.", once)
    return (
        f"For the same score {worth.told} the human rows would be needed, by the curve fitted through {len(human)} "
        f"numbers of them; beyond {human[-1].at:,.0f} rows it is carried on, where nothing was measured.",
        once,
    )


KIND = Kind(
    name="augmentation",
    title="With and without generated rows",
    question="Do the rows that a teacher wrote pay?",
    values=f"numbers of human rows, and '{_WITH}' for all of them with the generated ones",
    axis="human training rows",
    default=default,
    vary=vary,
    conclude=conclude,
    undone={"train_rows": 0, "generated": True},
)
