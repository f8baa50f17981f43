"""Rows become a format and a mapping that fit, with a confidence and a reason."""

import difflib
from collections.abc import Mapping

from core.dataset.conversions import fitting
from core.dataset.formats import FORMATS
from core.dataset.formats.columns import Columns, find
from core.dataset.formats.format import Detection, Format
from core.dataset.formats.templates import columns_of, fields, renamed
from core.dataset.table import Table
from core.errors import DataError, SettingsError

__all__ = ["Detection", "columns_of", "detect", "rank", "resolve"]

_GUESS = 0.5
"""Below this confidence a format is a guess, and a conversion that fits is the better advice."""


def rank(table: Table) -> list[Detection]:
    """All formats that fit, best first."""
    columns = Columns(table)
    found = [detection for format_ in FORMATS.values() if (detection := format_.detect(columns))]
    return sorted(found, key=lambda detection: -detection.confidence)  # of equals the first stays first


def detect(table: Table) -> Detection:
    """The format that fits best.

    Raises:
        DataError: None does; names the columns that there are, those that are wanted, and conversions that would help.
    """
    found = rank(table)
    if found and found[0].confidence >= _GUESS:
        return found[0]
    conversions = fitting(table)
    if found and not conversions:
        return found[0]
    wanted = "; ".join(f"{' and '.join(f.required)} ({f.title.lower()})" for f in FORMATS.values())
    fix = f"Name the columns as one of these: {wanted}. Or choose the format and its columns yourself."
    if conversions:
        titles = " or ".join(f"'{conversion.title}'" for conversion in conversions)
        fix = f"The rows can be converted ({titles}): {conversions[0].about} {fix}"
    raise DataError(f"No format fits the columns {_some(table.columns)}.", fix)


def resolve(format_: Format, mapping: Mapping[str, str], table: Table) -> dict[str, str]:
    """`mapping` with the names that the table's columns really have, whatever their case and spacing.

    A value may also be a template that joins columns: "{title}: {body}".

    Raises:
        SettingsError: Lists every part that is unknown or lacks its column, and every column that is named twice.
    """
    resolved: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name, value in mapping.items():
        if not value and name in {part.name for part in format_.parts}:
            continue  # a part that was cleared in a form
        actual, missing = _actual(value, table)
        problem = _problem(format_, name, actual, missing, resolved, table)
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


def _actual(value: str, table: Table) -> tuple[str, list[str]]:
    """The column or template with the table's own names, and the names that the table lacks."""
    if value in table.columns:
        return value, []
    named = fields(value)
    if not named:
        column = find(table.columns, [value])
        return column, [] if column else [value]
    names = {name: name if name in table.columns else find(table.columns, [name]) for name in named}
    return renamed(value, names), [name for name, column in names.items() if not column]


def _problem(
    format_: Format, name: str, actual: str, missing: list[str], resolved: Mapping[str, str], table: Table
) -> str:
    parts = [part.name for part in format_.parts]
    if name not in parts:
        return f"{format_.title} has no such part; it has {', '.join(parts)}"
    if missing:
        near = difflib.get_close_matches(missing[0], table.columns, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {_some(table.columns)}"
        return f"there is no column {missing[0]!r}; {hint}"
    taken = set(columns_of(resolved, table.columns))
    twice = next((column for column in columns_of({name: actual}, table.columns) if column in taken), "")
    return f"column {twice!r} is taken by another part" if twice else ""


def _some(columns: tuple[str, ...]) -> str:
    more = f" and {len(columns) - 12} more" if len(columns) > 12 else ""
    return ", ".join(repr(column) for column in columns[:12]) + more
