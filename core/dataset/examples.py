"""Rows become examples; what cannot become one is kept with its reason, never lost in silence."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.dataset.detect import resolve
from core.dataset.example import Example
from core.dataset.formats import FORMATS
from core.dataset.formats.format import RowUnfit
from core.dataset.table import Table


@dataclass(frozen=True, slots=True)
class Unfit:
    """A row that cannot become an example."""

    row: int
    """Counted from 1, the header not counted."""
    column: str
    why: str
    """Completes "the row ..."; empty where the cell is empty."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One file, read in one way."""

    table: Table
    examples: tuple[Example, ...]
    unfit: tuple[Unfit, ...]


def read_examples(table: Table, format_name: str, mapping: Mapping[str, str], instruction: str) -> Reading:
    """Read each row of `table` in the format called `format_name`.

    Raises:
        SettingsError: The mapping does not suit the table; lists all that is wrong.
        NotFoundError: There is no such format.
    """
    format_ = FORMATS[format_name]
    mapping = resolve(format_, mapping, table)
    instruction = instruction.strip()
    examples, unfit = [], []
    for place, row in enumerate(table.rows):
        number = table.number(place)
        try:
            turns, answer, label = format_.convert(row, mapping, instruction)
        except RowUnfit as reason:
            unfit.append(Unfit(number, mapping[reason.part], reason.why))
        else:
            examples.append(Example(number, turns, answer, label))
    return Reading(table, tuple(examples), tuple(unfit))
