"""An evaluation as a section of the model card."""

from core.evaluate.evaluation import Evaluation
from core.evaluate.metrics.metric import Measure

_HEAD = "| metric | base model | tuned model | p-value of the difference |\n|---|---|---|---|"


def card_section(evaluation: Evaluation | None) -> str:
    """Markdown: the finding in a sentence, and each metric of both models with its 95 % interval; empty without one."""
    if evaluation is None or not evaluation.primary:
        return ""
    lines = [" | ".join(_plain(cell) for cell in row) for row in score_rows(evaluation)]
    table = "\n".join([_HEAD, *(f"| {line} |" for line in lines)])
    forgotten = forgotten_told(evaluation)
    stands = f" {evaluation.stand_in}" if evaluation.stand_in else ""
    return f"{evaluation.headline}.{stands}\n\n{table}\n\nIn brackets: the 95 % interval.\n\nForgetting: {forgotten}\n"


def forgotten_told(evaluation: Evaluation) -> str:
    """What was forgotten, as sentences."""
    found = evaluation.forgetting
    if found is not None:
        return f"{found.told} {found.remedy}".strip()
    return (
        "not measured: a model with a classification head writes no words." if evaluation.stand_in else "not measured."
    )


def score_rows(evaluation: Evaluation) -> list[tuple[str, str, str, str]]:
    """Title, base, tuned and p-value of each metric, those that decide first."""
    rows = []
    for name in (*evaluation.first, *evaluation.more):
        measure, values = evaluation.measure(name), evaluation.metrics[name]
        if measure is None:
            continue
        spans = evaluation.intervals.get(name, {})
        base, tuned = (_value(measure, values[side], spans.get(side)) for side in ("base", "tuned"))
        lower = " (lower is better)" if measure.higher_is_better is False else ""
        rows.append((f"{measure.title}{lower}", base, tuned, f"{values['p_value']:.2g}"))
    return rows


def _plain(cell: str) -> str:
    """A cell that cannot end itself."""
    return cell.replace("|", "/").replace("\n", " ")


def _value(measure: Measure, value: float, span: list[float] | None) -> str:
    if span is None:
        return measure.show(value)
    low, high = (measure.show(end).removesuffix(" %") for end in span)
    return f"{measure.show(value)} ({low} to {high})"
