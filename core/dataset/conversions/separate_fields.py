"""Objects in cells: each of their fields becomes a column."""

from core.dataset.conversions.conversion import Conversion, converted
from core.dataset.formats.columns import quoted
from core.dataset.table import Row, Table


def _objects(table: Table) -> list[str]:
    """The columns whose cells are objects, all with much the same fields."""
    found = []
    for column in table.columns:
        cells = [row[column] for row in table.rows[:50] if row[column] not in (None, "", {})]
        if cells and all(isinstance(cell, dict) for cell in cells):
            fields = {key for cell in cells for key in cell}
            if len(fields) <= 2 * max(map(len, cells)) and not fields & {"role", "from"}:
                found.append(column)
    return found


def _fits(table: Table) -> bool:
    return bool(_objects(table))


def _convert(table: Table) -> Table:
    columns = _objects(table)
    rows = [_separated(row, columns) for row in table.rows]
    made = [name for name in dict.fromkeys(key for row in rows for key in row) if name not in table.columns]
    return converted(table, rows, [f"The fields of {quoted(*columns)} became the columns {quoted(*made[:20])}."])


def _separated(row: Row, columns: list[str]) -> Row:
    rest = {name: value for name, value in row.items() if name not in columns}
    for column in columns:
        value = row[column]
        if isinstance(value, dict):
            rest |= {key if key not in rest else f"{column}.{key}": part for key, part in value.items()}
        elif value not in (None, ""):
            rest[column] = value
    return rest


CONVERSION = Conversion(
    name="separate_fields",
    title="One column for each field",
    about="The cells of a column are objects with named fields. Each field becomes a column of its own.",
    fits=_fits,
    convert=_convert,
)
