"""Exact match as published figures count it."""

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, mean_parts, ratio
from core.evaluate.metrics.squad import published


def _score(answer: Answer) -> float:
    return float(published(answer.text) == published(answer.reference))


METRIC = Metric(
    name="squad_exact_match",
    title="Exact match (SQuAD)",
    about="As exact match, but counted as in published tables: there 3.5 and 35, or 5 and -5, are the same answer.",
    source="evaluate-v2.0.py; Rajpurkar et al., 2016, arXiv 1606.05250.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=WRITTEN,
    binary=True,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
