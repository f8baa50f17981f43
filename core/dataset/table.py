"""Rows with named columns, before anyone knows what they mean."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from core.errors import DataError

MAX_BYTES = 2**30
"""Most bytes of a file, unpacked, that is read row by row."""
MAX_WHOLE = 128 * 2**20
"""Most bytes of a file that must be in memory as a whole, such as a JSON array or a workbook."""
MAX_ROWS = 1_200_000
MAX_CELLS = 8_000_000
MAX_COLUMNS = 100_000
MAX_DEPTH = 32
"""Deepest nesting of lists and objects in a cell."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds. Text stays the text that was typed: "NA", "null", "007" and "1e5" mean nothing special."""

    columns: tuple[str, ...]
    rows: list[Row]
    encoding: str
    """As detected: "utf-8", "utf-8-sig", "utf-16", "utf-32", "windows-1252", and more; empty for binary files."""
    notes: tuple[str, ...] = ()
    """What was decided while reading, a sentence each: the sheet that was taken, cells that were filled up."""
    numbers: tuple[int, ...] = ()
    """The rows' places in the file as it was uploaded, counted from 1; empty where they are simply 1, 2, 3, ..."""

    def number(self, place: int) -> int:
        """The number of the row at `place` (from 0), as people count it in their file."""
        return self.numbers[place] if self.numbers else place + 1


def text_of(value: Any) -> str:  # noqa: ANN401 - a cell may hold anything that JSON or Parquet can
    """A cell as text; a missing value is the empty text, a list or an object its JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def make_table(rows: list[Row], encoding: str, name: str) -> Table:
    """A table of rows that may lack some of the columns; what a row lacks is None there.

    Raises:
        DataError: There are no rows, too many cells, or a column's name holds what no text may.
    """
    if not rows:
        raise DataError(f"{name} holds no rows.", "Choose a file with at least a few examples.")
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    if not columns:
        raise DataError(f"The rows of {name} are empty objects.", "Give each row named fields, such as text and label.")
    check_size(len(rows), len(columns), name)
    for column in columns:
        check_characters(column, f"A column name of {name}")
    complete = all(len(row) == len(columns) for row in rows)
    return Table(columns, rows if complete else [{c: row.get(c) for c in columns} for row in rows], encoding)


def check_size(rows: int, columns: int, name: str) -> None:
    """Refuse what would fill the memory.

    Raises:
        DataError: More than `MAX_ROWS` rows, `MAX_COLUMNS` columns or `MAX_CELLS` cells.
    """
    if rows > MAX_ROWS:
        raise DataError(
            f"{name} has more than {MAX_ROWS:,} rows.",
            "Take a sample of the rows; for tuning, a few thousand good examples are plenty.",
        )
    if columns > MAX_COLUMNS:
        raise DataError(
            f"{name} has more than {MAX_COLUMNS:,} columns.", "This is no table of examples: look at its first lines."
        )
    if rows * columns > MAX_CELLS:
        raise DataError(
            f"{name} has {rows:,} rows in {columns:,} columns; at most {MAX_CELLS:,} cells can be read.",
            "Keep only the columns that training needs, or fewer rows.",
        )


def check_cells(rows: Iterable[Row], name: str, *, characters: bool = True, first: int = 1) -> None:
    """Refuse cells nested too deeply and, with `characters`, those that no text may hold; `first` numbers the rows.

    Raises:
        DataError: Names the row, counted from 1, and the column.
    """
    for number, row in enumerate(rows, first):
        for column, value in row.items():
            if characters or isinstance(value, list | dict):
                _check_cell(value, f"Row {number} of {name}, column {column!r},", characters=characters)


def _check_cell(value: Any, where: str, *, characters: bool) -> None:  # noqa: ANN401
    level, depth = [value], 0
    while level:  # level by level, without recursion: the depth is what is being checked
        if depth > MAX_DEPTH:
            raise DataError(f"{where} is nested more than {MAX_DEPTH} levels deep.", "Flatten the row, or remove it.")
        if characters:
            check_characters("".join(part for part in level if isinstance(part, str)), where)
        lists = [part for part in level if isinstance(part, list)]
        objects = [part for part in level if isinstance(part, dict)]
        level = [*chain.from_iterable(lists), *chain.from_iterable(part.values() for part in objects)]
        level += chain.from_iterable(objects) if characters else ()
        depth += 1


def check_characters(text: str, where: str) -> None:
    """Refuse a NUL character and half of a surrogate pair; `where` begins the sentence of the error.

    Raises:
        DataError: There is one.
    """
    if "\0" in text:
        raise DataError(f"{where} holds a NUL character.", "Remove the character, or export the file again as text.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{where} holds half of a surrogate pair (a broken emoji or sign).",
            "Remove the broken character, or export the file again as UTF-8.",
        ) from None
