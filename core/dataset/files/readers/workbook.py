"""Excel and OpenDocument workbooks: one sheet, every cell as the text that a spreadsheet shows."""

from typing import BinaryIO

from core.dataset.files.readers.isolated import read_sheet
from core.dataset.finding import counted
from core.dataset.table import Row, Table, check_cells, check_size
from core.errors import DataError


def read_workbook(file: BinaryIO, sheet: str, name: str) -> Table:
    """Read the rows of `sheet`, or of the first sheet that holds a table; the first row with content names the columns.

    Raises:
        DataError: The file is damaged or protected, has no such sheet, or the sheet has no rows; names the sheets.
    """
    cells = read_sheet(file, sheet, name)
    rows = [row for row in cells.rows if any(cell.strip() for cell in row)]
    others = [repr(one) for one in cells.all_names if one != cells.name]
    if len(rows) < 2:
        more = f" Its other sheets are {', '.join(others[:10])}." if others else ""
        raise DataError(f"The sheet {cells.name!r} of {name} holds no rows below its column names.{more}", _FIX)
    notes = [f"The sheet {cells.name!r} of {name} was taken; there {_are(others)}."] if others else []
    empty = len(cells.rows) - len(rows) + cells.above
    if empty:
        notes.append(f"{counted(empty, 'empty row')} of the sheet {'was' if empty == 1 else 'were'} passed over.")
    if _has_title(rows):
        title = next(cell for cell in rows.pop(0) if cell.strip())
        notes.append(f"The line {title[:60]!r} above the column names was taken for a title and left out.")
    header, places = _header(rows, cells.name, name)
    check_size(len(rows) - 1, len(places), name)
    table: list[Row] = [dict(zip(header, (row[place] for place in places), strict=True)) for row in rows[1:]]
    check_cells(table, name)
    return Table(tuple(header), table, "", tuple(notes))


_FIX = "Write the column names into the first row and one example into each row below, or choose another sheet."


def _are(others: list[str]) -> str:
    more = f" and {len(others) - 10} more" if len(others) > 10 else ""
    return f"{'is' if len(others) == 1 else 'are'} also {', '.join(others[:10])}{more}"


def _has_title(rows: list[list[str]]) -> bool:
    """Whether a single cell stands above a row of several, which has rows below it."""
    first, second = (sum(bool(cell.strip()) for cell in row) for row in rows[:2])
    return first == 1 and second > 1 and len(rows) > 2


def _header(rows: list[list[str]], sheet: str, name: str) -> tuple[list[str], list[int]]:
    # The names of the columns that have a name or a content, and their places.
    width = len(rows[0])
    places = [place for place in range(width) if any(row[place].strip() for row in rows)]
    header = [rows[0][place] if rows[0][place].strip() else f"column {place + 1}" for place in places]
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise DataError(
            f"The sheet {sheet!r} of {name} has more than one column called {', '.join(map(repr, twice[:5]))}.",
            "Rename one of them.",
        )
    return header, places
