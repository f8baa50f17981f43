"""How much of the reference the answer says in the same order."""

import re
from collections import defaultdict
from collections.abc import Sequence

from core.evaluate.metrics.metric import Answer, Metric, mean_parts, ratio

# Words of any alphabet, and each sign of a script that writes no spaces. For English text these are the words of the
# rouge_score library, which knows the letters a to z only and finds no word in a Russian or Chinese answer.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def _score(answer: Answer) -> float:
    wanted, said = _WORD.findall(answer.reference.lower()), _WORD.findall(answer.text.lower())
    if not wanted or not said:
        return 0.0
    return 2 * longest_common_subsequence(wanted, said) / (len(wanted) + len(said))


def longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest sequence of words that both hold in the same order, gaps allowed.

    One addition of long integers per word of `second` instead of a table: long answers by the hundred take no time.

    Source: Hyyrö, 2004, Bit-parallel LCS-length computation revisited.
    """
    places: defaultdict[str, int] = defaultdict(int)
    for index, word in enumerate(first):
        places[word] |= 1 << index
    everywhere = (1 << len(first)) - 1
    free = everywhere
    for word in second:
        matched = free & places[word]
        free = ((free + matched) | (free - matched)) & everywhere
    return len(first) - free.bit_count()


METRIC = Metric(
    name="rouge_l",
    title="ROUGE-L",
    about="Longest run of words, gaps allowed, that answer and reference share in order: 100 % when they agree.",
    source="F1 of the longest common subsequence, without stemming; Lin, 2004, equal to the rouge_score library.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    labels=False,
    binary=False,
    score_row=_score,
    parts=mean_parts(_score),
    combine=ratio,
)
