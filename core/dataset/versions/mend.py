"""A mend is applied: rows are left out, cells are changed, or a conversion makes other rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from core.dataset.conversions import CONVERSIONS
from core.dataset.finding import Finding, Mend, counted
from core.dataset.table import Table


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after, for a preview."""

    file: str
    row: int
    before: Mapping[str, Any]
    """The whole row; empty where a conversion makes a row that was not there."""
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
    """The first `most` rows that `mend` leaves out or changes; of a conversion, the first rows that it makes.

    Raises:
        DataError: A conversion does not fit the rows.
    """
    if mend.conversion:
        made = ((file, table, place) for file, table in apply(mend, tables).items() for place in range(len(table.rows)))
        return [Change(file, table.number(place), {}, table.rows[place]) for file, table, place in islice(made, most)]
    changes: list[Change] = []
    for file, table in tables.items():
        drop, cells = set(mend.drop.get(file, ())), mend.cells.get(file, {})
        for place, row in enumerate(table.rows):
            number = table.number(place)
            if number in drop:
                changes.append(Change(file, number, row, None))
            elif number in cells:
                after = {column: content for column, content in cells[number].items() if content != row.get(column)}
                changes.append(Change(file, number, row, after))
            if len(changes) == most:
                return changes
    return changes


def all_safe(findings: Sequence[Finding]) -> Mend | None:
    """One mend that does what all safe mends of `findings` do; None where there is none."""
    safe = [mend for finding in findings for mend in finding.mends if mend.safe]
    if not safe:
        return None
    drop: dict[str, set[int]] = defaultdict(set)
    cells: dict[str, dict[int, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for mend in safe:
        for file, rows in mend.drop.items():
            drop[file].update(rows)
        for file, changed in mend.cells.items():
            for row, contents in changed.items():
                cells[file][row].update(contents)
    return Mend(
        name="safe",
        title="Fix all that are safe",
        safe=True,
        drop={file: tuple(sorted(rows)) for file, rows in drop.items()},
        cells={
            file: {row: contents for row, contents in rows.items() if row not in drop[file]}
            for file, rows in cells.items()
        },
    )


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
