"""How many words answer and reference share."""

from collections import Counter

from core.evaluate.metrics.metric import Answer, Metric, mean_parts, ratio
from core.evaluate.metrics.normalise import normalise


def _score(answer: Answer) -> float:
    said, wanted = normalise(answer.text).split(), normalise(answer.reference).split()
    if not said or not wanted:
        return float(said == wanted)
    shared = (Counter(said) & Counter(wanted)).total()
    return 2 * shared / (len(said) + len(wanted))


METRIC = Metric(
    name="token_f1",
    title="Token F1",
    about="Overlap of the words of answer and reference, in any order: 100 % when they use the same words.",
    source="Rajpurkar et al., 2016, arXiv 1606.05250; signs and decimal points of numbers count.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    labels=False,
    binary=False,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
