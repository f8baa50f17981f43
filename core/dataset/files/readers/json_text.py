"""JSON: an array of objects, an object of columns, {"data": [...]}, or one object a line (JSONL)."""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from core.dataset.finding import excerpt
from core.dataset.table import MAX_ROWS, Row, Table, check_cells, check_size, make_table
from core.errors import DataError

_MAX_MARKS = 6_000_000
"""Brackets and commas of a file; each costs some 100 bytes in memory, so that more would fill it."""
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""A NUL or half of a surrogate pair, which can only come in disguise: as text it would not have been decoded."""
_BLANK = re.compile(r"[ \t\r\n]*")
_KEPT = {"role", "from", "function", "parameters"}
"""Fields of turns and tools, which stay lists even where a list holds only one."""
_ROW_KEYS = ("data", "rows", "examples", "train", "items", "instances")
_SHAPES = 'Write one object a line ({"text": "...", "label": "..."}), or an array of such objects.'
_LOOK = "Look there for a quotation mark, a comma or a bracket that is missing, or one too many."
_PLAINLY = {
    "Expecting value": "a value is missing, or a text has no quotation mark before it",
    "Expecting ',' delimiter": "a comma is missing, or a quotation mark stands within a text",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name enclosed in double quotes": "a field lacks its name in double quotes, or a comma is wrong",
    "Illegal trailing comma before end of object": "a comma stands before the closing bracket",
    "Invalid control character": "a text is not closed on its line",
    "Unterminated string": "a text is never closed",
    "Extra data": "something follows the object",
    "Invalid \\escape": "a backslash stands where it means nothing",
}
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
    if begin == len(text):
        raise DataError(f"{name} is empty.", "Choose a file with a few examples.")
    if text[begin] == "[":
        rows = _rows(_array(text, begin, name), name)
    else:
        rows = _rows(_sequence(text, begin, name), name)
        rows = _unpack(rows[0], name) if len(rows) == 1 else rows
    check_cells(rows, name, characters=bool(_ESCAPED.search(text)))
    return make_table(unwrapped(rows), encoding, name)


def decode_exactly(line: bytes) -> Row | None:
    """The object that a line holds, every number as it was typed; None where it holds none."""
    try:
        text = line.decode().strip(" \t\r\n")
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and end == len(text) else None


def refuse_line(line: bytes, row: int, name: str) -> NoReturn:
    """Say what is wrong with a line that holds no object.

    Raises:
        DataError: Always.
    """
    where = f"Row {row:,} of {name} is"
    try:
        _DECODER.decode(line.decode("utf-8", "replace"))
    except json.JSONDecodeError as error:
        what = f"{_plainly(error.msg)} (character {error.colno}, at {excerpt(error.doc, error.pos, 40)!r})"
        raise DataError(f"{where} not valid JSON: {what}.", _LOOK) from error
    except RecursionError as error:
        raise DataError(f"{where} nested too deeply to be read.", "Flatten the row, or remove it.") from error
    raise DataError(f"{where} not an object with named fields.", _SHAPES)


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
    # Element by element, not at once, so that an error knows its row.
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
            _refuse(text, position, row, name, what)
        position = _after_blank(text, position + 1)
        row += 1
    if text[position + 1 :].strip():
        _refuse(text, _after_blank(text, position + 1), row, name, "something follows the closing ']'")


def _value(text: str, position: int, row: int, name: str) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        _refuse(text, error.pos, row, name, error.msg)
    except RecursionError as error:
        raise DataError(
            f"Row {row} of {name} is nested too deeply to be read.", "Flatten the row, or remove it."
        ) from error


def _refuse(text: str, position: int, row: int, name: str, what: str) -> NoReturn:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    place = f"line {line:,}, character {column:,}, at {excerpt(text, position, 40)!r}"
    raise DataError(f"Row {row:,} of {name} is not valid JSON: {_plainly(what)} ({place}).", _LOOK)


def _plainly(what: str) -> str:
    """A decoder's message in words for people who do not write decoders."""
    what = what.removesuffix(" at").removesuffix(" starting")
    return _PLAINLY.get(what, what[:1].lower() + what[1:])


def _rows(values: Iterator[object], name: str) -> list[Row]:
    rows: list[Row] = []
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            kind = "a list" if isinstance(value, list) else "a single value"
            raise DataError(f"Row {number} of {name} is {kind}, not an object with named fields.", _SHAPES)
        rows.append(value)
        if number > MAX_ROWS:
            check_size(number, 1, name)
    return rows


def _unpack(value: Row, name: str) -> list[Row]:
    """Rows of a file that is a single object: rows under a key, columns, or one row."""
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


def unwrapped(rows: list[Row]) -> list[Row]:
    """Rows in which a list of exactly one object, row for row, gives way to that object's fields.

    Self-Instruct keeps input and output so: {"instruction": ..., "instances": [{"input": ..., "output": ...}]}. A
    conversation of one turn stays what it is.
    """
    for column in list(rows[0]) if rows else []:
        if all(is_wrapper(row.get(column)) for row in rows):
            for row in rows:
                inner = row.pop(column)[0]
                row.update({key if key not in row else f"{column}.{key}": part for key, part in inner.items()})
    return rows


def is_wrapper(value: object) -> bool:
    """Whether a cell is a list of exactly one object that is neither a turn nor a tool."""
    return isinstance(value, list) and len(value) == 1 and _is_rows(value) and not _KEPT & value[0].keys()


def _from_columns(columns: dict[str, list[Any]], name: str) -> list[Row]:
    sizes = {key: len(part) for key, part in columns.items()}
    if len(set(sizes.values())) > 1:
        shown = ", ".join(f"{key!r} has {size}" for key, size in list(sizes.items())[:6])
        raise DataError(f"The columns of {name} are of different length: {shown}.", "Give each column one value a row.")
    check_size(max(sizes.values()), len(sizes), name)
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
