"""Rows become a format and a mapping that fit, with a confidence and a reason."""

from collections.abc import Mapping

from core.dataset.formats import FORMATS
from core.dataset.formats.columns import find
from core.dataset.formats.format import Detection, Format
from core.dataset.table import Table
from core.errors import DataError, SettingsError

__all__ = ["Detection", "detect", "resolve"]


def detect(table: Table) -> Detection:
    """The format that fits best.

    Raises:
        DataError: None does; names the columns that there are and those that are wanted.
    """
    found = [detection for format_ in FORMATS.values() if (detection := format_.detect(table))]
    if found:
        return max(found, key=lambda detection: detection.confidence)  # the first of equals
    shown = ", ".join(repr(column) for column in table.columns[:12])
    more = f" and {len(table.columns) - 12} more" if len(table.columns) > 12 else ""
    wanted = "; ".join(f"{' and '.join(f.required)} ({f.title.lower()})" for f in FORMATS.values())
    raise DataError(
        f"No format fits the columns {shown}{more}.",
        f"Name the columns as one of these: {wanted}. Or choose the format and its columns yourself.",
    )


def resolve(format_: Format, mapping: Mapping[str, str], table: Table) -> dict[str, str]:
    """`mapping` with the names that the table's columns really have, whatever their case and spacing.

    Raises:
        SettingsError: Lists every part that is unknown or lacks its column, and every column that is named twice.
    """
    resolved: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name, column in mapping.items():
        if not column and name in {part.name for part in format_.parts}:
            continue  # a part that was cleared in a form
        actual = column if column in table.columns else find(table.columns, [column])
        problem = _problem(format_, name, column, actual, resolved, table)
        if problem:
            problems[f"mapping.{name}"] = problem
        else:
            resolved[name] = actual
    for name in format_.required:
        if name not in resolved and f"mapping.{name}" not in problems:
            problems[f"mapping.{name}"] = f"{format_.title} needs it; choose one of the columns {_some(table.columns)}"
    if problems:
        raise SettingsError(problems, "Choose a column for each part that the format needs.")
    return resolved


def _problem(format_: Format, name: str, column: str, actual: str, resolved: Mapping[str, str], table: Table) -> str:
    parts = [part.name for part in format_.parts]
    if name not in parts:
        return f"{format_.title} has no such part; it has {', '.join(parts)}"
    if not actual:
        return f"there is no column {column!r}; there are {_some(table.columns)}"
    return f"column {actual!r} is taken by another part" if actual in resolved.values() else ""


def _some(columns: tuple[str, ...]) -> str:
    return ", ".join(repr(column) for column in columns[:12]) + (", ..." if len(columns) > 12 else "")
