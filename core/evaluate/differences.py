"""Which words of an answer are not in another one, for people who read both side by side."""

from collections.abc import Iterator
from difflib import SequenceMatcher

import regex

from core.evaluate.metrics.words import apart, is_unspaced

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]")
_MANY = 4_000_000  # pairs of words; beyond that frequent words are no anchors any more, so that it stays quick


def differing(one: str, other: str) -> Iterator[tuple[str, bool]]:
    """`one` in pieces that together are the whole text, each with whether `other` lacks its words there.

    Words, signs and, where a script writes no spaces, single letters are compared in their order.
    """
    spans, words = _words(one)
    _, others = _words(other)
    matcher = SequenceMatcher(None, words, others, autojunk=len(words) * len(others) > _MANY)
    done = 0
    for kind, first, last, _, _ in matcher.get_opcodes():
        if kind == "equal" or first == last:
            continue
        start, end = spans[first][0], spans[last - 1][1]
        if start > done:
            yield one[done:start], False
        yield one[start:end], True
        done = end
    if done < len(one):
        yield one[done:], False


def _words(text: str) -> tuple[list[tuple[int, int]], list[str]]:
    spans: list[tuple[int, int]] = []
    for found in _WORD.finditer(text):
        start = found.start()
        if not is_unspaced(found.group()):
            spans.append(found.span())
            continue
        for part in apart(found.group()).split():
            spans.append((start, start + len(part)))
            start += len(part)
    return spans, [text[start:end] for start, end in spans]
