"""How often the model says nothing."""

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, mean_parts, ratio


def _score(answer: Answer) -> float:
    return float(not answer.text.strip())


METRIC = Metric(
    name="empty",
    title="Empty answers",
    about="Share of the rows to which the model answers nothing but white space.",
    source="Share of rows, counted.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=False,
    families=WRITTEN,
    binary=True,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
