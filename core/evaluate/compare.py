"""Did it help? Base and tuned model on the same rows, which nobody trained on."""

from collections.abc import Sequence
from dataclasses import fields, replace
from threading import Event as Flag
from typing import Any

from core.dataset.example import Example, Split
from core.dataset.load import load
from core.evaluate.answers import EvaluateTask, ask_both
from core.evaluate.classes import stand_in
from core.evaluate.evaluation import Evaluation, Outcome, RowResult, read_evaluation, write_evaluation
from core.evaluate.general import forgetting
from core.evaluate.headline import headline, nothing_held_out
from core.evaluate.measured import Measured, measure_all
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.families import FIRST, family_of
from core.evaluate.metrics.metric import Answer, Family, Measure, Metric
from core.evaluate.own import own_metrics
from core.evaluate.statistics import Difference
from core.events import Advanced, Emit, Evaluated, Noted
from core.strategy.baseline import linear_answers

__all__ = ["EvaluateTask", "Evaluation", "RowResult", "compare", "evaluate", "read_evaluation"]

_SAME = 1e-9
_ORDER: dict[Outcome, int] = {"win": 0, "loss": 1, "tie": 2}


def evaluate(task: EvaluateTask, emit: Emit, stopping: Flag) -> Evaluation:
    """Score both models on the run's test rows, keep the result in the run's folder, and say it.

    Raises:
        DataError: The rows changed since the run.
        Stopped: `stopping` was set; at most one batch later. Nothing is written then.
    """
    split = load(task.plan.data, task.home, task.plan.seed)
    if not split.test:
        emit(Noted(text=f"{nothing_held_out()}.", severity="warning"))
        evaluation = _nothing()
    else:
        said = ask_both(task, split, emit, stopping)
        own, problems = own_metrics(task.home, [*said.base, *said.tuned], stopping)
        for problem in problems:
            emit(Noted(text=problem, severity="warning"))
        found = compare(split, said.base, said.tuned, seed=task.plan.seed, own=own)
        forgotten = forgetting(*said.general, task.plan.seed) if any(said.general) else None
        if forgotten is not None and forgotten.remedy:
            emit(Noted(text=f"{forgotten.told} {forgotten.remedy}", severity="warning"))
        instead = stand_in(said.base) if task.plan.head == "class" else ""
        if instead:
            emit(Noted(text=instead))
            found = replace(found, headline=found.headline.replace(" before, ", " by the most frequent label, "))
        found = replace(found, problems=problems, forgetting=forgotten, stand_in=instead)
        evaluation = replace(found, linear=_linear(split, emit))
    write_evaluation(evaluation, task.folder)
    emit(
        Evaluated(
            rows=len(evaluation.rows),
            metrics=evaluation.metrics,
            wins=evaluation.wins,
            losses=evaluation.losses,
            ties=evaluation.ties,
        )
    )
    return evaluation


def _linear(split: Split, emit: Emit) -> dict[str, str]:
    """What the cheapest thing that could do instead says to the test rows."""
    if any(example.label is None for example in split.test):
        return {}
    emit(Advanced(what="Scoring a linear model beside them", done=0, total=0))
    answers = linear_answers(split, split.test)
    return {str(example.row): answer for example, answer in zip(split.test, answers, strict=bool(answers))}


def compare(
    split: Split, base: Sequence[Answer], tuned: Sequence[Answer], *, seed: int, own: Sequence[Metric] = ()
) -> Evaluation:
    """What the answers to `split.test` say: metrics, the operator's `own` too, with intervals; each row's outcome."""
    labelled = bool(split.labels) and all(example.label is not None for example in split.test)
    family = family_of(split.test, labelled=labelled)
    measured = {one.metric.name: one for one in measure_all(_applying(family, own), base, tuned, seed)}
    primary = METRICS[FIRST[family][0]]
    rows = sorted(
        (_row(primary, *three) for three in zip(split.test, base, tuned, strict=True)),
        key=lambda row: (_ORDER[row.outcome], -abs(row.tuned_score - row.base_score), row.row),
    )
    outcomes = [row.outcome for row in rows]
    metrics = {name: _result(one) for name, one in measured.items()}
    needed = {name: one.needed for name, one in measured.items()}
    labels = sorted({*split.labels, *(answer.reference for answer in base)}) if labelled else []
    return Evaluation(
        rows=rows,
        primary=primary.name,
        metrics=metrics,
        intervals={name: _intervals(one.difference) for name, one in measured.items()},
        wins=outcomes.count("win"),
        losses=outcomes.count("loss"),
        ties=outcomes.count("tie"),
        headline=headline(primary, metrics[primary.name], len(rows), needed[primary.name]),
        labels=labels,
        confusion_base=_confusion(labels, base),
        confusion_tuned=_confusion(labels, tuned),
        needed=needed,
        own={metric.name: _described(metric) for metric in own},
    )


def _applying(family: Family, own: Sequence[Metric]) -> list[Metric]:
    """The metrics that say something of such a task, those that decide first."""
    first = [METRICS[name] for name in FIRST[family]]
    return [*first, *(one for one in (*own, *METRICS.values()) if family in one.families and one not in first)]


def primary_metric(examples: Sequence[Example], *, labelled: bool) -> str:
    """The metric that decides: what a person would ask first of such answers."""
    return FIRST[family_of(examples, labelled=labelled)][0]


def _described(metric: Metric) -> dict[str, Any]:
    return {known.name: getattr(metric, known.name) for known in fields(Measure)}


def _result(one: Measured) -> dict[str, Any]:
    difference = one.difference
    spread = {"interval": list(difference.interval), "p_value": difference.p_value}
    return {"base": one.base, "tuned": one.tuned} | spread


def _intervals(difference: Difference) -> dict[str, list[float]]:
    return {"base": list(difference.base), "tuned": list(difference.tuned)}


def _row(metric: Metric, example: Example, base: Answer, tuned: Answer) -> RowResult:
    before, after = metric.score_row(base) or 0.0, metric.score_row(tuned) or 0.0
    gain = (after - before) * (1 if metric.higher_is_better else -1)
    rest = base.confidence, tuned.confidence, base.nats, tuned.nats, base.tokens, tuned.tokens
    outcome: Outcome = "tie" if abs(gain) < _SAME else "win" if gain > 0 else "loss"
    return RowResult(example.row, example.prompt, example.answer, base.text, tuned.text, before, after, outcome, *rest)


def _confusion(labels: Sequence[str], answers: Sequence[Answer]) -> list[list[int]]:
    place = {label: index for index, label in enumerate(labels)}
    table = [[0] * len(labels) for _ in labels]
    if labels:
        for answer in answers:
            table[place[answer.reference]][place[answer.text]] += 1
    return table


def _nothing() -> Evaluation:
    return Evaluation(
        rows=[], primary="", metrics={}, intervals={}, wins=0, losses=0, ties=0, headline=nothing_held_out()
    )
