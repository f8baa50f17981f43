"""The question to a teacher in words. Only the task card and training rows ever stand in it."""

import json
from collections.abc import Sequence

from core.augment.card import TaskCard
from core.augment.entries import Entry, Shape
from core.augment.variation import Cell


def write_prompt(card: TaskCard, shape: Shape, cell: Cell, shots: Sequence[Entry], rows: int) -> str:
    """Ask for `rows` new rows of the kind `cell`."""
    parts = [
        "You write new training examples for a language model.",
        f"Task: {card.description}",
        _listed("Facts that every example keeps to", card.constraints),
        _listed("Do", card.do),
        _listed("Do not", card.avoid),
        _fields(card),
        _topic(card, cell),
        "Examples, one JSON object a line:",
        "\n".join(json.dumps(dict(shot.cells), ensure_ascii=False) for shot in shots),
        _wanted(shape, cell, rows),
    ]
    return "\n\n".join(filter(None, parts))


def _listed(title: str, items: Sequence[str]) -> str:
    return f"{title}:\n" + "\n".join(f"- {item}" for item in items) if items else ""


def _fields(card: TaskCard) -> str:
    lines = []
    for column in card.columns:
        if column.role == "label":
            lines.append(f"- {json.dumps(column.name, ensure_ascii=False)}: one of {json.dumps(sorted(card.labels))}")
            continue
        habits = f"; {', '.join(column.conventions)}" if column.conventions else ""
        size = f"{column.shortest} to {column.longest} words, {column.middle} in the middle"
        lines.append(f"- {json.dumps(column.name, ensure_ascii=False)}: {size}{habits}")
    language = f"\nLanguage: {card.language}." if card.language else ""
    return "Fields of an example:\n" + "\n".join(lines) + language


def _topic(card: TaskCard, cell: Cell) -> str:
    if not card.topics:
        return ""
    words = ", ".join(card.topics[cell.cluster].words)
    return f"Topic this time, as these words suggest: {words}."


def _wanted(shape: Shape, cell: Cell, rows: int) -> str:
    label = f", all with the label {json.dumps(cell.label, ensure_ascii=False)}" if cell.label else ""
    constraint = f" Bring out this fact: {cell.constraint}" if cell.constraint else ""
    names = ", ".join(json.dumps(column, ensure_ascii=False) for column in shape.columns)
    return (
        f"Write {rows} new examples{label}; {cell.length} for this task, {cell.style}. "
        f"Let each differ from the examples and from the others.{constraint} Answer with nothing but a JSON array of "
        f"{rows} objects with exactly the fields {names}, all of them texts."
    )
