"""Rows that cannot become an example: a part is empty, or something else is wrong with it."""

from collections import defaultdict
from collections.abc import Iterable

from core.dataset.examples import Reading, Unfit
from core.dataset.finding import Finding, counted, listed
from core.dataset.health.check import Check, Inspection


def _unfit(file: str, reading: Reading) -> list[Finding]:
    groups: dict[tuple[str, str], list[Unfit]] = defaultdict(list)
    for unfit in reading.unfit:
        groups[unfit.column, unfit.why].append(unfit)
    total = len(reading.table.rows)
    where = "" if file == "train" else f" of the {file} file"
    found = []
    for (column, why), members in groups.items():
        rows = tuple(unfit.row for unfit in members)
        what = why or f"{'has' if len(rows) == 1 else 'have'} nothing in column {column.strip()!r}"
        verb = "is" if len(rows) == 1 else "are"
        found.append(
            Finding(
                name="unreadable-row" if why else "empty-field",
                severity="error" if len(rows) * 2 > total else "warning",
                rows=rows,
                what=f"{counted(len(rows))}{where} {_plural(what, len(rows))} and {verb} left out ({listed(rows)}).",
                fix="Complete the rows, or leave them out; if the column is the wrong one, choose another."
                if not why
                else "Mend the rows, or leave them out.",
                file=file,
            )
        )
    return found


def _plural(what: str, number: int) -> str:
    """A reason that speaks of one row, for several: "has ..." becomes "have ..."."""
    for one, many in (("has ", "have "), ("is ", "are ")):
        if number > 1 and what.startswith(one):
            return many + what.removeprefix(one)
    return what


def _run(inspection: Inspection) -> Iterable[Finding]:
    for file, reading in inspection.readings.items():
        yield from _unfit(file, reading)


CHECK = Check(name="fields", about="empty and unreadable fields", finds=("empty-field", "unreadable-row"), run=_run)
