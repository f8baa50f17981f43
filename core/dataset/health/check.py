"""What a check is: one look at all rows for one kind of trouble."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.dataset.example import Example
from core.dataset.examples import Index, Reading
from core.dataset.finding import Finding
from core.dataset.formats.templates import columns_of
from core.dataset.progress import Rounds, nobody, told

__all__ = ["SAMPLE", "Check", "Index", "Inspection", "Room", "count_labels", "question"]

SAMPLE = 100_000
"""Rows at most that a check looks at which reads every letter; of more, an even choice, and the report says so."""
_ANSWERS = ("label", "labels", "completion", "output", "answer", "chosen")
"""What the formats call the part that the model should write."""


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
    decisions: Mapping[str, str] = field(default_factory=dict)
    """Finding to the mend that was chosen for it; those that were kept are notes from then on."""
    shared: dict[str, Any] = field(default_factory=dict)
    """Room for what one check finds out and another one needs."""

    @property
    def train(self) -> Sequence[Example]:
        """The examples of the training file."""
        return self.readings["train"].examples

    def index(self, file: str) -> Index:
        """The examples of a file as numbers that can be compared."""
        return self.readings[file].index

    def labels(self, file: str = "train") -> dict[str, list[int]]:
        """Label to the rows that carry it; empty where answers are free text."""
        known: dict[str, dict[str, list[int]]] = self.shared.setdefault("labels", {})
        if file not in known:
            rows = defaultdict[str, list[int]](list)
            for row, label in zip(self.index(file).rows, self.index(file).labels, strict=True):
                if label is not None:
                    rows[label].append(row)
            known[file] = dict(rows)
        return known[file]

    def example(self, file: str, row: int) -> Example:
        """The example that was made of the row with this number."""
        return self.readings[file].examples[bisect_left(self.index(file).rows, row)]

    def asked(self, file: str, row: int) -> str:
        """What the row with this number asks: its last question, without the instruction that stands before all."""
        examples = self.readings[file].examples
        said = question(self.example(file, row))
        instruction, gap, rest = said.partition("\n\n")
        ends = examples[0], examples[len(examples) - 1]
        return rest if gap and all(question(end).startswith(instruction + gap) for end in ends) else said

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are used, alone or in templates, in the order of the format's parts."""
        return columns_of(self.mapping, self.readings["train"].table.columns)

    @property
    def answer_column(self) -> str:
        """The column that holds the answers; empty where they are turns of a conversation, or in several columns."""
        column = next((self.mapping[part] for part in _ANSWERS if self.mapping.get(part)), "")
        return column if column in self.readings["train"].table.columns else ""

    @property
    def is_free_text(self) -> bool:
        """Whether answers are written, not chosen from a few."""
        return self.format not in {"multi_label", "plain_text"} and not any(map(self.labels, self.readings))

    def step(self, file: str) -> int:
        """Of how many rows `cells` gives one: 1 where it gives all of them."""
        return max(1, -(-len(self.readings[file].table.rows) // SAMPLE))

    def cells(self, file: str) -> Iterator[tuple[int, str, Any]]:
        """Row, column and content of the used cells of a file, of at most `SAMPLE` rows."""
        table, columns = self.readings[file].table, self.columns
        places = range(0, len(table.rows), self.step(file))
        rounds: Rounds | None = self.shared.get("rounds")
        for place in told(places, len(places), rounds.begin() if rounds else nobody):
            row = table.rows[place]
            for column in columns:
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


def question(example: Example) -> str:
    """The last turn of the prompt; of a text without a prompt, the text."""
    return example.turns[-1].content if example.turns else example.answer


def count_labels(labels: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Label to number of rows, most frequent first, of labels with their rows."""
    return dict(Counter({label: len(rows) for label, rows in labels.items()}).most_common())
