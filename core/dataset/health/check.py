"""What a check is: one look at all rows for one kind of trouble."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.dataset.example import Example
from core.dataset.examples import Reading
from core.dataset.finding import Finding
from core.dataset.split import key

SAMPLE = 100_000
"""Rows at most that a check looks at which reads every letter; of more, an even choice, and the report says so."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a model has room for."""

    model: str
    """What people call it."""
    tokens: int
    """The longest row that it takes, or that the plan allows."""
    count: Callable[[Sequence[str]], list[int]]
    """Texts to their numbers of tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What the checks look at; what several of them need is computed once."""

    readings: Mapping[str, Reading]
    """File ("train", and perhaps "validation" and "test") to its rows as they are read."""
    format: str
    mapping: Mapping[str, str]
    """Part of the format to column."""
    room: Room | None = None
    """None before a model is chosen."""
    shared: dict[str, Any] = field(default_factory=dict)
    """Room for what one check finds out and another one needs."""

    @property
    def train(self) -> Sequence[Example]:
        """The examples of the training file."""
        return self.readings["train"].examples

    def keys(self, file: str) -> list[str]:
        """What makes two prompts of a file the same, one an example."""
        known: dict[str, list[str]] = self.shared.setdefault("keys", {})
        if file not in known:
            known[file] = [key(example) for example in self.readings[file].examples]
        return known[file]

    def labels(self, file: str = "train") -> dict[str, list[int]]:
        """Label to the rows that carry it; empty where answers are free text."""
        known: dict[str, dict[str, list[int]]] = self.shared.setdefault("labels", {})
        if file not in known:
            rows: dict[str, list[int]] = defaultdict(list)
            for example in self.readings[file].examples:
                if example.label is not None:
                    rows[example.label].append(example.row)
            known[file] = dict(rows)
        return known[file]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are used, in the order of the format's parts."""
        return tuple(dict.fromkeys(column for column in self.mapping.values() if column))

    def cells(self, file: str) -> Iterator[tuple[int, str, Any]]:
        """Row, column and content of the used cells of a file, of at most `SAMPLE` rows."""
        table = self.readings[file].table
        step = max(1, -(-len(table.rows) // SAMPLE))
        for place in range(0, len(table.rows), step):
            row = table.rows[place]
            for column in self.columns:
                yield table.number(place), column, row.get(column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One kind of trouble."""

    name: str
    about: str
    """What it looks for, in a few words, for the line that says what goes on."""
    finds: tuple[str, ...]
    """The names of the findings that it may give."""
    run: Callable[[Inspection], Iterable[Finding]]


def count_labels(examples: Sequence[Example]) -> dict[str, int]:
    """Label to number of rows, most frequent first; empty where answers are free text."""
    return dict(Counter(example.label for example in examples if example.label is not None).most_common())
