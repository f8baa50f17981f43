"""What is known before anybody is paid: of the seeds, and of a teacher that was asked once."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.augment.card import TaskCard
from core.augment.pipeline import Usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The seeds, looked at."""

    card: TaskCard
    digest: str
    """Stands for the seeds; see `core.augment.order.digest_of`."""
    seeds: int
    held_out: int
    """Rows that no teacher sees, and that no new row may resemble."""
    generated: int
    """Training rows that were generated before."""
    most: int
    """New rows at most."""
    usual: Usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A teacher's first answer."""

    seconds: float
    rows: int
    """Rows that could be read."""
    unreadable: Mapping[str, int]
    """Why others could not, to how many."""
    first: Mapping[str, str]
    """The cells of the first row."""
    said: str
    """The beginning of what it said."""
    prompt_tokens: int
    answer_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Accepted rows that became a version of the data."""

    source: str
    """Id of the version."""
    rows: int
    leaking: int
    """Rows that are like a held-out one after all, and were left out."""
    too_many: int
    """Rows that would outweigh the human ones, and were left out."""
