"""Whether tuning helps, on every row: as many runs as parts, each tested on the part that it was not trained on.

Source: Stone, 1974, Cross-validatory choice and assessment of statistical predictions, Journal of the Royal
Statistical Society B 36.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from core.errors import SettingsError
from core.evaluate.measured import Measured, measure_all
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Measure, Metric
from core.evaluate.statistics import bootstrap_interval, wilson_interval
from core.study.contest import SEED, is_apart, paired
from core.study.kind import Base, Finding, Kind, Results
from core.study.kinds.rows import told_gain
from core.study.outcome import UNTUNED, Outcome
from core.study.study import Variant

_PARTS = 5
_MOST = 20
"""As a division of data allows."""
_AGAIN = (
    "not every run kept what it takes to measure all rows at once. Score the parts again ('fewtune evaluate RUN') "
    "to have it."
)
_Value = TypeVar("_Value")
_Row = tuple[str, int]
"""Prompt and number of a row."""


def default(base: Base) -> list[str]:
    """Take five parts."""
    del base
    return _of(_PARTS)


def expand(values: Sequence[str]) -> list[str]:
    """Make a single number of parts the parts themselves."""
    if len(values) == 1 and values[0].isdecimal() and 2 <= int(values[0]) <= _MOST:
        return _of(int(values[0]))
    return list(values)


def _of(parts: int) -> list[str]:
    return [f"{part}/{parts}" for part in range(1, parts + 1)]


def vary(base: Base, value: str) -> Variant:
    """Test on one part of the rows and train on the others.

    Raises:
        SettingsError: The value is no part such as "2/5".
    """
    part, _, parts = value.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts) and 2 <= int(parts) <= _MOST):
        told = f"{value[:40]!r} is neither a number of parts from 2 to {_MOST} nor one of them, such as 2/5"
        raise SettingsError({"values": told})
    changes = {"folds": int(parts), "fold": int(part) - 1, "split": ""}
    data = base.plan.data.model_copy(update=changes)
    return Variant(label=f"part {part} of {parts}", at=None, plan=base.plan.model_copy(update={"data": data}))


def pool(outcomes: Sequence[Outcome], measure: Measure) -> list[Outcome]:
    """Put the untuned and the tuned model over all parts together before the parts."""
    parts = [it for it in outcomes if it.run]
    tested = [it for it in parts if it.rows and it.base_rows]
    if not tested:
        return parts
    metric = METRICS[measure.name]
    seconds = [it.seconds for it in tested if it.seconds is not None]
    untuned = Outcome(
        label=UNTUNED, rows=_joined(it.base_rows for it in tested), answers=_joined(it.base_answers for it in tested)
    )
    tuned = Outcome(
        label="all parts",
        together=True,
        seconds=sum(seconds) or None,
        rows=_joined(it.rows for it in tested),
        answers=_joined(it.answers for it in tested),
    )
    whole = _of_all_answers(untuned, tuned, metric)
    if whole is None:
        return [_of_rows(untuned, metric), _of_rows(tuned, metric), *parts]
    return [
        replace(untuned, score=whole.base, interval=whole.difference.base),
        replace(tuned, score=whole.tuned, interval=whole.difference.tuned),
        *parts,
    ]


def _joined(parts: Iterable[Mapping[_Row, _Value] | None]) -> dict[_Row, _Value]:
    return {key: value for part in parts for key, value in (part or {}).items()}


def _of_all_answers(untuned: Outcome, tuned: Outcome, metric: Metric) -> Measured | None:
    """The metric over all rows at once; None where it is the mean of its rows, or where not all answers are there."""
    before, after, rows = untuned.answers or {}, tuned.answers or {}, tuned.rows or {}
    if metric.is_mean or not before.keys() == after.keys() == rows.keys():
        return None
    return next(measure_all([metric], [before[key] for key in rows], [after[key] for key in rows], SEED), None)


def _of_rows(outcome: Outcome, metric: Metric) -> Outcome:
    """With the mean of its rows as its score."""
    import numpy as np

    values = np.array(list((outcome.rows or {}).values()))
    if metric.binary:
        interval = wilson_interval(float((values > 0).sum()), len(values))
    else:
        interval = bootstrap_interval(values, seed=SEED)
    return replace(outcome, score=float(values.mean()), interval=interval)


def _compared(untuned: Outcome, tuned: Outcome, metric: Metric) -> tuple[float, tuple[float, float], float, list[str]]:
    """Difference over all rows, its interval and p-value, and what is to be known of the score."""
    whole = _of_all_answers(untuned, tuned, metric)
    if whole is not None:
        return whole.tuned - whole.base, whole.difference.interval, whole.difference.p_value, []
    notes = [] if metric.is_mean else [f"{metric.title} of all parts is the mean of their rows' own: {_AGAIN}"]
    return *paired(untuned, tuned, binary=metric.binary), notes


def conclude(results: Results) -> Finding | None:
    """Compare untuned and tuned model over all rows that were tested."""
    untuned = next((it for it in results.scored if it.label == UNTUNED), None)
    together = next((it for it in results.scored if it.together), None)
    parts = [it.score for it in results.tuned if it.score is not None]
    if untuned is None or together is None or not together.rows or len(parts) < 2:
        return None
    measure, rows = results.measure, len(together.rows)
    difference, (low, high), p_value, more = _compared(untuned, together, METRICS[measure.name])
    sign = -1.0 if measure.higher_is_better is False else 1.0
    whole = len(parts) == len(results.variants)
    where = f"{rows:,} rows, each tested once" if whole else f"{rows:,} rows of {len(parts)} parts"
    notes = (
        *more,
        f"One part alone says from {measure.show(min(parts), 1)} to {measure.show(max(parts), 1)}.",
        "Each row was answered by a model that had not seen it. The parts share most of the rows that they trained "
        "on, so the interval is somewhat too narrow (Bengio and Grandvalet, 2004).",
    )
    if not is_apart(p_value, (low, high)):
        headline = f"{where}, cannot tell whether tuning helps: {told_gain(measure, difference, low, high)}"
        return Finding(headline=headline, advice="More examples would tell more.", notes=notes)
    told = told_gain(measure, abs(difference), *sorted(map(abs, (low, high))))
    if sign * difference < 0:
        return Finding(
            headline=f"On {where}, tuning makes it worse by {told}",
            advice="Do not tune with this plan: try more examples, another base model or a smaller learning rate.",
            notes=notes,
        )
    return Finding(
        headline=f"On {where}, tuning makes it better by {told}",
        advice="Train the model to keep with this plan: on about as many rows as each of these had, expect about this.",
        adopt=results.plan,
        notes=notes,
    )


KIND = Kind(
    name="folds",
    title="Test on every row",
    question="Does tuning help, when each row is tested once?",
    values=f"a number of parts, from 2 to {_MOST}",
    axis="",
    default=default,
    vary=vary,
    conclude=conclude,
    expand=expand,
    pool=pool,
    undone={"folds": 0, "fold": 0},
)
