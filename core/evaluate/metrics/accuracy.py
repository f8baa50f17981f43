"""How often the right label is the most likely one."""

from core.evaluate.metrics.metric import CHOSEN, Answer, Metric, mean_parts, ratio


def _score(answer: Answer) -> float:
    return float(answer.text == answer.reference)


METRIC = Metric(
    name="accuracy",
    title="Accuracy",
    about="Share of the rows for which the model finds the right label the most likely one.",
    source="Share of correct labels, chosen by likelihood as in Brown et al., 2020, arXiv 2005.14165.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=CHOSEN,
    binary=True,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
