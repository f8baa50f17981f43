"""What a check of candidates is, and what all of them know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.augment.entries import Entry, Shape

FEWEST_AUC = 0.7
"""A classifier that cannot tell the seeds from their damaged copies better than this judges nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What candidates are held against."""

    shape: Shape
    seeds: Sequence[Entry]
    held_out: Sequence[Entry] = ()
    """Validation and test rows: nothing is learned from them, and no candidate may resemble one."""
    quality_threshold: float = 0.85

    @property
    def labels(self) -> frozenset[str]:
        """The labels of the seeds."""
        return frozenset(entry.example.label for entry in self.seeds if entry.example.label is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check says of candidates, by their places in the list that it was given."""

    rejected: Mapping[int, str] = field(default_factory=dict)
    """Place to the reason, half a sentence."""
    note: str = ""
    """Where it did not judge, or judged in a special way: why, one sentence."""
    scores: Mapping[int, float] = field(default_factory=dict)
    """Place to the quality from 0 to 1, where the check measures that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One stage of the filter."""

    name: str
    title: str
    """What is wrong with those that it rejects: "too like another row"."""
    source: str
    """Where the rule and its numbers come from."""
    run: Callable[[Known, Sequence[Entry]], Verdict]
