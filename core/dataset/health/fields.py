"""Rows that cannot become an example: a part is empty, or something else is wrong with it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from core.dataset.examples import Reading, Unfit
from core.dataset.finding import Finding, counted, dropping, excerpt, listed, of_file
from core.dataset.health.check import Check, Inspection
from core.dataset.health.spots import seek
from core.dataset.table import text_of

_SEEN = re.compile(
    "[^\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufeff]"
)
"""A character that people can see."""


_REJECTED = "is marked as a bad answer"
"""What a format says of a row that is left out because people said so: no trouble at all."""


def _unfit(file: str, reading: Reading) -> Iterable[Finding]:
    groups: dict[tuple[str, str], list[Unfit]] = defaultdict(list)
    for unfit in reading.unfit:
        groups[unfit.column, unfit.why].append(unfit)
    for (column, why), members in groups.items():
        if why == _REJECTED:
            yield _rejected(file, members)
            continue
        rows = tuple(unfit.row for unfit in members)
        what = why or f"{'has' if len(rows) == 1 else 'have'} nothing in column {column.strip()!r}"
        verb = "is" if len(rows) == 1 else "are"
        most = len(rows) * 2 > len(reading.table.rows)
        yield Finding(
            name="unreadable-row" if why else "empty-field",
            severity="error" if most else "warning",
            rows=rows,
            what=f"{counted(len(rows))}{of_file(file)} {_plural(what, len(rows))} and {verb} left out "
            f"({listed(rows)}).",
            fix="Complete the rows, or leave them out; if the column is the wrong one, choose another."
            if not why
            else "Mend the rows, or leave them out.",
            file=file,
            column=column,
            example=_shown(reading, rows[0], column),
            mends=(dropping("Leave them out for good", rows, file, safe=not most),),
        )


def _rejected(file: str, members: Sequence[Unfit]) -> Finding:
    rows = tuple(unfit.row for unfit in members)
    verb = "row is" if len(rows) == 1 else "rows are"
    what = f"{len(rows):,} {verb} marked as a bad answer{of_file(file)} and left out; the good ones are learned."
    return Finding(name="bad-answer", severity="note", rows=rows, what=what, fix="", file=file)


def _shown(reading: Reading, row: int, column: str) -> str:
    """The cell at fault, or where it is empty what else stands in the row."""
    table = reading.table
    place = table.numbers.index(row) if table.numbers else row - 1
    cells = [text_of(cell) for name, cell in table.rows[place].items() if name != column]
    return excerpt(text_of(table.rows[place].get(column)).strip() or " · ".join(cell for cell in cells if cell))


def _plural(what: str, number: int) -> str:
    """A reason that speaks of one row, for several: "has ..." becomes "have ..."."""
    for one, many in (("has ", "have "), ("is ", "are ")):
        if number > 1 and what.startswith(one):
            return many + what.removeprefix(one)
    return what


def _unseen(inspection: Inspection, file: str) -> Iterable[Finding]:
    """Cells that look empty and are not: they hold only characters without a width."""
    spots = seek(inspection, file, lambda text: 0 if text.strip() and not _SEEN.search(text) else -1)
    if not spots:
        return
    rows = spots.rows
    looks = "looks empty but holds" if len(rows) == 1 else "look empty but hold"
    yield Finding(
        name="blank-field",
        severity="warning",
        rows=rows,
        what=f"{counted(len(rows))}{of_file(file)} {looks} characters that nobody can see ({listed(rows)}).",
        fix="Leave the rows out, or write something into the cells.",
        file=file,
        column=spots.column,
        mends=(dropping("Leave them out", rows, file, safe=True),),
    )


def _wordless(inspection: Inspection, file: str) -> Iterable[Finding]:
    """Prompts without a letter, a digit or a sign that means something."""

    def only_marks(text: str) -> int:
        stripped = text.strip()
        return 0 if stripped and len(stripped) < 20 and not stripped.strip(".,;:!?-–—_*#/\\|'\"`~()[]<>…") else -1

    cells = [cell for cell in seek(inspection, file, only_marks).cells if cell[1] != inspection.answer_column]
    rows = tuple(dict.fromkeys(row for row, _, _ in cells))
    if rows:
        columns = {column for _, column, _ in cells}
        verb = "holds" if len(rows) == 1 else "hold"
        yield Finding(
            name="no-words",
            severity="note",
            rows=rows,
            what=f"{counted(len(rows))}{of_file(file)} {verb} only punctuation where words are expected "
            f"({listed(rows)}).",
            fix="Leave the rows out unless the signs mean something.",
            file=file,
            column=columns.pop() if len(columns) == 1 else "",
            example=excerpt(text_of(cells[0][2])),
            mends=(dropping("Leave them out", rows, file),),
        )


def _run(inspection: Inspection) -> Iterable[Finding]:
    for file, reading in inspection.readings.items():
        yield from _unfit(file, reading)
        yield from _unseen(inspection, file)
        yield from _wordless(inspection, file)


CHECK = Check(
    name="fields",
    about="empty and unreadable fields",
    finds=("empty-field", "unreadable-row", "bad-answer", "blank-field", "no-words"),
    run=_run,
)
