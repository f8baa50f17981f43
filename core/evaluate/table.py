"""The rows of an evaluation as a CSV file that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Iterable

from core.evaluate.evaluation import Evaluation

_COMMANDS = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = ("row", "outcome", "prompt", "reference", "base", "tuned", "base_score", "tuned_score")
_SURE = ("base_confidence", "tuned_confidence")


def to_csv(evaluation: Evaluation) -> bytes:
    """UTF-8 with a byte order mark, so that spreadsheets read other alphabets right."""
    columns = _COLUMNS + (_SURE if evaluation.labels else ())
    rows = ([getattr(row, column) for column in columns] for row in evaluation.rows)
    return write_csv(columns, rows).encode("utf-8-sig")


def write_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """CSV text in which no cell of text is a formula."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([quoted(column) for column in columns])
    writer.writerows([quoted(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return file.getvalue()


def quoted(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would take for a command."""
    return f"'{cell}" if cell.startswith(_COMMANDS) else cell
