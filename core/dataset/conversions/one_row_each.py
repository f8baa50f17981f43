"""A column for each kind of passage, lists or texts in its cells: each passage becomes a row, its kind the label."""

from core.dataset.conversions.conversion import Conversion, converted
from core.dataset.finding import counted
from core.dataset.formats.columns import Columns, find
from core.dataset.formats.multi_label import listed
from core.dataset.table import Row, Table, text_of

_LONG = 40
"""Characters on average from which cells are passages and not values."""


def _kinds(columns: Columns) -> list[str]:
    """The columns of passages: those with lists, or else those with long texts, of which many rows lack some."""
    lists = [column for column in columns.names if _holds_lists(columns, column)]
    if len(lists) > 1:
        return [] if _are_parallel(columns, lists) else lists
    texts = [column for column in columns.where("is_prose") if columns[column].mean_length >= _LONG]
    return texts if columns.where("is_sparse", texts) else []


def _holds_lists(columns: Columns, column: str) -> bool:
    cells = columns.cells(column, 30)
    lists = [parts for parts in map(listed, cells) if parts is not None]
    return bool(lists) and len(lists) >= 0.9 * len(cells) and any(lists)


def _are_parallel(columns: Columns, lists: list[str]) -> bool:
    """Whether the lists of a row belong together, item by item, as words and their marks do."""
    for row in columns.rows[:30]:
        sizes = {len(listed(row[column]) or ()) for column in lists}
        if len(sizes) > 1:
            return False
    return True


def _fits(table: Table) -> bool:
    return len(_kinds(Columns(table))) > 1


def _convert(table: Table) -> Table:
    columns = Columns(table)
    kinds = _kinds(columns)
    in_lists = any(_holds_lists(columns, kind) for kind in kinds)
    others = [column for column in table.columns if column not in kinds]
    origin = find(others, ("filename", "file", "document", "title", "name", "id")) or ""
    rows: list[Row] = []
    bad = 0
    for row in table.rows:
        for kind in kinds:
            parts = listed(row[kind])
            if parts is None:
                text = text_of(row[kind]).strip()
                bad += in_lists and text.startswith("[")
                parts = [text] if text else []
            source = {origin.strip(): row[origin]} if origin else {}
            rows += [{**source, "text": part, "label": kind.strip()} for part in parts if part]
    notes = [f"{counted(len(table.rows))} became {counted(len(rows), 'text')}, each labelled with its column's name."]
    unused = [column.strip() for column in others if column != origin and column.strip()]
    if unused:
        shown = ", ".join(unused[:5]) + (f" and {len(unused) - 5} more" if len(unused) > 5 else "")
        notes.append(f"{counted(len(unused), 'column')} not used: {shown}.")
    if bad:
        verb = "begins like a list, is none, and was" if bad == 1 else "begin like lists, are none, and were"
        notes.append(f"{counted(bad, 'cell')} {verb} taken as one text.")
    return converted(table, rows, notes)


CONVERSION = Conversion(
    name="one_row_each",
    title="One row for each text, labelled with its column",
    about="Each column holds texts of one kind, in lists or alone. Every text becomes a row of its own, and the "
    "column's name becomes its label.",
    fits=_fits,
    convert=_convert,
)
