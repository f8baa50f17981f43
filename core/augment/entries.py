"""Rows as augmentation sees them: cells of the columns that matter, and the example that they make."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.dataset.choice import DataChoice
from core.dataset.example import Example
from core.dataset.formats import FORMATS
from core.dataset.formats.templates import columns_of
from core.dataset.provenance import Generated
from core.dataset.table import Row, Table, text_of
from core.errors import DataError

_ANSWERS: Mapping[str, str] = {
    "labelled_text": "label",
    "text_pair": "label",
    "question_answer": "answer",
    "instruction": "output",
    "prompt_completion": "completion",
    "plain_text": "text",
}
"""Format to the part that is the answer; the others are what is asked. Rows of other formats are lists in cells."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One row: a seed, which a person wrote, or a candidate."""

    cells: Mapping[str, str]
    """Of the columns that the mapping uses."""
    example: Example
    origin: Generated | None = None
    """None for a seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a row of the data is made of."""

    format: str
    mapping: Mapping[str, str]
    instruction: str
    inputs: tuple[str, ...]
    """Columns of what is asked; of plain texts the text itself, because nothing is asked."""
    answers: tuple[str, ...]
    """Columns of the answer."""
    optional: frozenset[str] = frozenset()
    """Columns that may be empty."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them, what is asked first."""
        return tuple(dict.fromkeys((*self.inputs, *self.answers)))

    def entry(self, cells: Mapping[str, str], number: int, origin: Generated | None = None) -> Entry:
        """The row that these cells make.

        Raises:
            RowUnfit: They make no example.
        """
        turns, answer, label, rejected, _ = FORMATS[self.format].convert(dict(cells), self.mapping, self.instruction)
        return Entry(dict(cells), Example(number, turns, answer, label, rejected), origin)


def shape_of(choice: DataChoice, table: Table) -> Shape:
    """The shape of the rows of a training file.

    Raises:
        DataError: Rows of this format cannot be generated: their cells are lists, such as the turns of a chat.
    """
    answer = _ANSWERS.get(choice.format)
    mapping = {part: value for part, value in choice.mapping.items() if value}
    columns = columns_of(mapping, table.columns)
    nested = [
        column for column in columns if any(isinstance(row.get(column), list | dict) for row in table.rows[:1000])
    ]
    if answer is None or nested:
        title = FORMATS[choice.format].title.lower()
        raise DataError(
            f"Rows of the format {title} cannot be augmented{f': {nested[0]!r} holds lists' if nested else ''}.",
            f"It works for {', '.join(FORMATS[name].title.lower() for name in _ANSWERS)}, with plain texts in cells.",
        )
    answers = columns_of({answer: mapping[answer]}, table.columns)
    inputs = tuple(column for column in columns if column not in answers) or answers
    optional = {
        column
        for column in columns
        if any(not text_of(row.get(column)).strip() for row in table.rows) or column not in _required(choice, mapping)
    }
    return Shape(
        format=choice.format,
        mapping=mapping,
        instruction=choice.instruction,
        inputs=inputs,
        answers=answers,
        optional=frozenset(optional - set(answers)),
    )


def _required(choice: DataChoice, mapping: Mapping[str, str]) -> set[str]:
    return {mapping[part] for part in FORMATS[choice.format].required if part in mapping}


def entries(shape: Shape, table: Table, examples: Iterable[Example]) -> list[Entry]:
    """The rows of `table` that these examples were made of, in the examples' order."""
    places = {table.number(place): place for place in range(len(table.rows))} if table.numbers else None
    found = []
    for example in examples:
        row = table.rows[places[example.row] if places else example.row - 1]
        found.append(Entry(cells_of(row, shape.columns), example))
    return found


def cells_of(row: Row, columns: Sequence[str]) -> dict[str, str]:
    """The cells of these columns as text."""
    return {column: text_of(row.get(column)).strip() for column in columns}


def texts_of(found: Iterable[Entry], columns: Sequence[str]) -> list[str]:
    """The cells of these columns, joined, row by row."""
    return ["\n".join(filter(None, (entry.cells[column] for column in columns))) for entry in found]
