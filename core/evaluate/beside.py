"""What else does the same task, on the same held-out rows, beside base and tuned model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.evaluate.evaluation import Evaluation
from core.evaluate.headline import against
from core.evaluate.measured import measure_all
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Answer, Family
from core.evaluate.prompting import PromptedRows, Prompting

SEED = 7
"""Of the resamples of the paired comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How something else did."""

    name: str
    """"linear", "prompt", or a run's id."""
    short: str
    """One or two words, for a drawing."""
    values: Mapping[str, float]
    """Metric name to value."""
    told: str
    """The paired comparison with the tuned model as a sentence, or why there is none."""
    spans: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Metric name to its 95 % interval."""


def standing(evaluation: Evaluation, name: str, short: str, title: str, answers: Mapping[int, str]) -> Standing | None:
    """How `answers`, row in its file to text, stand beside the tuned model's; None where they are to other rows.

    `title` completes "better than ...". Only metrics that texts alone decide are known.
    """
    if evaluation.family == Family.PLAIN or {row.row for row in evaluation.rows} != set(answers) or not answers:
        return None
    other = [_answer(row.reference, answers[row.row]) for row in evaluation.rows]
    tuned = [_answer(row.reference, row.tuned) for row in evaluation.rows]
    known = [METRICS[metric] for metric in evaluation.first if metric in METRICS]
    found = next(measure_all([METRICS[evaluation.primary]], other, tuned, SEED), None)
    if found is None:
        return None
    spread = {"interval": found.difference.interval, "p_value": found.difference.p_value}
    result = {"base": found.base, "tuned": found.tuned, **spread}
    return Standing(
        name=name,
        short=short,
        values={metric.name: metric.aggregate(other) for metric in known},
        spans={evaluation.primary: found.difference.base},
        told=against(found.metric, result, len(other), found.needed, title),
    )


def prompted(prompting: Prompting) -> Standing:
    """The untuned model with worked examples in its prompt, as it was measured on validation rows."""
    best, metric = prompting.best, METRICS[prompting.metric]
    count = f"{best.examples} examples" if best.examples != 1 else "1 example"
    return Standing(
        name="prompt",
        short=f"{best.examples}-shot",
        values={prompting.metric: best.value},
        spans={prompting.metric: (best.low, best.high)},
        told=f"With {count} in its prompt the untuned model got {metric.show(best.value)} of {prompting.rows:,} "
        "validation rows: other rows than these, so no paired test.",
    )


def prompted_rows(evaluation: Evaluation, asked: PromptedRows) -> Standing | None:
    """The untuned model with worked examples in its prompt, on the same test rows; None where they are others now."""
    count = f"{asked.examples} examples" if asked.examples != 1 else "1 example"
    title = f"the untuned model with {count} in its prompt"
    found = standing(evaluation, "prompt", f"{asked.examples}-shot", title, asked.answers)
    if found is None or not asked.short:
        return found
    return replace(found, told=f"{found.told} Before {asked.short:,} rows fewer examples fitted.")


def same_rows(one: Evaluation, other: Evaluation) -> bool:
    """Whether two evaluations are of the same rows, texts and all."""
    return _rows(one) == _rows(other)


def _rows(evaluation: Evaluation) -> set[tuple[int, str, str]]:
    return {(row.row, row.prompt, row.reference) for row in evaluation.rows}


def _answer(reference: str, text: str) -> Answer:
    # What the model thought of the reference is not known here: metrics that ask for it are no numbers then.
    return Answer(reference, text, nats=float("nan"), tokens=0)
