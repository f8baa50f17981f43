"""How many of the reference's pairs of words the answer says."""

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, mean_parts, ratio
from core.evaluate.metrics.rouge import shared_runs


def _score(answer: Answer) -> float:
    return shared_runs(answer, 2)


METRIC = Metric(
    name="rouge_2",
    title="ROUGE-2",
    about="Overlap of pairs of neighbouring words of answer and reference: 100 % when all pairs agree.",
    source="F1 of shared pairs of words, without stemming; Lin, 2004, equal to the rouge_score library.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=WRITTEN,
    binary=False,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
