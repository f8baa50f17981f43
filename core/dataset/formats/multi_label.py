"""A text and all the classes, of a few, that it belongs to: several, one or none."""

import ast
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from core.dataset.formats.columns import Columns, find, needed, quoted, raw
from core.dataset.formats.format import Converted, Detection, Format, Part, RowUnfit, user
from core.dataset.formats.labelled_text import LABELS, TEXTS, find_text
from core.dataset.table import Row, text_of

NONE = "none"
"""The answer where a list of labels is empty."""
_INSTRUCTION = "Name all classes that the text belongs to."
_NAMES = (*LABELS, "genres", "tags", "topics", "emotions", "classes", "keywords", "skills", "intents")
_SEPARATORS = ("|", ";", ",")


def _detect(columns: Columns) -> Detection | None:
    named = find(columns.names, _NAMES)
    order = ([named] if named else []) + [column for column in columns.names if column != named]
    label = next((column for column in order if _holds_several(columns, column, named=column == named)), "")
    text = find_text(columns, label) if label else ""
    if not text:
        return None
    because = f"The cells of column {quoted(label)} list several short values that repeat, as labels do, and "
    because += f"{quoted(text)} holds the texts."
    confidence = 0.96 if label == named else 0.7
    return Detection(
        format="multi_label",
        confidence=confidence if find([text], TEXTS) else confidence - 0.05,
        because=because,
        mapping={"text": text, "labels": label},
        instruction=_INSTRUCTION,
    )


def _holds_several(columns: Columns, column: str, *, named: bool) -> bool:
    """Whether the cells are lists of labels: some with more than one, and the labels repeat from row to row."""
    profile = columns[column]
    if not profile.rows or (not profile.nested and (profile.numeric or profile.longest > 400)):
        return False
    cells = columns.cells(column, 1000)
    lists = [listed(cell) for cell in cells]
    given = [parts for parts in lists if parts is not None]
    if len(given) == len(cells):
        return _repeat(given)
    if given or profile.nested:
        return False
    texts = [text_of(cell) for cell in cells]
    separator = next((mark for mark in _SEPARATORS if sum(mark in text for text in texts) >= 0.05 * len(texts)), "")
    if not separator or (separator == "," and not named):
        return False
    split = [split_labels(text) for text in texts]
    return _repeat(split) and len({part for parts in split for part in parts}) < len(set(texts))


def _repeat(lists: list[list[str]]) -> bool:
    counts = Counter(part for parts in lists for part in parts)
    several = sum(len(parts) > 1 for parts in lists)
    short = all(len(part) <= 80 and "\n" not in part for part in counts)
    return several > 0 and short and 2 <= len(counts) <= max(2, min(500, counts.total() / 3))


def listed(value: Any) -> list[str] | None:  # noqa: ANN401 - a cell
    """The parts of a list, or of a text that is one in JSON or Python; None where it is something else."""
    if isinstance(value, str):
        if not value.lstrip().startswith("["):
            return None
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            try:
                value = ast.literal_eval(value.strip())
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                return None
    if not isinstance(value, list) or any(isinstance(part, list | dict) for part in value):
        return None
    return [text for text in (text_of(part).strip() for part in value) if text]


def split_labels(text: str) -> list[str]:
    """The labels in "a; b", "a|b" or "a, b"."""
    mark = next((mark for mark in _SEPARATORS if mark in text), "\n")
    return [label for label in (part.strip() for part in text.split(mark)) if label]


def _convert(row: Row, mapping: Mapping[str, str], instruction: str) -> Converted:
    text = needed(row, mapping, "text")
    value = raw(row, mapping, "labels")
    labels = listed(value)
    if labels is None:
        if isinstance(value, list | dict):
            raise RowUnfit("labels", "has something else than a list of labels")
        labels = split_labels(needed(row, mapping, "labels"))
    ordered = tuple(sorted(dict.fromkeys(labels), key=lambda label: (label.casefold(), label)))
    return Converted(user(instruction, text), ", ".join(ordered) or NONE, labels=ordered)


FORMAT = Format(
    name="multi_label",
    title="Text with several labels",
    about="A text and all the classes that it belongs to, in alphabetical order; 'none' where it belongs to none.",
    parts=(
        Part("text", required=True, help="The text that is to be classified."),
        Part("labels", required=True, help='Its classes: a list, or a text such as "a; b" or "a|b".'),
    ),
    default_instruction=_INSTRUCTION,
    detect=_detect,
    convert=_convert,
)
