"""JSON: an array of objects, an object of columns, {"data": [...]}, or one object a line (JSONL)."""

import json
import re
from collections.abc import Iterator
from typing import Any

from core.dataset.table import MAX_ROWS, Row, Table, check_cells, check_size, make_table
from core.errors import DataError

_MAX_MARKS = 8_000_000
"""Brackets and commas of a file; each costs some 70 bytes in memory, so that more would fill it."""
_BLANK = re.compile(r"[ \t\r\n]*")
_ROW_KEYS = ("data", "rows", "examples", "train", "items", "instances")
_SHAPES = 'Write one object a line ({"text": "...", "label": "..."}), an array of objects, or {"data": [...]} with such an array.'
# Numbers stay the text that was typed: 1e5 is not 100000.0, and no digit of a long id is lost.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def read_json(text: str, encoding: str, name: str) -> Table:
    """Read rows from any of the usual shapes; which of them it is, the content says, not the file's name.

    Raises:
        DataError: The text is not JSON (names row and line), nested too deeply, or of no known shape.
    """
    if sum(map(text.count, "[{,")) > _MAX_MARKS:
        raise DataError(f"{name} holds more than {_MAX_MARKS:,} values.", "Keep only the fields that training needs.")
    begin = _after_blank(text, 0)
    if text[begin : begin + 1] == "[":
        rows = _rows(_array(text, begin, name), name)
    else:
        values = _sequence(text, begin, name)
        first = next(values, None)
        second = next(values, None)
        if second is None:
            rows = _unpack(first, name)
        else:
            rows = _rows(_chain(first, second, values), name)
    table = make_table(rows, encoding, name)
    check_cells(table.rows, name)
    return table


def _chain(first: object, second: object, rest: Iterator[object]) -> Iterator[object]:
    yield first
    yield second
    yield from rest


def _after_blank(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


def _sequence(text: str, position: int, name: str) -> Iterator[object]:
    """Values one after another, as in JSONL."""
    row = 1
    while position < len(text):
        value, position = _value(text, position, row, name)
        yield value
        position = _after_blank(text, position)
        row += 1


def _array(text: str, position: int, name: str) -> Iterator[object]:
    """Elements of the array that begins at `position`, one by one, so that an error knows its row."""
    position = _after_blank(text, position + 1)
    row = 1
    while text[position : position + 1] != "]" or row > 1:
        value, position = _value(text, position, row, name)
        yield value
        position = _after_blank(text, position)
        mark = text[position : position + 1]
        if mark == "]":
            break
        if mark != ",":
            what = "the closing ']' is missing" if not mark else f"a comma or ']' is missing before {mark!r}"
            raise _malformed(text, position, row, name, what)
        position = _after_blank(text, position + 1)
        row += 1
    if text[position + 1 :].strip():
        raise _malformed(text, _after_blank(text, position + 1), row, name, "something follows the closing ']'")


def _value(text: str, position: int, row: int, name: str) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        raise _malformed(text, error.pos, row, name, error.msg) from error
    except RecursionError as error:
        raise DataError(
            f"Row {row} of {name} is nested too deeply to be read.", "Flatten the row, or remove it."
        ) from error


def _malformed(text: str, position: int, row: int, name: str, what: str) -> DataError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    what = what[:1].lower() + what[1:]
    return DataError(f"Row {row} of {name} is not valid JSON: {what} (line {line}, character {column}).", _SHAPES)


def _rows(values: Iterator[object], name: str) -> list[Row]:
    rows: list[Row] = []
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            kind = {list: "a list", str: "a text"}.get(type(value), "a single value")
            raise DataError(f"Row {number} of {name} is {kind}, not an object with named fields.", _SHAPES)
        rows.append(value)
        if number > MAX_ROWS:
            check_size(number, 1, name)
    return rows


def _unpack(value: object, name: str) -> list[Row]:
    """Rows of a file that is a single value."""
    if not isinstance(value, dict):
        raise DataError(f"{name} holds a single value and no rows.", _SHAPES)
    nested = [key for key, part in value.items() if _is_rows(part)]
    for key in (*_ROW_KEYS, *(nested if len(nested) == 1 else ())):
        if key in nested:
            return _rows(iter(value[key]), name)
    lists = {key: part for key, part in value.items() if isinstance(part, list)}
    if lists and len(lists) == len(value):
        return _from_columns(lists, name)
    indexed = [part for part in value.values() if isinstance(part, dict)]
    if len(indexed) == len(value) > 1 and all(part.keys() == indexed[0].keys() for part in indexed):
        return _from_columns({key: list(part.values()) for key, part in value.items()}, name)
    return [value]


def _is_rows(part: object) -> bool:
    return isinstance(part, list) and bool(part) and all(isinstance(item, dict) for item in part)


def _from_columns(columns: dict[str, list[Any]], name: str) -> list[Row]:
    sizes = {key: len(part) for key, part in columns.items()}
    if len(set(sizes.values())) > 1:
        shown = ", ".join(f"{key!r} has {size}" for key, size in list(sizes.items())[:6])
        raise DataError(f"The columns of {name} are of different length: {shown}.", "Give each column one value a row.")
    check_size(max(sizes.values()), len(sizes), name)
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
