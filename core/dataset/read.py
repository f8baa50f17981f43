"""A file becomes a table: CSV, TSV, JSON, JSONL, Parquet; anything else gets one clear sentence."""

from pathlib import Path

from core.dataset.decode import decode
from core.dataset.readers.delimited import SEPARATORS, read_delimited
from core.dataset.readers.json_text import read_json
from core.dataset.readers.parquet import read_parquet
from core.dataset.table import MAX_BYTES, Table
from core.errors import DataError

__all__ = ["SUFFIXES", "Table", "parse_table", "read_bytes", "read_table"]

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt")
"""Endings of the files that can be read."""

_FOREIGN = {  # what a file begins with, what it is, and what to do; nothing is ever unpacked, so no bomb goes off
    b"PK\x03\x04": ("an Excel workbook or a zip archive", "Save the sheet as CSV (UTF-8), or unpack the archive."),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "Save the sheet as CSV (UTF-8)."),
    b"\x1f\x8b": ("compressed with gzip", "Unpack it first."),
    b"BZh": ("compressed with bzip2", "Unpack it first."),
    b"\xfd7zXZ": ("compressed with xz", "Unpack it first."),
    b"\x28\xb5\x2f\xfd": ("compressed with zstandard", "Unpack it first."),
    b"7z\xbc\xaf": ("a 7-Zip archive", "Unpack it first."),
    b"%PDF": ("a PDF document", "Put the examples into a table, one a row, and save it as CSV."),
    b"ARROW1": ("an Arrow file", "Save it as Parquet, CSV or JSONL."),
    b"version https://git-lfs": ("a Git LFS pointer, not the data", "Fetch the data with 'git lfs pull'."),
}


def read_table(path: Path) -> Table:
    """Read the rows of a file; how, its content says more than its name.

    Raises:
        DataError: It is no regular file, too large, or cannot be read; names the row, counted from 1, and what to do.
    """
    return parse_table(read_bytes(path), path.name)


def read_bytes(path: Path) -> bytes:
    """The content of a regular file of at most `MAX_BYTES`.

    Raises:
        DataError: There is no such file, it is none (a pipe, a device), or it is too large.
    """
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise DataError(f"{shown(path.name)} {what}.", "Choose a CSV, TSV, JSON, JSONL or Parquet file.")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{shown(path.name)} cannot be opened: {error.strerror}.", "Check its permissions.") from error
    if len(data) > MAX_BYTES:
        size = path.stat().st_size / 2**20
        raise DataError(
            f"{shown(path.name)} has {size:,.0f} MiB; at most {MAX_BYTES // 2**20} MiB can be read.",
            "Take a sample of the rows; for tuning, a few thousand good examples are plenty.",
        )
    return data


def parse_table(data: bytes, name: str) -> Table:
    """Rows of a file's content; `name` is what error messages call it.

    Raises:
        DataError: The content cannot be understood.
    """
    name = shown(name)
    if data.startswith(b"PAR1"):
        return read_parquet(data, name)
    for beginning, (what, fix) in _FOREIGN.items():
        if data.startswith(beginning):
            raise DataError(f"{name} is {what}.", fix)
    if not data:
        raise DataError(f"{name} is empty.", "Choose a file with a few examples.")
    text, encoding = decode(data, name)
    if _is_json(text, name):
        return read_json(text, encoding, name)
    if "\0" in text[:16]:
        raise DataError(f"{name} is not a text file.", "Choose a CSV, TSV, JSON, JSONL or Parquet file.")
    if name.lower().endswith(".txt") and _is_prose(text):
        raise DataError(
            f"{name} is plain text without columns.",
            "Training needs questions and answers: put them into a table with two columns and save it as CSV.",
        )
    return read_delimited(text, encoding, name)


def shown(name: str) -> str:
    """A file's name as it may be printed: bytes that are no UTF-8 are replaced."""
    return name.encode("utf-8", "replace").decode()


def _is_prose(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    return len(first) > 200 or not any(separator in first for separator in SEPARATORS)


def _is_json(text: str, name: str) -> bool:
    ending = Path(name).suffix.lower()
    if ending in {".csv", ".tsv"}:
        return False
    return text.lstrip()[:1] in {"[", "{"} or ending in {".json", ".jsonl", ".ndjson"}
