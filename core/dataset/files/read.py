"""A file becomes a table: separated values, JSON, Parquet, Arrow, a workbook, plain text, compressed or not."""

import contextlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from core.dataset.files.archive import read_archive
from core.dataset.files.decode import Encoding, find_encoding, is_binary, text_of_file
from core.dataset.files.kinds import kind_of
from core.dataset.files.readers.delimited import read_delimited
from core.dataset.files.readers.isolated import read_columnar, read_sheet
from core.dataset.files.readers.json_lines import read_json_lines
from core.dataset.files.readers.json_text import read_json
from core.dataset.files.readers.passages import read_passages
from core.dataset.files.readers.separators import looks_like_table
from core.dataset.files.readers.workbook import read_workbook
from core.dataset.files.strays import note as stray_note
from core.dataset.files.unpack import Allowance, compression, decompressed, inner_name
from core.dataset.files.watched import open_watched
from core.dataset.progress import Progress, nobody, without_collector
from core.dataset.table import MAX_BYTES, MAX_WHOLE, Table
from core.errors import DataError

__all__ = ["SUFFIXES", "Table", "open_regular", "parse_table", "read_table", "sheets", "shown"]

_PLAIN = (".csv", ".tsv", ".tab", ".psv", ".json", ".jsonl", ".ndjson", ".txt", ".md", ".markdown")
_BINARY = (".parquet", ".arrow", ".feather", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_PACKED = (".gz", ".bz2", ".xz", ".zst")
SUFFIXES = (*_PLAIN, *_BINARY, *_PACKED, ".zip")
"""Endings of the files that can be read."""

_HEAD = 4096
_JSON = re.compile(r'\s*(?:\[\s*[\]\[{"]|\{\s*["}])')
_CHOOSE = "Choose a table (CSV, JSON, Parquet, Excel and more), plain text, or a zip archive of them."


def read_table(path: Path, *, sheet: str = "", name: str = "", tell: Progress = nobody) -> Table:
    """Read the rows of a file; how, its content says more than its name.

    `sheet` chooses among those of a workbook; `name` is what messages call the file, if not by its own.
    `tell` hears how far it is.

    Raises:
        DataError: It is no regular file, too large, or cannot be read; names the row, counted from 1, and what to do.
        MachineError: There is no room to unpack it.
    """
    with open_regular(path, tell) as file:
        return _parse(file, shown(name or path.name), sheet)


def parse_table(data: bytes, name: str, *, sheet: str = "") -> Table:
    """Rows of a file's content; `name` is what error messages call it.

    Raises:
        DataError: The content cannot be understood.
    """
    return _parse(io.BytesIO(data), shown(name), sheet)


def sheets(path: Path) -> tuple[str, ...]:
    """The names of a workbook's sheets; of any other file, none.

    Raises:
        DataError: The file cannot be opened.
    """
    with open_regular(path) as file:
        head, name = file.read(_HEAD), shown(path.name)
        if not head.startswith((b"PK", b"\xd0\xcf\x11\xe0")) or kind_of(file, head, name) != "workbook":
            return ()
        return read_sheet(file, "", name).all_names


@contextlib.contextmanager
def open_regular(path: Path, tell: Progress = nobody) -> Iterator[BinaryIO]:
    """A regular file of at most `MAX_BYTES`, open for reading.

    Raises:
        DataError: There is no such file, it is none (a pipe, a device), or it is too large.
    """
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise DataError(f"{shown(path.name)} {what}.", _CHOOSE)
    try:
        file = path.open("rb") if tell is nobody else open_watched(path, tell)
    except OSError as error:
        raise DataError(f"{shown(path.name)} cannot be opened: {error.strerror}.", "Check its permissions.") from error
    with file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise DataError(
                f"{shown(path.name)} has {size / 2**20:,.0f} MiB; at most {MAX_BYTES // 2**20:,} MiB can be read.",
                "Take a sample of the rows; for tuning, a few thousand good examples are plenty.",
            )
        yield file


def shown(name: str) -> str:
    """A file's name as it may be printed: bytes that are no UTF-8 are replaced."""
    return name.encode("utf-8", "replace").decode()


def _parse(file: BinaryIO, name: str, sheet: str) -> Table:
    allowance = Allowance(file.seek(0, os.SEEK_END), name)
    with without_collector():
        return _parse_file(file, name, sheet, allowance, outer=True)


def _parse_file(file: BinaryIO, name: str, sheet: str, allowance: Allowance, *, outer: bool) -> Table:
    file.seek(0)
    head = file.read(_HEAD)
    if not head:
        raise DataError(f"{name} is empty.", "Choose a file with a few examples.")
    packed = compression(head)
    if packed:
        with decompressed(file, packed, name, allowance) as content:
            return _parse_content(content, content.read(_HEAD), name, sheet)
    if outer and kind_of(file, head, name) == "archive":

        def parse(member: BinaryIO, inner: str) -> Table:
            return _parse_file(member, inner, sheet, allowance, outer=False)

        return read_archive(file, name, SUFFIXES, allowance, parse)
    return _parse_content(file, head, name, sheet)


def _parse_content(file: BinaryIO, head: bytes, name: str, sheet: str) -> Table:
    if not head:
        raise DataError(f"{name} is empty.", "Choose a file with a few examples.")
    kind = "packed" if compression(head) else kind_of(file, head, name)
    if kind in {"archive", "packed"}:
        raise DataError(f"{name} holds another archive.", "Unpack it and choose the files that hold the examples.")
    if kind == "workbook":
        return read_workbook(file, sheet, name)
    if kind != "text":
        return read_columnar(file, kind, name)
    if is_binary(head):
        raise DataError(f"{name} is not a text file.", _CHOOSE)
    encoding = find_encoding(file, name)
    table = _parse_text(file, encoding, name)
    if encoding.strays:
        return replace(table, notes=(*table.notes, stray_note(encoding.strays, name)))
    if not encoding.guessed:
        return table
    guess = f"{name} does not say how its letters are written; they make sense as {encoding.name}."
    return replace(table, notes=(*table.notes, guess))


def _parse_text(file: BinaryIO, encoding: Encoding, name: str) -> Table:
    ending = Path(inner_name(name)).suffix.lower()
    with text_of_file(file, encoding) as text:
        beginning = text.read(2**16)
    if not beginning.strip() and file.seek(0, os.SEEK_END) < 2**16:
        raise DataError(f"{name} is empty.", "Choose a file with a few examples.")
    if "\0" in beginning[:16]:
        raise DataError(f"{name} is not a text file.", _CHOOSE)
    if _is_json(beginning, ending):
        return _parse_json(file, encoding, name)
    if ending in {".md", ".markdown"} or (ending == ".txt" and not looks_like_table(beginning)):
        return read_passages(_whole(file, name), encoding, name)
    return read_delimited(file, encoding, name)


def _is_json(beginning: str, ending: str) -> bool:
    if ending in {".json", ".jsonl", ".ndjson"}:
        return True
    return ending not in {".csv", ".tsv", ".tab", ".psv", ".md", ".markdown"} and bool(_JSON.match(beginning))


def _parse_json(file: BinaryIO, encoding: Encoding, name: str) -> Table:
    size = file.seek(0, os.SEEK_END)
    table = read_json_lines(file, encoding, name, whole=size <= MAX_WHOLE)
    if table is not None:
        return table
    with text_of_file(_whole(file, name), encoding) as text:
        return read_json(text.read(), encoding.name, name)


def _whole(file: BinaryIO, name: str) -> BinaryIO:
    size = file.seek(0, os.SEEK_END)
    if size > MAX_WHOLE:
        raise DataError(
            f"{name} has {size / 2**20:,.0f} MiB, and must be read as a whole; at most {MAX_WHOLE // 2**20} MiB can.",
            "Write one JSON object a line (JSON Lines), save it as Parquet or CSV, or take a sample of the rows.",
        )
    return file
