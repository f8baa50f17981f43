"""How fast a judge answers: measured with what it answered before, and so a forecast of what is still to be asked."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.augment.journal import NAME as ANSWERS
from core.augment.journal import Paid, read_paid
from core.augment.teachers.openai import TEACHER, OpenaiOptions

NEWEST = 64
"""Answers that a pace is measured with: an endpoint of today is not that of last month."""
_STEADY = 0.25
"""A forecast is one figure once its range is narrower than this share of it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Of answers, several of which are waited for at once."""

    answers: int
    """So many were measured."""
    seconds: float
    """Of one answer, in the mean."""
    spread: float
    """Their standard deviation."""

    def seconds_for(self, questions: int) -> tuple[float, float]:
        """Low and high estimate for so many questions, alike once it is steady.

        While several are asked at once, a server that answers one after the other makes each wait longer; so what one
        takes, divided by how many are on their way, is right for both kinds of servers (Little's law).
        """
        if not questions:
            return 0.0, 0.0
        error = 2 * self.spread * math.sqrt(1 / self.answers + 1 / questions) + self.seconds / (self.answers + 1)
        turns = questions / min(TEACHER.at_once, questions)
        low, high = max(0.0, self.seconds - error) * turns, (self.seconds + error) * turns
        if high - low < _STEADY * self.seconds * turns:
            low = high = self.seconds * turns
        return low, high


def pace_of(paid: Iterable[Paid]) -> Pace | None:
    """The pace of answers, the newest first; None where none was timed."""
    seconds = list(islice((one.seconds for one in paid if one.seconds > 0), NEWEST))
    if not seconds:
        return None
    mean = sum(seconds) / len(seconds)
    squares = sum((it - mean) ** 2 for it in seconds)
    return Pace(len(seconds), mean, math.sqrt(squares / len(seconds)))


def answers_in(folders: Sequence[Path]) -> Iterable[Paid]:
    """What stands in the folders of judgings, the newest answers first."""
    times = {folder: (folder / ANSWERS).stat().st_mtime for folder in folders if (folder / ANSWERS).exists()}
    for folder in sorted(times, key=times.__getitem__, reverse=True):
        yield from reversed(read_paid(folder))


def is_same(one: OpenaiOptions, other: OpenaiOptions) -> bool:
    """Whether both are the same model at the same address."""
    return (one.url.rstrip("/"), one.model) == (other.url.rstrip("/"), other.model)
