"""How much of the reference the answer says in the same order."""

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric, mean_parts, ratio
from core.evaluate.metrics.rouge import f_measure, longest_common_subsequence
from core.evaluate.metrics.words import WORDS


def _score(answer: Answer) -> float:
    wanted, said = WORDS.tokenize(answer.reference), WORDS.tokenize(answer.text)
    return f_measure(longest_common_subsequence(wanted, said), len(wanted), len(said))


METRIC = Metric(
    name="rouge_l",
    title="ROUGE-L",
    about="Longest run of words, gaps allowed, that answer and reference share in order: 100 % when they agree.",
    source="F1 of the longest common subsequence, without stemming; Lin, 2004, equal to the rouge_score library.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=WRITTEN,
    binary=False,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
