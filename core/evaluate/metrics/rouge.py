"""What answer and reference share, as ROUGE counts it."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from core.evaluate.metrics.metric import Answer
from core.evaluate.metrics.words import WORDS


def shared_runs(answer: Answer, size: int) -> float:
    """F1 of the runs of `size` words that answer and reference share: ROUGE-N, 0 to 1.

    Source: Lin, 2004, ROUGE: A Package for Automatic Evaluation of Summaries; equal to the rouge_score library with
    `WORDS` as its tokenizer.
    """
    wanted, said = (_runs(WORDS.tokenize(text), size) for text in (answer.reference, answer.text))
    return f_measure((wanted & said).total(), wanted.total(), said.total())


def f_measure(shared: int, wanted: int, said: int) -> float:
    """Harmonic mean of the share of the reference that was said and of the share of the answer that was wanted."""
    return 2 * shared / (wanted + said) if shared else 0.0


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


def _runs(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(size)), strict=False))
