"""What a file is, by how it begins: its content says more than its name."""

import os
import zipfile
from typing import BinaryIO

from core.dataset.files.unpack import open_zip
from core.errors import DataError

_TABLE = "Put the examples into a table, one a row, and save it as CSV."
_WORD = "Save it as plain text (.txt), or put the examples into a table, one a row, and save that as CSV."
_UNPACK = "Unpack it and choose the files that hold the examples."
_RESAVE = "Save it as Parquet, CSV or JSONL."

_FOREIGN = {  # what a file begins with, what it is, and what to do
    b"7z\xbc\xaf": ("a 7-Zip archive", _UNPACK),
    b"Rar!\x1a\x07": ("a RAR archive", _UNPACK),
    b"%PDF": ("a PDF document", _TABLE),
    b"{\\rtf": ("a rich text document", _WORD),
    b"FEA1": ("a Feather file of the first version", _RESAVE),
    b"SQLite format 3": ("an SQLite database", "Export the table that holds the examples as CSV."),
    b"\x89HDF": ("an HDF5 file", _RESAVE),
    b"Obj\x01": ("an Avro file", _RESAVE),
    b"ORC": ("an ORC file", _RESAVE),
    b"\x93NUMPY": ("a NumPy array", "Save the texts as CSV or JSONL."),
    b"\x80\x04\x95": ("a pickle, which can run code", _RESAVE),
    b"version https://git-lfs": ("a Git LFS pointer, not the data", "Fetch the data with 'git lfs pull'."),
}
_MARKUP = (b"<!doctype html", b"<html")
_OFFICE = {  # a name within the archive, and what the file is then
    "xl/workbook.xml": "workbook",
    "xl/workbook.bin": "workbook",
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
    "META-INF/container.xml": "an electronic book",
}
_OPEN = {"spreadsheet": "workbook", "text": "a text document", "presentation": "a presentation"}
_OLE = {  # names in the table of contents of an old Office file
    "EncryptedPackage": "protected by a password",
    "WordDocument": "an old Word document",
    "PowerPoint Document": "an old PowerPoint presentation",
}


def kind_of(file: BinaryIO, head: bytes, name: str) -> str:
    """What a file that begins with `head` is: "parquet", "arrow", "workbook", "archive" or "text".

    Raises:
        DataError: It is something that cannot be read; says what to do instead.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _office(file, name)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _old_office(file, name)
    _refuse_foreign(head, name)
    return "text"


def _refuse_foreign(head: bytes, name: str) -> None:
    if head[257:262] == b"ustar":
        raise DataError(f"{name} is a tar archive.", _UNPACK)
    if head.lstrip()[:20].lower().startswith(_MARKUP):
        raise DataError(f"{name} is a web page.", "Download the data itself, not the page that shows it.")
    for beginning, (what, fix) in _FOREIGN.items():
        if head.startswith(beginning) and not (beginning == b"ORC" and head.isascii()):
            raise DataError(f"{name} is {what}.", fix)


def _office(file: BinaryIO, name: str) -> str:
    with open_zip(file, name) as archive:
        names = set(archive.namelist())
        kind = next((kind for inner, kind in _OFFICE.items() if inner in names), "")
        if not kind and "mimetype" in names and "content.xml" in names:
            kind = next((kind for word, kind in _OPEN.items() if word in _mimetype(archive)), "")
    if kind == "workbook":
        _check_parts(archive, name)
    elif kind:
        raise DataError(f"{name} is {kind}.", _WORD)
    return kind or "archive"


_LARGEST_PART = 512 * 2**20
"""Bytes of a workbook, unpacked; the process that reads it has a limit of its own too."""


def _check_parts(archive: zipfile.ZipFile, name: str) -> None:
    if sum(info.file_size for info in archive.infolist()) > _LARGEST_PART:
        raise DataError(
            f"{name} unpacks to more than {_LARGEST_PART // 2**20} MiB.",
            "Keep only the sheet and the columns that training needs.",
        )


def _mimetype(archive: zipfile.ZipFile) -> str:
    try:
        with archive.open("mimetype") as part:
            return part.read(200).decode("ascii", "replace")
    except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return ""


def _old_office(file: BinaryIO, name: str) -> str:
    # Names stand there in UTF-16, in the first or the last part of the file.
    file.seek(0, os.SEEK_END)
    size = file.tell()
    file.seek(0)
    part = file.read(2**20)
    file.seek(max(0, size - 2**20))
    part += file.read(2**20)
    if any(word.encode("utf-16-le") in part for word in ("Workbook", "Book")):
        return "workbook"
    for word, what in _OLE.items():
        if word.encode("utf-16-le") in part:
            fix = "Remove the password, or save the sheet as CSV." if "password" in what else _WORD
            raise DataError(f"{name} is {what}.", fix)
    return "workbook"
