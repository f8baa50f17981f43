"""An evaluation as a section of the model card."""

from core.evaluate.evaluation import Evaluation
from core.evaluate.metrics.metric import Measure

_HEAD = "| metric | base model | tuned model | p-value of the difference |\n|---|---|---|---|"


def card_section(evaluation: Evaluation | None) -> str:
    """Markdown: the finding in a sentence, and each metric of both models with its 95 % interval; empty without one."""
    if evaluation is None or not evaluation.primary:
        return ""
    lines = [_line(evaluation, name) for name in (*evaluation.first, *evaluation.more)]
    return f"{evaluation.headline}.\n\n{_HEAD}\n" + "\n".join(lines) + "\n\nIn brackets: the 95 % interval.\n"


def _line(evaluation: Evaluation, name: str) -> str:
    measure, values = evaluation.measure(name), evaluation.metrics[name]
    if measure is None:
        return ""
    spans = evaluation.intervals.get(name, {})
    cells = [_value(measure, values[side], spans.get(side)) for side in ("base", "tuned")]
    lower = " (lower is better)" if measure.higher_is_better is False else ""
    title = measure.title.replace("|", "/").replace("\n", " ")
    return f"| {title}{lower} | {' | '.join(cells)} | {values['p_value']:.2g} |"


def _value(measure: Measure, value: float, span: list[float] | None) -> str:
    if span is None:
        return measure.show(value)
    low, high = (measure.show(end).removesuffix(" %") for end in span)
    return f"{measure.show(value)} ({low} to {high})"
