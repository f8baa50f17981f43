"""Token F1 as published figures count it."""

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, mean_parts, ratio
from core.evaluate.metrics.squad import overlap, published


def _score(answer: Answer) -> float:
    return overlap(published(answer.text), published(answer.reference))


METRIC = Metric(
    name="squad_f1",
    title="Token F1 (SQuAD)",
    about="As token F1, but counted as in published tables: there 3.5 and 35, or 5 and -5, are the same word.",
    source="evaluate-v2.0.py; Rajpurkar et al., 2018, arXiv 1806.03822.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=WRITTEN,
    binary=False,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
