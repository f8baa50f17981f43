"""JSON Lines, read line by line: each row is decoded as it comes, and the file is never in memory as a whole."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from core.dataset.files.decode import Encoding, text_of_file
from core.dataset.files.readers.json_text import decode_exactly, is_wrapper, refuse_line, unwrapped
from core.dataset.table import MAX_DEPTH, MAX_ROWS, Row, Table, check_cells, check_size, make_table
from core.errors import DataError

_LONG = 2**20
_MAX_MARKS = 500_000
"""Brackets and commas of a long line; more would fill the memory."""
_HARMLESS = (str, bool, type(None))


class _Inexact(Exception):  # noqa: N818 - not shown to anyone
    """A number is not what was typed, or the nesting is deeper than is allowed."""


def read_json_lines(file: BinaryIO, encoding: Encoding, name: str, *, whole: bool) -> Table | None:
    """Read one object a line; None where the file is not so and, with `whole`, can be read as a whole.

    Raises:
        DataError: A line is no object, there are too many rows or cells, or a row holds what no row may hold.
    """
    rows: list[Row] = []
    columns: dict[str, None] = {}
    keys: list[str] = []
    complete = True
    for line in _lines(file, encoding):
        row = _row(line, len(rows) + 1, name)
        if row is None:
            if whole or not rows:
                return None
            refuse_line(line, len(rows) + 1, name)
        if list(row) != keys:
            complete = complete and not rows
            keys = list(row)
            columns.update(dict.fromkeys(row))
        rows.append(row)
        if len(rows) > MAX_ROWS or len(rows) % 1000 == 0:
            check_size(len(rows), len(columns), name)
    if len(rows) < 2 or not columns:
        return None
    check_size(len(rows), len(columns), name)
    if not complete or any(map(is_wrapper, rows[0].values())):
        return make_table(unwrapped(rows), encoding.name, name)
    return Table(tuple(columns), rows, encoding.name)


def _lines(file: BinaryIO, encoding: Encoding) -> Iterator[bytes]:
    if encoding.codec in {"utf-8", "utf-8-sig"} and not encoding.strays:
        file.seek(3 if encoding.codec == "utf-8-sig" else 0)
        yield from (line for line in file if not line.isspace())
        return
    with text_of_file(file, encoding, newline="\n") as text:
        yield from (line.encode("utf-8", "surrogatepass") for line in text if not line.isspace())


def _row(line: bytes, number: int, name: str) -> Row | None:
    # The object of a line with its numbers as they were typed; None where it is none.
    if len(line) > _LONG and _holds_too_much(line, number, name):
        return None
    try:
        row: Row = orjson.loads(line)
        if type(row) is not dict:
            return None
        for key, value in row.items():
            if type(value) not in _HARMLESS:
                row[key] = _as_typed(value, line, 1)
    except (orjson.JSONDecodeError, _Inexact):
        exact = decode_exactly(line)
        if exact is not None:
            check_cells([exact], name, first=number)
        return exact
    if b"\\u0000" in line:
        check_cells([row], name, first=number)
    return row


def _holds_too_much(line: bytes, number: int, name: str) -> bool:
    # The first line may well be the whole file: an array, or an object of columns.
    if sum(map(line.count, (b"[", b"{", b","))) <= _MAX_MARKS:
        return False
    if number > 1:
        raise DataError(f"Row {number:,} of {name} holds more than {_MAX_MARKS:,} values.", "Look at that row.")
    return True


def _as_typed(value: Any, line: bytes, depth: int) -> Any:  # noqa: ANN401
    kind = type(value)
    if kind in _HARMLESS:
        return value
    if kind is int and (value or b"-0" not in line):
        return str(value)
    if depth > MAX_DEPTH or kind not in {list, dict}:
        raise _Inexact
    if kind is list:
        return [_as_typed(part, line, depth + 1) for part in value]
    return {key: _as_typed(part, line, depth + 1) for key, part in value.items()}
