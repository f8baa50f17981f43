"""CSV, TSV and their relatives: any separator, any quoting, read row by row."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from core.dataset.files.decode import Encoding, text_of_file
from core.dataset.files.readers.ragged import Ragged
from core.dataset.files.readers.separators import NAMES, find_separator
from core.dataset.table import MAX_ROWS, Row, Table, check_characters, check_size
from core.errors import DataError

_MAX_WIDTH = 100_000
"""Separators of one line; more is no table, and would fill the memory with empty cells."""
_MOST_BLANK = 1_000_000
"""Blank lines in a row; more hold nothing, and take long to be passed over."""
_MAX_CELL = 16 * 2**20
"""Characters of one cell; more is a quote that was never closed."""


@dataclass(slots=True)
class _Parsed:
    columns: list[str]
    rows: list[Row] = field(default_factory=list)
    ragged: Ragged = field(default_factory=Ragged)


def read_delimited(file: BinaryIO, encoding: Encoding, name: str) -> Table:
    """Read rows; every cell stays the text that was typed. The first line names the columns.

    A few rows with too few cells are filled with empty ones, which a note says.

    Raises:
        DataError: The file is empty, has no rows, or a row has another number of cells or an open quote; names the row.
    """
    csv.field_size_limit(_MAX_CELL)
    with text_of_file(file, encoding) as text:
        separator, declared, quote = find_separator(text)
    first: DataError | None = None
    filled: _Parsed | None = None
    for dialect in _dialects(separator, quote):
        if "escapechar" in dialect and not _holds_escaped_quote(file, encoding):
            continue
        with text_of_file(file, encoding) as text:
            lines = _narrow_lines(text, separator, name)
            if declared:
                next(lines)
            try:
                parsed = _parse(lines, {"delimiter": separator, **dialect}, name, odd=encoding.nul)
                parsed.ragged.check(len(parsed.rows), len(parsed.columns), NAMES.get(separator, f'"{separator}"'), name)
            except DataError as error:
                first = first or error  # the plain reading's complaint is the one that people understand
                continue
        if not parsed.ragged:
            return _table(parsed, encoding.name, name)
        filled = filled or parsed
    if filled:
        return _table(filled, encoding.name, name)
    raise first or DataError(f"{name} cannot be read.", "Save it again as CSV.")


def _dialects(separator: str, quote: str) -> list[dict[str, Any]]:
    """Ways of quoting, likeliest first; a later one counts only where all before it fail."""
    if quote == "'":
        return [{"quotechar": "'"}, {"quotechar": '"'}]
    dialects: list[dict[str, Any]] = [
        {"quotechar": '"'},
        {"quotechar": '"', "doublequote": False, "escapechar": "\\"},
    ]
    if separator == "\t":  # many tab-separated files never quote: a quote is a quote there
        dialects.append({"quoting": csv.QUOTE_NONE})
    return dialects


def _holds_escaped_quote(file: BinaryIO, encoding: Encoding) -> bool:
    with text_of_file(file, encoding) as text:
        last = ""
        while piece := text.read(2**20):
            if '\\"' in last + piece:
                return True
            last = piece[-1]
    return False


def _narrow_lines(text: io.TextIOWrapper, separator: str, name: str) -> Iterator[str]:
    blank = 0
    for number, line in enumerate(text, 1):
        blank = blank + 1 if len(line) < 2 else 0
        if blank > _MOST_BLANK:
            raise DataError(
                f"Line {number:,} of {name} is blank like the {_MOST_BLANK:,} before it.",
                "This is no table of examples: look at its lines, or choose another file.",
            )
        if len(line) > _MAX_WIDTH and line.count(separator) > _MAX_WIDTH:
            raise DataError(
                f"Line {number} of {name} has more than {_MAX_WIDTH:,} separators.",
                "This is no table of examples: look at that line, or choose another file.",
            )
        yield line


def _parse(lines: Iterator[str], dialect: dict[str, Any], name: str, *, odd: bool) -> _Parsed:
    records = _records(csv.reader(lines, strict=True, **dialect), name)
    header = next(records, None)
    if header is None:
        raise DataError(f"{name} is empty.", "Choose a file with column names in its first line and one example a row.")
    check_characters("".join(header[1]), f"The first line of {name}")
    parsed = _Parsed(_columns(header[1], name))
    columns, rows, width = parsed.columns, parsed.rows, len(parsed.columns)
    for line, cells in records:
        if len(cells) != width:
            if width > 1 and not any(map(str.strip, cells)):
                continue  # a line of spaces, or separators only, is a blank line
            cells = parsed.ragged.fill(cells, width, len(rows) + 1, line)
        if odd:
            check_characters("".join(cells), f"Row {len(rows) + 1} of {name} (line {line})")
        rows.append(dict(zip(columns, cells, strict=False)))
        if len(rows) > MAX_ROWS or len(rows) % 1000 == 0:
            check_size(len(rows), width, name)
    if not rows:
        shown = ", ".join(columns[:10])
        raise DataError(f"{name} has column names ({shown}) and no rows.", "Add examples below the first line.")
    check_size(len(rows), width, name)
    return parsed


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
    if "field larger" in error:
        return DataError(
            f"{where} has a cell of more than {_MAX_CELL:,} characters.",
            "Most often a quote before it is never closed: close it, or shorten the cell.",
        )
    if "unexpected end of data" in error:
        return DataError(f"{where} opens a quote that is never closed.", "Close the quote, or write it twice in a row.")
    if "expected after" in error:
        return DataError(
            f"{where} has text after a closing quote.", 'Write a quote inside a quoted cell twice: "He said ""no""."'
        )
    return DataError(f"{where} cannot be read: {error}.", "Mend the row, or export the file again.")


def _columns(header: list[str], name: str) -> list[str]:
    columns = [cell if cell.strip() else f"column {number}" for number, cell in enumerate(header, 1)]
    twice = sorted({column for column in columns if columns.count(column) > 1}) if len(columns) < 5000 else []
    if len(set(columns)) < len(columns):
        raise DataError(
            f"{name} has more than one column called {', '.join(map(repr, twice[:5]))}.", "Rename one of them."
        )
    return columns


def _table(parsed: _Parsed, encoding: str, name: str) -> Table:
    """The table without columns that have neither name nor content: spreadsheets leave them at the right end."""
    nameless = [column for number, column in enumerate(parsed.columns, 1) if column == f"column {number}"]
    empty = [column for column in nameless if not any(row[column].strip() for row in parsed.rows)]
    for column in empty:
        for row in parsed.rows:
            del row[column]
    columns = tuple(column for column in parsed.columns if column not in empty)
    return Table(columns, parsed.rows, encoding, parsed.ragged.notes(name))
