"""Rows become a file again: JSONL, CSV or Parquet."""

import csv
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from core.dataset.table import Table, text_of
from core.errors import MachineError, SettingsError

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that a spreadsheet would run: such cells get an apostrophe before it."""
_NUMBER = re.compile(r"[+-][0-9]+(?:[.,][0-9]+)?")
"""A number runs nothing, and may be a label: "-1" stays as it is."""


def _jsonl(table: Table) -> bytes:
    lines = (
        json.dumps({column: row.get(column) for column in table.columns}, ensure_ascii=False) for row in table.rows
    )
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _csv(table: Table) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([_harmless(column) for column in table.columns])
    writer.writerows([_harmless(text_of(row.get(column))) for column in table.columns] for row in table.rows)
    return out.getvalue().encode("utf-8-sig", "replace")  # the mark tells a spreadsheet that it is UTF-8


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def _parquet(table: Table) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    # Text in every column: a column whose cells are of several kinds has no type of its own.
    columns = {
        column: [None if row.get(column) is None else text_of(row[column]) for row in table.rows]
        for column in table.columns
    }
    out = pa.BufferOutputStream()
    parquet.write_table(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}), out)
    return bytes(out.getvalue().to_pybytes())


FORMS: Mapping[str, Callable[[Table], bytes]] = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}
"""Ending of a file to what writes it."""


def write_tables(tables: Mapping[str, Table], out: Path) -> list[Path]:
    """Write the training rows to `out`, other files beside it ("name_test.csv"); the ending says in which form.

    Raises:
        SettingsError: The ending is none of `FORMS`.
        MachineError: The file cannot be written.
    """
    form = out.suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise SettingsError({"out": f"{out.name!r} ends in none of {', '.join(f'.{name}' for name in FORMS)}"})
    written = []
    for file, table in tables.items():
        path = out if file == "train" else out.with_name(f"{out.stem}_{file}{out.suffix}")
        _write(path, FORMS[form](table))
        written.append(path)
    return written


def write_download(tables: Mapping[str, Table], folder: Path, stem: str, form: str) -> Path:
    """Write one file to download: the rows, or a zip of them where there are a test or a validation file.

    Raises:
        MachineError: The file cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    contents = {f"{stem}_{file}.{form}": FORMS[form](table) for file, table in tables.items()}
    if len(contents) == 1:
        path = folder / f"{stem}.{form}"
        _write(path, next(iter(contents.values())))
        return path
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    _write(folder / f"{stem}_{form}.zip", packed.getvalue())
    return folder / f"{stem}_{form}.zip"


def _write(path: Path, content: bytes) -> None:
    """Write a file that is complete under its name, or not there at all.

    Raises:
        MachineError: The folder cannot be written, or the disk is full.
    """
    try:
        descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(fresh).replace(path)
        finally:
            Path(fresh).unlink(missing_ok=True)
    except OSError as error:
        raise MachineError(
            f"{path.name} ({len(content) / 2**20:.1f} MiB) cannot be written: {error.strerror}.",
            "Choose another folder, or free some space.",
        ) from error
