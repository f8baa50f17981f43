"""A mend is applied: rows are left out, cells are changed, or a conversion makes other rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.dataset.conversions import CONVERSIONS
from core.dataset.finding import Mend, counted
from core.dataset.table import Table


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after, for a preview."""

    file: str
    row: int
    before: Mapping[str, Any]
    after: Mapping[str, Any] | None
    """Only the columns that change; None where the row is left out."""


def apply(mend: Mend, tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables as the mend leaves them; rows keep the numbers that they have in the uploaded file.

    Raises:
        DataError: A conversion does not fit the rows.
    """
    if mend.conversion:
        convert = CONVERSIONS[mend.conversion].convert
        return {file: convert(table) for file, table in tables.items()}
    return {
        file: _changed(table, set(mend.drop.get(file, ())), mend.cells.get(file, {})) for file, table in tables.items()
    }


def preview(mend: Mend, tables: Mapping[str, Table], most: int = 5) -> list[Change]:
    """The first `most` rows that `mend` leaves out or changes."""
    changes: list[Change] = []
    for file, table in tables.items():
        drop, cells = set(mend.drop.get(file, ())), mend.cells.get(file, {})
        for place, row in enumerate(table.rows):
            number = table.number(place)
            if number in drop:
                changes.append(Change(file, number, row, None))
            elif number in cells:
                changes.append(Change(file, number, row, cells[number]))
            if len(changes) == most:
                return changes
    return changes


def told(mend: Mend) -> str:
    """What the mend does, one sentence for the table of versions."""
    dropped, changed = sum(map(len, mend.drop.values())), sum(map(len, mend.cells.values()))
    done = [f"{counted(dropped)} left out"] if dropped else []
    done += [f"{counted(changed)} changed"] if changed else []
    return (
        f"{mend.title}: {' and '.join(done) or 'rows kept as they are'}." if not mend.conversion else f"{mend.title}."
    )


def _changed(table: Table, drop: set[int], cells: Mapping[int, Mapping[str, Any]]) -> Table:
    numbers = [table.number(place) for place in range(len(table.rows))]
    kept = [place for place, number in enumerate(numbers) if number not in drop]
    rows = [{**table.rows[place], **cells.get(numbers[place], {})} for place in kept]
    return replace(table, rows=rows, numbers=tuple(numbers[place] for place in kept) if drop else table.numbers)
