"""How much of the reference the answer says in the same order."""

import re
from functools import cache
from typing import Any

from core.evaluate.metrics.metric import Answer, Metric, mean_parts, ratio

# Words of any alphabet, and each sign of a script that writes no spaces; for English text these are rouge_score's own
# tokens, which know the letters a to z only and find no word in a Russian or Chinese answer.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


class _Words:
    """The tokenizer that the scorer asks."""

    def tokenize(self, text: str) -> list[str]:
        return _WORD.findall(text.lower())


@cache
def _scorer() -> Any:  # noqa: ANN401 - rouge_score has no types
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_Words())


def _score(answer: Answer) -> float:
    return float(_scorer().score(answer.reference, answer.text)["rougeL"].fmeasure)


METRIC = Metric(
    name="rouge_l",
    title="ROUGE-L",
    about="Longest run of words, gaps allowed, that answer and reference share in order: 100 % when they agree.",
    source="F1 of the longest common subsequence, without stemming; Lin, 2004 (rouge_score).",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    labels=False,
    binary=False,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
