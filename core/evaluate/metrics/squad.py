"""Short answers, made comparable exactly as in the published SQuAD script."""

import re
import string
from collections import Counter

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_MARKS = str.maketrans("", "", string.punctuation)


def published(text: str) -> list[str]:
    """Words in lower case, without punctuation and articles.

    Source: normalize_answer of evaluate-v1.1.py; Rajpurkar et al., 2016, arXiv 1606.05250.
    """
    return _ARTICLES.sub(" ", text.lower().translate(_MARKS)).split()


def overlap(said: list[str], wanted: list[str]) -> float:
    """F1 of shared words, each as often as both have it; where one side is empty, whether both are.

    Source: compute_f1 of evaluate-v2.0.py; Rajpurkar et al., 2018, arXiv 1806.03822.
    """
    if not said or not wanted:
        return float(said == wanted)
    return 2 * (Counter(said) & Counter(wanted)).total() / (len(said) + len(wanted))
