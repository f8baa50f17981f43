"""How many of the reference's words the answer says."""

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, mean_parts, ratio
from core.evaluate.metrics.rouge import shared_runs


def _score(answer: Answer) -> float:
    return shared_runs(answer, 1)


METRIC = Metric(
    name="rouge_1",
    title="ROUGE-1",
    about="Overlap of single words of answer and reference, in any order: 100 % when they use the same words.",
    source="F1 of shared words, without stemming; Lin, 2004, equal to the rouge_score library.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=WRITTEN,
    binary=False,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
