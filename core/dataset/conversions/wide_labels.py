"""A column of yes or no for each label becomes one column of labels."""

from core.dataset.conversions.conversion import Conversion, converted
from core.dataset.finding import counted
from core.dataset.formats.columns import Columns, is_yes, quoted
from core.dataset.formats.labelled_text import find_text
from core.dataset.table import Row, Table, text_of
from core.errors import DataError


def _marks(columns: Columns) -> list[str]:
    return columns.where("yes_no")


def _fits(table: Table) -> bool:
    columns = Columns(table)
    marks = _marks(columns)
    if len(marks) < 2:
        return False
    text = find_text(columns, *marks)
    return bool(text) and columns[text].is_prose


def _convert(table: Table) -> Table:
    columns = Columns(table)
    marks = _marks(columns)
    rest = [column for column in table.columns if column not in marks]
    chosen = [_labels(row, marks, table.number(place)) for place, row in enumerate(table.rows)]
    one_each = all(len(labels) == 1 for labels in chosen)
    name = _free("label" if one_each else "labels", rest)
    rows: list[Row] = [
        {**{column: row[column] for column in rest}, name: labels[0] if one_each else labels}
        for row, labels in zip(table.rows, chosen, strict=True)
    ]
    notes = [f"The {len(marks)} columns of yes and no ({_some(marks)}) became the column {name!r}."]
    none = sum(not labels for labels in chosen)
    if none:
        notes.append(f"{counted(none)} with no yes at all got an empty list, which is read as 'none'.")
    return converted(table, rows, notes)


def _labels(row: Row, marks: list[str], number: int) -> list[str]:
    labels = []
    for column in marks:
        said = is_yes(row[column])
        if said is None and text_of(row[column]).strip():
            raise DataError(
                f"Row {number} has {text_of(row[column])[:40]!r} in column {column.strip()!r}, where others have "
                "yes or no.",
                "Correct the cell, or remove the row.",
            )
        if said:
            labels.append(column.strip())
    return labels


def _free(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _some(columns: list[str]) -> str:
    return quoted(*columns) if len(columns) <= 8 else quoted(*columns[:7], f"{len(columns) - 7} more").replace("'", "")


CONVERSION = Conversion(
    name="wide_labels",
    title="One column of labels",
    about="Several columns say yes or no, one for each label. They become one column that lists the labels with yes.",
    fits=_fits,
    convert=_convert,
)
