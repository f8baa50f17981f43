"""How often the model does not come to an end."""

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, mean_parts, ratio


def _score(answer: Answer) -> float:
    return float(not answer.ended)


METRIC = Metric(
    name="unended",
    title="Answers without end",
    about="Share of the rows whose answer the model did not end by itself: cut off, or going round in circles.",
    source="Share of rows, counted while the answers are written.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=False,
    families=WRITTEN,
    binary=True,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
