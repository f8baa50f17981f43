"""What a file looks like where no format fits its rows, so that people can say what to make of them."""

from dataclasses import dataclass

from core.dataset.conversions import Conversion, fitting
from core.dataset.files.source import Source
from core.dataset.load import misfit, read_file
from core.dataset.report import PREVIEW, rows_shown
from core.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The rows of a training file as they stand."""

    rows: int
    columns: tuple[str, ...]
    encoding: str
    preview: tuple[dict[str, str], ...]
    """The first rows, every cell as text."""
    preview_rows: tuple[int, ...]
    """Their numbers."""
    conversions: tuple[str, ...]
    """Names of conversions that make other rows of them."""
    misfit: DataError | None
    """Why no format fits; None where one does."""


def offered(source: Source) -> list[Conversion]:
    """What can be made of the rows where they are no examples yet.

    Raises:
        DataError: The file cannot be read.
    """
    return fitting(read_file(source, "train"))


def glance(source: Source, sheet: str = "") -> Glance:
    """Look at the rows of the training file, or of one sheet of a workbook.

    Raises:
        DataError: The file cannot be read.
    """
    table = read_file(source, "train", sheet)
    preview, numbers = rows_shown(table, range(min(PREVIEW, len(table.rows))))
    return Glance(
        rows=len(table.rows),
        columns=table.columns,
        encoding=table.encoding,
        preview=preview,
        preview_rows=numbers,
        conversions=tuple(conversion.name for conversion in fitting(table)),
        misfit=misfit(source, table),
    )
