"""How often the answer is the reference."""

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, mean_parts, ratio
from core.evaluate.metrics.normalise import comparable


def _score(answer: Answer) -> float:
    return float(comparable(answer.text) == comparable(answer.reference))


METRIC = Metric(
    name="exact_match",
    title="Exact match",
    about="Share of the rows answered exactly as the reference, apart from case, punctuation and articles.",
    source="Rajpurkar et al., 2016, arXiv 1606.05250; signs and decimal points of numbers count.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=WRITTEN,
    binary=True,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
