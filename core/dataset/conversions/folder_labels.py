"""Documents that lie in a folder for each class: the folder's name becomes the label."""

from pathlib import PurePosixPath

from core.dataset.conversions.conversion import Conversion, converted
from core.dataset.finding import counted
from core.dataset.formats.columns import LOOK_AT
from core.dataset.table import Row, Table, text_of


def _fits(table: Table) -> bool:
    if set(table.columns) != {"text", "file"}:
        return False
    folders = [_folder(row) for row in table.rows[:: max(1, len(table.rows) // LOOK_AT)]]
    return all(folders) and 2 <= len(set(folders)) <= len(folders) / 3


def _convert(table: Table) -> Table:
    rows: list[Row] = [{"text": row["text"], "label": _folder(row), "file": row["file"]} for row in table.rows]
    folders = len({row["label"] for row in rows})
    return converted(
        table, rows, [f"The names of {counted(folders, 'folder')} became the labels of {len(rows):,} rows."]
    )


def _folder(row: Row) -> str:
    return PurePosixPath(text_of(row["file"])).parent.name


CONVERSION = Conversion(
    name="folder_labels",
    title="Folders as labels",
    about="The documents lie in several folders. The name of a document's folder becomes its label.",
    fits=_fits,
    convert=_convert,
)
