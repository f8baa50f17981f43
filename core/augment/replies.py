"""What a teacher wrote becomes rows: JSON is read strictly, and mended where it is clear what was meant."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.augment.entries import Shape
from core.dataset.formats.format import RowUnfit

_TRAILING = re.compile(r",(\s*[\]}])")
_MOST_CHARACTERS = 2_000_000
_LONGEST_CELL = 50_000


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row, or a whole answer, of which nothing can be made."""

    why: str


def read_rows(text: str, shape: Shape, labels: frozenset[str]) -> list[dict[str, str] | Unreadable]:
    """The cells of each row in an answer; what is cut off at its end is dropped, as Alpaca does.

    Objects may stand in an array, one a line, in a fence, inside of another object, or between words.
    """
    found = [_row(value, shape, labels) for value in objects(text)]
    return found or [Unreadable("the answer holds no JSON object")]


def objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects in a text, whatever stands around them."""
    decoder = json.JSONDecoder()
    text = _TRAILING.sub(r"\1", text[:_MOST_CHARACTERS])
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        yield from _unwrapped(value)
        at = text.find("{", end)


def _unwrapped(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    # {"examples": [{...}, {...}]}, as teachers answer that may only write objects.
    inner = [item for item in value.values() if isinstance(item, list) and item and isinstance(item[0], dict)]
    if len(inner) == 1:
        yield from (item for item in inner[0] if isinstance(item, dict))
    else:
        yield value


def _row(value: Mapping[str, Any], shape: Shape, labels: frozenset[str]) -> dict[str, str] | Unreadable:
    missing = [column for column in shape.columns if column not in value and column not in shape.optional]
    extra = [name for name in value if name not in shape.columns]
    if missing or extra:
        what = f"lacks {missing[0]!r}" if missing else f"has a field {str(extra[0])[:40]!r} that the data do not have"
        return Unreadable(f"the row {what}")
    cells = {}
    for column in shape.columns:
        cell = value.get(column, "")
        if isinstance(cell, bool) or not isinstance(cell, str | int | float):
            return Unreadable(f"{column!r} is no text")
        cells[column] = str(cell).replace("\0", "").encode("utf-8", "replace").decode("utf-8").strip()
        if (not cells[column] and column not in shape.optional) or len(cells[column]) > _LONGEST_CELL:
            return Unreadable(f"{column!r} is {'too long' if cells[column] else 'empty'}")
    try:
        label = shape.entry(cells, 0).example.label
    except RowUnfit as unfit:
        return Unreadable(str(unfit))
    if labels and label not in labels:
        return Unreadable(f"the label {str(label)[:60]!r} is none of the data's")
    return cells
