"""Which metrics a task is judged by first."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from core.dataset.example import Example
from core.evaluate.metrics.metric import Family
from core.evaluate.metrics.words import count_words

FIRST: Mapping[Family, tuple[str, ...]] = MappingProxyType(
    {
        Family.LABELS: ("accuracy", "macro_f1"),
        Family.SHORT: ("exact_match", "token_f1"),
        Family.LONG: ("rouge_l", "chrf"),
        Family.PLAIN: ("perplexity", "bits_per_byte"),
    }
)
"""What a person would ask first of such answers, the deciding one in front; all else stands behind."""

_LONG_ANSWER = 8  # words: from here on a summary, which nobody expects word for word


def family_of(examples: Sequence[Example], *, labelled: bool) -> Family:
    """What the task is, as its examples tell."""
    if not any(example.turns for example in examples):
        return Family.PLAIN
    if labelled:
        return Family.LABELS
    lengths = sorted(count_words(example.answer) for example in examples)
    return Family.LONG if lengths[len(lengths) // 2] >= _LONG_ANSWER else Family.SHORT
