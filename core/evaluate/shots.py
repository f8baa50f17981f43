"""Worked examples that stand in front of a question: which ones, and how they are laid out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from random import Random
from statistics import median

from core.dataset.example import Example, Turn

LOOKED_AT = 2000
"""Training rows at most from which the examples are drawn."""


def draw(train: Sequence[Example], most: int, seed: int) -> tuple[Example, ...]:
    """Up to `most` training rows, of as many labels as possible; the first few of them are as even as all.

    Rows no longer than the middling one come first: a prompt has little room. Same rows and seed, same examples.
    """
    random = Random(seed)
    places = sorted(random.sample(range(len(train)), min(LOOKED_AT, len(train))))
    found = list({example.turns: example for example in (train[place] for place in places)}.values())
    if not found:
        return ()
    random.shuffle(found)
    middling = median(map(_size, found))
    found.sort(key=lambda example: _size(example) > middling)
    groups: dict[str | None, list[Example]] = {}
    for example in found:
        groups.setdefault(example.label, []).append(example)
    in_turn = (example for row in zip_longest(*groups.values()) for example in row if example is not None)
    return tuple(example for example, _ in zip(in_turn, range(most), strict=False))


def some(rows: Sequence[Example], most: int, seed: int) -> list[Example]:
    """All rows, or `most` of them drawn at random, in their order."""
    places = range(len(rows)) if len(rows) <= most else sorted(Random(seed).sample(range(len(rows)), most))
    return [rows[place] for place in places]


def with_shots(example: Example, shots: Iterable[Example]) -> Example:
    """`example` asked after `shots` and their answers, as earlier turns of one conversation.

    A model with a chat template sees them as turns. For another one a prompt is its turns with blank lines between, so
    that it reads pairs of prompt and answer, each as in training. What the system says stands once, at the head.
    """
    system = next((turn for turn in example.turns[:1] if turn.role == "system"), None)
    turns: list[Turn] = [system] if system else []
    for shot in shots:
        turns += [*_spoken(shot.turns, system), Turn("assistant", shot.answer)]
    return replace(example, turns=(*turns, *_spoken(example.turns, system)))


def first_answer(text: str, shots: Sequence[Example]) -> str:
    """What a model without a chat template wrote up to where it goes on with a question of its own."""
    if not shots or any("\n\n" in shot.answer for shot in shots):
        return text
    return text.partition("\n\n")[0].strip()


def _spoken(turns: Sequence[Turn], system: Turn | None) -> Iterator[Turn]:
    """The turns after the system's; where that says something else than `system`, a user says it."""
    told = turns[0] if turns and turns[0].role == "system" else None
    rest = turns[1:] if told else turns
    if told is None or told == system or not rest:
        yield from rest
        return
    yield replace(rest[0], content=f"{told.content}\n\n{rest[0].content}")
    yield from rest[1:]


def _size(example: Example) -> int:
    return len(example.prompt) + len(example.answer)
