"""Where something stands in the cells of a file, and what the cells become without it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from core.dataset.finding import excerpt
from core.dataset.health.check import Inspection

_NOT_SAID = frozenset({"role", "from", "type", "name", "id", "tool_call_id"})
"""Fields of a turn that hold no text that anyone reads."""


@dataclass(frozen=True, slots=True)
class Spots:
    """The cells of one file in which something was found."""

    cells: tuple[tuple[int, str, Any], ...]
    """Row, column and content, in the order of the file."""
    example: str
    """The first spot, shortened."""

    def __bool__(self) -> bool:
        return bool(self.cells)

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows, each once, in the order of the file."""
        return tuple(dict.fromkeys(row for row, _, _ in self.cells))

    @property
    def column(self) -> str:
        """The column, where all stand in one."""
        columns = {column for _, column, _ in self.cells}
        return columns.pop() if len(columns) == 1 else ""

    def changed(self, change: Callable[[str], str]) -> dict[int, dict[str, Any]]:
        """Row to column to what the cell becomes when each of its texts is changed."""
        cells: dict[int, dict[str, Any]] = {}
        for row, column, content in self.cells:
            cells.setdefault(row, {})[column] = rewritten(content, change)
        return cells


def seek(inspection: Inspection, file: str, position: Callable[[str], int]) -> Spots:
    """The cells with a text in which `position` finds something: it gives the place in the text, or -1."""
    cells, example = [], ""
    for row, column, content in inspection.cells(file):
        for text in texts_in(content):
            if (start := position(text)) >= 0:
                cells.append((row, column, content))
                example = example or excerpt(text, start)
                break
    return Spots(tuple(cells), example)


def texts_in(content: Any) -> Iterator[str]:  # noqa: ANN401 - a cell
    """The texts of a cell: itself, the contents of its turns, or the texts of a list."""
    if isinstance(content, str):
        turns = _turns(content)
        if turns is None:
            yield content
        else:
            yield from texts_in(turns)
    elif isinstance(content, list):
        for part in content:
            yield from texts_in(part)
    elif isinstance(content, dict):
        for name, part in content.items():
            if name not in _NOT_SAID:
                yield from texts_in(part)


def rewritten(content: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 - a cell
    """The cell with each of its texts changed; what it is made of stays as it is."""
    if isinstance(content, str):
        turns = _turns(content)
        if turns is None:
            return change(content)
        changed = rewritten(turns, change)
        return content if changed == turns else json.dumps(changed, ensure_ascii=False)
    if isinstance(content, list):
        return [rewritten(part, change) for part in content]
    if isinstance(content, dict):
        return {name: part if name in _NOT_SAID else rewritten(part, change) for name, part in content.items()}
    return content


def _turns(text: str) -> Any:  # noqa: ANN401 - what JSON may hold
    """The turns of a conversation that is kept as JSON text; None for any other text, other JSON included."""
    if text.lstrip()[:1] not in {"[", "{"} or not ('"role"' in text or '"from"' in text):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    turns = value.get("messages", [value]) if isinstance(value, dict) else value
    if not isinstance(turns, list) or not turns:
        return None
    return value if all(isinstance(turn, dict) and ("role" in turn or "from" in turn) for turn in turns) else None
