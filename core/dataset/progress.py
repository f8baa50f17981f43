"""How far a long piece of work is, told as one share that grows evenly."""

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

Item = TypeVar("Item")

Tell = Callable[[str, float], None]
"""Is told what is going on, in a few words, and the share that is done, from 0 to 1."""
Progress = Callable[[float], None]
"""Is told the share that is done, from 0 to 1."""

_TOLD_EVERY = 10_000


class Steps:
    """The steps of a piece of work, each with its part of the whole time."""

    def __init__(self, tell: Tell | None, seconds: Mapping[str, float]) -> None:
        """`seconds` says what the steps are about, in their order, and how long each takes, more or less."""
        self._tell = tell or nobody
        whole = sum(seconds.values()) or 1.0
        self._parts: dict[str, tuple[float, float]] = {}
        done = 0.0
        for about, taken in seconds.items():
            self._parts[about] = (done / whole, taken / whole)
            done += taken

    def begin(self, about: str) -> Progress:
        """Say that a step begins; gives what is told the share of this step."""
        begin, part = self._parts[about]
        self._tell(about, begin)
        return lambda share: self._tell(about, begin + part * share)

    def within(self, about: str) -> Tell:
        """A step that says itself what it is about."""
        begin, part = self._parts[about]
        return lambda inner, share: self._tell(inner, begin + part * share)


class Rounds:
    """Rounds whose number nobody knows: each takes half of what is left of the work."""

    def __init__(self, tell: Progress) -> None:
        """`tell` hears the share of the whole work."""
        self._tell, self._left = tell, 1.0

    def begin(self) -> Progress:
        """A round begins; gives what is told the share of this round."""
        begin, self._left = 1 - self._left, self._left / 2
        return part_of(self._tell, begin, self._left)


def part_of(tell: Progress, begin: float, part: float) -> Progress:
    """For a piece of the work that begins at the share `begin` and is so large a `part` of it."""
    return lambda share: tell(begin + part * share)


def nobody(*_: object) -> None:
    """Stands where nobody asks how far it is."""


def told(items: Iterable[Item], count: int, tell: Progress) -> Iterator[Item]:
    """The items, of which there are `count`; tells now and then how many are done."""
    for number, item in enumerate(items):
        if number % _TOLD_EVERY == 0:
            tell(number / count)
        yield item


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Rows have no cycles: looking for some in millions of them takes longer than the work itself."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
