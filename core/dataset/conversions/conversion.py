"""What a conversion is: a way to make rows of examples from a table whose rows are something else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from core.dataset.table import Row, Table, make_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One build of files and how to make examples of it."""

    name: str
    title: str
    """What the button says: "One row for each question"."""
    about: str
    """What the rows are now and what becomes of them, one or two sentences for people."""
    fits: Callable[[Table], bool]
    """A glance at the first rows: whether the table is of this build."""
    convert: Callable[[Table], Table]
    """Raises `DataError` where a row is not as it should be. The new rows are numbered 1, 2, 3, ..."""


def converted(table: Table, rows: list[Row], notes: Sequence[str]) -> Table:
    """The new rows as a table; `notes` say what became of what.

    Raises:
        DataError: There are no rows, or too many.
    """
    made = make_table(rows, table.encoding, "The converted table")
    return replace(made, notes=(*table.notes, *notes))
