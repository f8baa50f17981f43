"""How many words answer and reference share."""

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, mean_parts, ratio
from core.evaluate.metrics.normalise import comparable
from core.evaluate.metrics.squad import overlap


def _score(answer: Answer) -> float:
    return overlap(comparable(answer.text), comparable(answer.reference))


METRIC = Metric(
    name="token_f1",
    title="Token F1",
    about="Overlap of the words of answer and reference, in any order: 100 % when they use the same words.",
    source="Rajpurkar et al., 2016, arXiv 1606.05250; signs and decimal points of numbers count.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=WRITTEN,
    binary=False,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
