"""CSV, TSV and their relatives: any separator, any quoting."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from core.dataset.table import MAX_BYTES, MAX_ROWS, Row, Table, check_characters, check_size
from core.errors import DataError

SEPARATORS = (",", "\t", ";", "|", "^", "~", "\x1f", "\x01")
_NAMES = {"\t": "a tab", "\x1f": "a unit separator", "\x01": "a \\x01"}
_LOOK_AT = 2**16
"""Characters from the beginning that decide the separator."""
_MAX_WIDTH = 100_000
"""Separators of one line; more is no table, and would fill the memory with empty cells."""


def read_delimited(text: str, encoding: str, name: str) -> Table:
    """Read rows; every cell stays the text that was typed. The first line names the columns.

    Raises:
        DataError: The file is empty, has no rows, or a row has another number of cells or an open quote; names the row.
    """
    if not text.strip():
        raise DataError(f"{name} is empty.", "Choose a file with column names in its first line and one example a row.")
    text, separator = _find_separator(text)
    csv.field_size_limit(MAX_BYTES)
    first: DataError | None = None
    for dialect in _dialects(text, separator):
        try:
            columns, rows = _parse(text, separator, dialect, name)
        except DataError as error:
            first = first or error  # the plain reading's complaint is the one that people understand
        else:
            return _without_nameless(columns, rows, encoding)
    raise first or DataError(f"{name} cannot be read.", "Save it again as CSV.")


def _dialects(text: str, separator: str) -> list[dict[str, Any]]:
    """Ways of quoting, likeliest first; a later one counts only where all before it fail."""
    if text.lstrip().startswith("'"):
        return [{"quotechar": "'"}, {"quotechar": '"'}]
    dialects: list[dict[str, Any]] = [{"quotechar": '"'}]
    if '\\"' in text:
        dialects.append({"quotechar": '"', "doublequote": False, "escapechar": "\\"})
    if separator == "\t":  # many tab-separated files never quote: a quote is a quote there
        dialects.append({"quoting": csv.QUOTE_NONE})
    return dialects


def _find_separator(text: str) -> tuple[str, str]:
    """The text without Excel's "sep=" line, and the separator whose rows are as wide as its header."""
    head, _, rest = text.partition("\n")
    if head.lower().startswith("sep=") and len(head.rstrip("\r")) == 5:
        return rest, head[4]
    beginning = text[:_LOOK_AT]
    whole = len(beginning) == len(text)
    best, score = ",", (0.0, 0)
    for separator in SEPARATORS:
        quote = "'" if text.lstrip().startswith("'") else '"'
        widths = [len(cells) for cells in csv.reader(_lines(beginning), delimiter=separator, quotechar=quote) if cells]
        widths = widths if whole or len(widths) < 3 else widths[:-1]  # the last row may be cut off
        width = widths[0] if widths else 0
        if width > 1 and (sum(w == width for w in widths) / len(widths), width) > score:
            best, score = separator, (sum(w == width for w in widths) / len(widths), width)
    return text, best


def _lines(text: str) -> Iterator[str]:
    return iter(io.StringIO(text, newline=""))


def _narrow_lines(text: str, separator: str, name: str) -> Iterator[str]:
    for number, line in enumerate(_lines(text), 1):
        if line.count(separator) > _MAX_WIDTH:
            raise DataError(
                f"Line {number} of {name} has more than {_MAX_WIDTH:,} separators.",
                "This is no table of examples: look at that line, or choose another file.",
            )
        yield line


def _parse(text: str, separator: str, dialect: dict[str, Any], name: str) -> tuple[list[str], list[Row]]:
    reader = csv.reader(_narrow_lines(text, separator, name), delimiter=separator, strict=True, **dialect)
    records = _records(reader, name)
    _, header = next(records)
    check_characters("".join(header), f"The first line of {name}")
    columns = _columns(header, name)
    odd = "\0" in text
    rows: list[Row] = []
    for line, cells in records:
        where = f"Row {len(rows) + 1} of {name} (line {line})"
        if len(cells) != len(columns):
            raise _ragged(where, cells, columns, separator)
        if odd:
            check_characters("".join(cells), where)
        rows.append(dict(zip(columns, cells, strict=True)))
        if len(rows) > MAX_ROWS or len(rows) % 1000 == 0:
            check_size(len(rows), len(columns), name)
    if not rows:
        shown = ", ".join(columns[:10])
        raise DataError(f"{name} has column names ({shown}) and no rows.", "Add examples below the first line.")
    check_size(len(rows), len(columns), name)
    return columns, rows


def _records(reader: Any, name: str) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401 - csv's type is private
    # Gives the line on which a record begins, and its cells; blank lines are passed over.
    row = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            where = f"Row {row} of {name} (line {line})" if row else f"The first line of {name}"
            raise _broken(where, str(error)) from error
        if cells:
            yield line, cells
            row += 1


def _broken(where: str, error: str) -> DataError:
    if "unexpected end of data" in error:
        return DataError(f"{where} opens a quote that is never closed.", "Close the quote, or write it twice in a row.")
    if "expected after" in error:
        return DataError(
            f"{where} has text after a closing quote.", 'Write a quote inside a quoted cell twice: "He said ""no""."'
        )
    return DataError(f"{where} cannot be read: {error}.", "Mend the row, or export the file again.")


def _ragged(where: str, cells: list[str], columns: list[str], separator: str) -> DataError:
    shown = _NAMES.get(separator, f'"{separator}"')
    cell = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    column = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
    return DataError(
        f"{where} has {cell}, and the first line names {column}.",
        f"The separator is {shown}: put cells that contain it between double quotes, and give each row every cell.",
    )


def _columns(header: list[str], name: str) -> list[str]:
    columns = [cell if cell.strip() else f"column {number}" for number, cell in enumerate(header, 1)]
    twice = sorted({column for column in columns if columns.count(column) > 1}) if len(columns) < 5000 else []
    if len(set(columns)) < len(columns):
        raise DataError(
            f"{name} has more than one column called {', '.join(map(repr, twice[:5]))}.", "Rename one of them."
        )
    return columns


def _without_nameless(columns: list[str], rows: list[Row], encoding: str) -> Table:
    """Drop columns without name and content: spreadsheets leave them at the right end."""
    empty = [c for n, c in enumerate(columns, 1) if c == f"column {n}" and not any(row[c].strip() for row in rows)]
    for column in empty:
        for row in rows:
            del row[column]
    return Table(tuple(c for c in columns if c not in empty), rows, encoding)
