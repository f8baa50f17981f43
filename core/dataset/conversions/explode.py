"""One list of objects in each row: every object becomes a row, and what stands around the list is repeated."""

from core.dataset.conversions.conversion import Conversion, converted
from core.dataset.finding import counted
from core.dataset.formats.turns import turns_of
from core.dataset.table import Row, Table


def _lists(table: Table) -> list[str]:
    """The columns whose cells are lists of objects that are no conversations."""
    return [column for column in table.columns if _holds_objects([row[column] for row in table.rows[:50]])]


def _holds_objects(cells: list[object]) -> bool:
    filled = [cell for cell in cells if cell not in (None, "", [])]
    return bool(filled) and all(
        isinstance(cell, list) and all(isinstance(part, dict) for part in cell) and turns_of(cell) is None
        for cell in filled
    )


def _fits(table: Table) -> bool:
    return len(_lists(table)) == 1


def _convert(table: Table) -> Table:
    column = _lists(table)[0]
    outer = [name for name in table.columns if name != column]
    rows: list[Row] = []
    lost: list[int] = []
    for place, row in enumerate(table.rows):
        parts = row[column] if isinstance(row[column], list) else []
        around = {name: row[name] for name in outer}
        made = [
            {**around, **{key if key not in around else f"{column}.{key}": value for key, value in part.items()}}
            for part in parts
            if isinstance(part, dict)
        ]
        if not made:
            lost.append(table.number(place))
        rows += made
    notes = [f"{counted(len(table.rows))} became {counted(len(rows))}, one for each object in {column.strip()!r}."]
    if lost:
        verb = "has" if len(lost) == 1 else "have"
        notes.append(f"{counted(len(lost))} {verb} no such object and {'is' if len(lost) == 1 else 'are'} left out.")
    return converted(table, rows, notes)


CONVERSION = Conversion(
    name="explode",
    title="One row for each object in the list",
    about="Each row holds a list of objects. Every object becomes a row, its fields become columns, and what stands "
    "around the list is repeated.",
    fits=_fits,
    convert=_convert,
)
