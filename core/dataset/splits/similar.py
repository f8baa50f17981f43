"""Texts that are nearly the same: copies with a word changed, a line added, a sentence moved.

Candidates come from MinHash and locality-sensitive hashing with `rensa`; each is then verified: the exact Jaccard
similarity of the sets of letter 5-grams decides, so that the estimate can cost recall and never precision.

Two libraries were compared on the same planted copies (tests/benchmarks/test_near_duplicates.py). `datasketch` takes
three to four times as long as `rensa` with the verification, because it hashes shingle by shingle in Python, and misses
a sixth of the copies, because its bands also guard against false candidates. A third one, `semhash`, was not compared:
it needs the weights of an embedding model, which a machine without internet does not have, and what it calls alike are
paraphrases too, which are good training rows.

Letter 5-grams were chosen over word 3-grams because one changed word of thirty takes a fifth of the similarity of word
3-grams away, and a ninth of that of letter 5-grams. On short texts 0.8 is not
enough: of pairs of real questions between 0.75 and 0.85 most ask for something else ("... of Lake Van?", "... of Lake
Chad?"), and above 0.85 none did.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.dataset.progress import Progress, nobody, part_of, told
from core.dataset.splits.shingles import candidates, form_of, jaccard, shingles, words_of

if TYPE_CHECKING:
    from core.dataset.splits.shingles import Hashes

__all__ = ["Pair", "Progress", "Union", "clusters", "near_pairs", "similarity"]

ALIKE = 0.8
"""Jaccard similarity of near copies."""
SHORT = 204
"""Texts with fewer shingles (200 letters) are short: one other word can make another question of them."""
SHORT_ALIKE = 0.9
"""Similarity of short near copies, whose numbers must be equal too."""
PASSAGE, PASSAGE_ALIKE = 6, 0.3
"""Where all that differs is one passage of so many words, fewer shared words than this make it another passage."""
_NUMBER = re.compile(r"\d+")
_TOLD_EVERY = 1000


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two texts that are nearly the same."""

    first: int
    second: int
    """Places in the list; `first` is the smaller one."""
    similarity: float
    """Jaccard similarity of their letter 5-grams, from `ALIKE` to 1; 1 where only marks, case or space differ."""


def near_pairs(texts: Sequence[str], tell: Progress | None = None) -> list[Pair]:
    """Pairs of distinct texts that are nearly the same, in order; always the same ones for the same texts.

    Texts count as distinct where more than case and white space differs; of copies only the first is compared. Words
    that stand in more than half of at least 20 texts are a form around them, such as an instruction, and do not count;
    texts with less than 20 letters besides are never near copies. In a crowd of near copies not each is compared with
    each, but all of them hang together.
    """
    tell = tell or nobody
    places = _distinct(texts)
    words = [words_of(texts[place]) for place in told(places, len(places), part_of(tell, 0, 0.2))]
    form = form_of(words)
    likely = candidates(words, form, part_of(tell, 0.2, 0.5))
    sets: dict[int, Hashes] = {}
    found = []
    for number, (a, b) in enumerate(likely.tolist()):
        if number % _TOLD_EVERY == 0:
            tell(0.7 + 0.3 * number / len(likely))
        for text in (a, b):
            if text not in sets:
                sets[text] = shingles([words[text]], form)[0]
        alike = jaccard(sets[a], sets[b])
        if _close(alike, min(len(sets[a]), len(sets[b])), words[a], words[b]):
            one, other = places[a], places[b]
            if not _is_other(texts[one], texts[other]):
                found.append(Pair(one, other, alike))
    tell(1.0)
    return sorted(found)


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of the letter 5-grams of two texts, from 0 to 1; 0 where one has no word."""
    return jaccard(*shingles([words_of(one), words_of(other)]))


def clusters(count: int, pairs: Sequence[Pair]) -> list[int | None]:
    """For each of `count` texts the first text that it hangs together with through near copies; None for the others."""
    linked = Union(count)
    for pair in pairs:
        linked.join(pair.first, pair.second)
    inside = {place for pair in pairs for place in (pair.first, pair.second)}
    return [linked.root(place) if place in inside else None for place in range(count)]


class Union:
    """Numbers that hang together; the smallest one stands for all of them."""

    def __init__(self, count: int) -> None:
        """Begin with each of `count` numbers on its own."""
        self._above = list(range(count))

    def root(self, number: int) -> int:
        """The smallest number that hangs together with `number`."""
        above = self._above
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Let two numbers, and all that hang together with them, hang together."""
        first, second = sorted((self.root(one), self.root(other)))
        self._above[second] = first


def _distinct(texts: Sequence[str]) -> list[int]:
    first: dict[str, int] = {}
    for place, text in enumerate(texts):
        first.setdefault(" ".join(text.split()).casefold(), place)
    return list(first.values())


def _close(similarity: float, shingles: int, one: str, other: str) -> bool:
    """Whether two texts, the shorter one of so many shingles, are near copies for their length."""
    if shingles < SHORT:
        return similarity >= SHORT_ALIKE and sorted(_NUMBER.findall(one)) == sorted(_NUMBER.findall(other))
    return similarity >= ALIKE


def _is_other(one: str, other: str) -> bool:
    """Whether something else is asked: two questions about one long passage are no near copies."""
    ours, theirs = _asked(one), _asked(other)
    if len(ours) == len(theirs) and not all(map(_asks_alike, ours, theirs)):
        return True
    return _replaced(words_of(one).split(), words_of(other).split())


def _asked(text: str) -> list[str]:
    lines = [line.strip() for line in text.strip().split("\n")]
    return [line for line in lines if line[:8].casefold() == "question" or (line is lines[-1] and line[-1:] == "?")]


def _asks_alike(one: str, other: str) -> bool:
    words = words_of(one), words_of(other)
    first, second = shingles(words)
    return words[0] == words[1] or _close(jaccard(first, second), min(len(first), len(second)), *words)


def _replaced(one: list[str], other: list[str]) -> bool:
    """Whether all that differs stands in one place, and is not changed there but another passage."""
    least = min(len(one), len(other))
    start = next((place for place in range(least) if one[place] != other[place]), least)
    end = next((place for place in range(least - start) if one[-1 - place] != other[-1 - place]), least - start)
    ours, theirs = one[start : len(one) - end], other[start : len(other) - end]
    if max(len(ours), len(theirs)) < PASSAGE or min(len(ours), len(theirs)) < PASSAGE // 2:
        return False
    return len({*ours} & {*theirs}) < PASSAGE_ALIKE * len({*ours, *theirs})
