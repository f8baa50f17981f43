"""Rows become examples; what cannot become one is kept with its reason, never lost in silence."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, overload

from core.dataset.detect import resolve
from core.dataset.example import Example
from core.dataset.formats import FORMATS
from core.dataset.formats.format import RowUnfit
from core.dataset.formats.templates import columns_of
from core.dataset.progress import Progress, nobody, told
from core.dataset.splits.split import Look, key
from core.dataset.table import Table

AT_ONCE = 50_000
"""Rows of which the examples are kept in memory; of a larger table each is made when somebody looks at it."""

Read: TypeAlias = Callable[[int], Example]
"""The example of the row at a place of the table, from 0; raises `RowUnfit`."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A row that cannot become an example."""

    row: int
    """Counted from 1, the header not counted."""
    column: str
    why: str
    """Completes "the row ..."; empty where the cell is empty."""


class Examples(Sequence[Example]):
    """The examples of a large table, each made anew when it is asked for; memory holds the rows' places alone."""

    def __init__(self, read: Read, places: "array[int]") -> None:
        """`read` makes an example; `places` are those of the usable rows, in their order."""
        self._read = read
        self._places = places

    def __len__(self) -> int:
        """Usable rows."""
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> "Examples": ...
    def __getitem__(self, index: int | slice) -> "Example | Examples":
        """The example at an index; of a slice, as lazy a sequence."""
        if isinstance(index, slice):
            return Examples(self._read, self._places[index])
        return self._read(self._places[index])

    def __iter__(self) -> Iterator[Example]:
        """All examples in the rows' order."""
        return map(self._read, self._places)


@dataclass(frozen=True, slots=True)
class Index:
    """What exact comparisons need of a file's examples, eight bytes each: texts stay where they are."""

    rows: "array[int]"
    prompts: "array[int]"
    """A number for each prompt; of two prompts that count as the same, the same number."""
    answers: "array[int]"
    labels: list[str | None]

    @property
    def look(self) -> Look:
        """What a division of the rows looks at."""
        return Look(self.prompts, self.labels)


@dataclass(frozen=True, slots=True)
class Reading:
    """One file, read in one way."""

    table: Table
    examples: Sequence[Example]
    unfit: tuple[Unfit, ...]
    index: Index


def read_examples(
    table: Table, format_name: str, mapping: Mapping[str, str], instruction: str, tell: Progress = nobody
) -> Reading:
    """Read each row of `table` in the format called `format_name`.

    Raises:
        SettingsError: The mapping does not suit the table; lists all that is wrong.
        NotFoundError: There is no such format.
    """
    mapping = resolve(FORMATS[format_name], mapping, table)
    read = _reader(table, format_name, mapping, instruction.strip())
    lazy = len(table.rows) > AT_ONCE
    examples: list[Example] = []
    places = array("I")
    unfit = []
    index = Index(array("q"), array("q"), array("q"), [])
    add = _adding(index)
    for place in told(range(len(table.rows)), len(table.rows), tell):
        try:
            example = read(place)
        except RowUnfit as reason:
            column = ", ".join(columns_of({reason.part: mapping.get(reason.part, "")}, table.columns))
            unfit.append(Unfit(table.number(place), column, reason.why))
        else:
            add(example)
            if lazy:
                places.append(place)
            else:
                examples.append(example)
    return Reading(table, Examples(read, places) if lazy else tuple(examples), tuple(unfit), index)


def _adding(index: Index) -> Callable[[Example], None]:
    add_row, add_prompt, add_answer = index.rows.append, index.prompts.append, index.answers.append
    add_label = index.labels.append

    def add(example: Example) -> None:
        add_row(example.row)
        add_prompt(hash(key(example)))
        add_answer(hash(example.answer))
        add_label(example.label)

    return add


def _reader(table: Table, format_name: str, mapping: Mapping[str, str], instruction: str) -> Read:
    convert, rows, number = FORMATS[format_name].convert, table.rows, table.number

    def read(place: int) -> Example:
        turns, answer, label, rejected, _ = convert(rows[place], mapping, instruction)
        return Example(number(place), turns, answer, label, rejected)

    return read
