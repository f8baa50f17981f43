"""Variants of training rows: words that prompt and answer share are exchanged for others, in both alike."""

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.dataset.example import Example, Turn

EXCHANGED = 0.6
"""Share of the words that prompt and answer have in common that a variant exchanges."""
PROMPT_ONLY = 0.24
"""The same of the words that stand in the prompt alone."""
COMMON = 0.05
"""Words of more than this share of the rows stay: they carry the sentence, the task and the names of the speakers."""
FEWEST_ROWS = 2
"""Words of no more rows than this are exchanged however few rows there are."""
SHORTEST = 4
"""Letters of a word that is exchanged; shorter ones are grammar more often than not."""
_WORD = re.compile(r"[^\W\d_]+|\d+")


def vary(examples: Sequence[Example], count: int, seed: int) -> Iterator[Example]:
    """`count` variants of each example with free text, the first of all before the second of any.

    An answer that is made of the prompt's words can be learned by heart from few rows; where those words change from
    variant to variant, only carrying them over is left to learn. A row whose answer shares no word with its prompt has
    no variants, nor has one with a label. The same seed gives the same variants.
    """
    rng = random.Random(seed)
    words = _Words.of(examples)
    for _ in range(count):
        for example in examples:
            swaps = words.swaps(example, rng)
            if swaps:
                yield _exchange(example, swaps)


def copied_share(examples: Sequence[Example]) -> float:
    """Share of the answers' rare words that stand in their prompts, 0 to 1; 0 where answers are labels."""
    words = _Words.of(examples)
    said = copied = 0
    for example in (example for example in examples if example.label is None and example.turns):
        asked = set(_found(example.prompt))
        rare = [word for word in set(_found(example.answer)) if words.may_go(word)]
        said += len(rare)
        copied += sum(word in asked for word in rare)
    return copied / said if said else 0.0


@dataclass(frozen=True, slots=True)
class _Words:
    """What is known of the words of some examples."""

    rows: Mapping[str, int]
    """Rows that a word stands in."""
    limit: float
    """Rows beyond which a word stays."""
    rare: Sequence[str]
    """Words that may take another's place."""

    @staticmethod
    def of(examples: Sequence[Example]) -> "_Words":
        rows = Counter(word for example in examples for word in {*_found(example.prompt), *_found(example.answer)})
        found = _Words(rows, max(FEWEST_ROWS, COMMON * len(examples)), [])
        return replace(found, rare=sorted(word for word in rows if found.may_go(word) and not word.isdigit()))

    def may_go(self, word: str) -> bool:
        """Whether the word may be exchanged."""
        return word.isdigit() or (len(word) >= SHORTEST and self.rows[word] <= self.limit)

    def swaps(self, example: Example, rng: random.Random) -> dict[str, str]:
        """Word to the word that takes its place; empty where prompt and answer share none."""
        if example.label is not None or not example.turns:
            return {}
        said = set(_found(example.answer))
        asked = dict.fromkeys(_found(example.prompt))
        # A number of the answer that was worked out would no longer follow from others.
        worked_out = any(word.isdigit() and word not in asked for word in said)
        free = [
            word for word in asked if self.may_go(word) and not (word.isdigit() and (worked_out or word not in said))
        ]
        if not any(word in said for word in free):
            return {}
        chosen = [word for word in free if rng.random() < (EXCHANGED if word in said else PROMPT_ONLY)]
        return {word: self._other(word, rng) for word in chosen}

    def _other(self, word: str, rng: random.Random) -> str:
        if not word.isdigit():
            return rng.choice(self.rare)
        first = "0123456789" if word[0] == "0" else "123456789"
        return rng.choice(first) + "".join(rng.choice("0123456789") for _ in word[1:])


def _found(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _exchange(example: Example, swaps: Mapping[str, str]) -> Example:
    def put(found: re.Match[str]) -> str:
        word = found.group()
        other = swaps.get(word.casefold())
        if other is None:
            return word
        return other.upper() if word.isupper() and len(word) > 1 else other.capitalize() if word[0].isupper() else other

    turns = tuple(Turn(turn.role, _WORD.sub(put, turn.content)) for turn in example.turns)
    return replace(example, turns=turns, answer=_WORD.sub(put, example.answer))
