"""Questions with answers to choose from: lists, or a column for each letter."""

import json
import string
from collections.abc import Mapping
from typing import Any

from core.dataset.formats.columns import Columns, find, raw
from core.dataset.formats.format import RowUnfit
from core.dataset.formats.templates import fields
from core.dataset.table import Row, text_of

NAMES = ("choices", "options", "answer_choices", "candidates", "endings")
"""What columns that list the choices are called."""
ANSWERS = ("answer", "answer_key", "correct", "correct_answer", "answer_idx", "answer_index", "label", "gold", "cop")
"""What columns that say which choice is right are called."""
_BEFORE_LETTER = ("", "option", "choice", "op", "answer")
_BEFORE_NUMBER = ("option", "choice", "answer", "ending", "sol")


def find_choices(columns: Columns) -> str:
    """The column that lists the choices, or a template of a column for each; "" where there are none."""
    listed = find(columns.names, NAMES)
    if listed and any(choices_of(cell) for cell in columns.cells(listed, 5)):
        return listed
    for before, marks in (
        *((before, string.ascii_lowercase[:6]) for before in _BEFORE_LETTER),
        *((before, first) for before in _BEFORE_NUMBER for first in ("123456", "012345")),
    ):
        found: list[str] = []
        for mark in marks:
            column = find(columns.names, [before + mark])
            if not column:
                break
            found.append(column)
        if len(found) > 1:
            return "\n".join(f"{{{column}}}" for column in found)
    return ""


def choose(row: Row, mapping: Mapping[str, str]) -> tuple[str, str]:
    """The choices, one a line with its letter, and the text of the right one.

    Raises:
        RowUnfit: There are no choices, or the answer is none of them.
    """
    answer = text_of(raw(row, mapping, "answer")).strip()
    if not answer:
        raise RowUnfit("answer")
    known = _of_row(row, mapping["choices"])
    if not known:
        raise RowUnfit("choices")
    right = _right(answer, known)
    if right is None:
        raise RowUnfit("answer", f"has the answer {answer[:40]!r}, which is none of its {len(known)} choices")
    lines = (f"{string.ascii_uppercase[place % 26]}. {text}" for place, (_, text) in enumerate(known))
    return "\n".join(lines), right


def choices_of(value: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - a cell
    """Mark and text of each choice, from a list, its JSON, {"text": [...], "label": [...]} or {"A": "...", ...}."""
    if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return []
    if isinstance(value, dict):
        texts, labels = value.get("text"), value.get("label")
        if isinstance(texts, list) and isinstance(labels, list):
            return [(text_of(label), text_of(text)) for label, text in zip(labels, texts, strict=False)]
        return [(key, text_of(part)) for key, part in value.items() if part not in (None, "")]
    if not isinstance(value, list):
        return []
    if value and all(isinstance(part, dict) for part in value):
        return [(text_of(part.get("label", part.get("key"))), text_of(part.get("text"))) for part in value]
    return [("", text_of(part)) for part in value]


def _of_row(row: Row, column: str) -> list[tuple[str, str]]:
    if column in row:
        return choices_of(row[column])
    cells = [text_of(row.get(name)).strip() for name in fields(column)]
    return [("", text) for text in cells] if any(cells) else []


def _right(answer: str, known: list[tuple[str, str]]) -> str | None:
    for mark, text in known:
        if mark and mark.casefold() == answer.casefold().strip("().: "):
            return text
    if answer in {text for _, text in known}:
        return answer
    letter = answer.strip("().: ").upper()
    place = string.ascii_uppercase.find(letter) if len(letter) == 1 and letter.isalpha() else -1
    if letter.isdecimal():
        place = int(letter)
    return known[place][1] if 0 <= place < len(known) and known[place][1] else None
