"""Did it help? Base and tuned model on the same rows, which nobody trained on."""

import math
from collections.abc import Sequence
from threading import Event as Flag
from typing import Any

from core.dataset.example import Example, Split
from core.dataset.load import load
from core.evaluate.answers import EvaluateTask, ask_both
from core.evaluate.evaluation import Evaluation, Outcome, RowResult, read_evaluation, write_evaluation
from core.evaluate.headline import headline, nothing_held_out
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Answer, Metric
from core.evaluate.statistics import mcnemar, paired_bootstrap, wilson_interval
from core.events import Emit, Evaluated, Noted

__all__ = ["EvaluateTask", "Evaluation", "RowResult", "compare", "evaluate", "read_evaluation"]

_LONG_ANSWER = 8  # words: from here on a summary, which nobody expects word for word
_PLAIN = "perplexity"
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
        base, tuned = ask_both(task, split, emit, stopping)
        evaluation = compare(split, base, tuned, seed=task.plan.seed)
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


def compare(split: Split, base: Sequence[Answer], tuned: Sequence[Answer], *, seed: int) -> Evaluation:
    """What the answers to `split.test` say: metrics with intervals, and each row's outcome."""
    labelled = bool(split.labels) and all(example.label is not None for example in split.test)
    applying = [METRICS[_PLAIN]] if _is_plain(split.test) else _applying(labelled=labelled)
    results = {metric.name: _measure(metric, base, tuned, seed) for metric in applying}
    measured = {name: result for name, result in results.items() if result is not None}
    primary = METRICS[primary_metric(split.test, labelled=labelled)]
    rows = sorted(
        (_row(primary, *three) for three in zip(split.test, base, tuned, strict=True)),
        key=lambda row: (_ORDER[row.outcome], -abs(row.tuned_score - row.base_score), row.row),
    )
    outcomes = [row.outcome for row in rows]
    metrics = {name: metric for name, (metric, _) in measured.items()}
    labels = sorted({*split.labels, *(answer.reference for answer in base)}) if labelled else []
    return Evaluation(
        rows=rows,
        primary=primary.name,
        metrics=metrics,
        intervals={name: intervals for name, (_, intervals) in measured.items()},
        wins=outcomes.count("win"),
        losses=outcomes.count("loss"),
        ties=outcomes.count("tie"),
        headline=headline(primary, metrics[primary.name], len(rows)),
        labels=labels,
        confusion_base=_confusion(labels, base),
        confusion_tuned=_confusion(labels, tuned),
    )


def _applying(*, labelled: bool) -> list[Metric]:
    return [metric for metric in METRICS.values() if metric.applies(labels=labelled)]


def _is_plain(examples: Sequence[Example]) -> bool:
    """Whether the rows are texts that nobody asked for, of which only the likelihood can be measured."""
    return not any(example.turns for example in examples)


def primary_metric(examples: Sequence[Example], *, labelled: bool) -> str:
    """The metric that decides: what a person would ask first of such answers."""
    if _is_plain(examples):
        return _PLAIN
    if labelled:
        return "accuracy"
    lengths = sorted(len(example.answer.split()) for example in examples)
    return "rouge_l" if lengths[len(lengths) // 2] >= _LONG_ANSWER else "exact_match"


def _measure(
    metric: Metric, base: Sequence[Answer], tuned: Sequence[Answer], seed: int
) -> tuple[dict[str, Any], dict[str, list[float]]] | None:
    """The metric's result and both models' own intervals; None where it is no number."""
    parts = metric.parts(base), metric.parts(tuned)
    values = [float(metric.combine(part.sum(axis=0))) for part in parts]
    if not all(math.isfinite(value) for value in values):
        return None
    difference = paired_bootstrap(*parts, metric.combine, seed=seed)
    own, p_value = (difference.base, difference.tuned), difference.p_value
    if metric.binary:
        own = _share(metric, base), _share(metric, tuned)
        p_value = _exact(metric, base, tuned)
    result = {"base": values[0], "tuned": values[1], "interval": list(difference.interval), "p_value": p_value}
    return result, {"base": list(own[0]), "tuned": list(own[1])}


def _share(metric: Metric, answers: Sequence[Answer]) -> tuple[float, float]:
    return wilson_interval(sum(metric.score_row(answer) or 0.0 for answer in answers), len(answers))


def _exact(metric: Metric, base: Sequence[Answer], tuned: Sequence[Answer]) -> float:
    changes = [
        (metric.score_row(after) or 0.0) - (metric.score_row(before) or 0.0)
        for before, after in zip(base, tuned, strict=True)
    ]
    return mcnemar(sum(change > 0 for change in changes), sum(change < 0 for change in changes))


def _row(metric: Metric, example: Example, base: Answer, tuned: Answer) -> RowResult:
    before, after = metric.score_row(base) or 0.0, metric.score_row(tuned) or 0.0
    gain = (after - before) * (1 if metric.higher_is_better else -1)
    outcome: Outcome = "tie" if abs(gain) < _SAME else "win" if gain > 0 else "loss"
    return RowResult(example.row, example.prompt, example.answer, base.text, tuned.text, before, after, outcome)


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
