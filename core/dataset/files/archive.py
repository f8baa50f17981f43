"""Several files of one kind become one table: the files of a zip archive, or those that were uploaded together."""

import zipfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path, PurePath, PurePosixPath
from shutil import copyfileobj
from typing import BinaryIO

from core.dataset.files.readers.passages import note
from core.dataset.files.roles import TEXTS, arrange, is_data
from core.dataset.files.unpack import Allowance, Member, extracted, members, open_zip
from core.dataset.finding import counted
from core.dataset.table import Row, Table, check_size
from core.errors import DataError

Parse = Callable[[BinaryIO, str], Table]
"""Reads one file, called by a name."""
_MOST_TEXTS = 10_000
"""Text files of an archive at most that are looked at for lines that belong together."""
_DAY = (1980, 1, 1, 0, 0, 0)
"""When all files of our own archives were made, so that the same files give the same bytes."""


def data_members(archive: zipfile.ZipFile, name: str, suffixes: Sequence[str]) -> tuple[list[Member], list[str]]:
    """The files of an archive that may hold examples, in the order of their names, and the names of the others.

    Raises:
        DataError: There are none, or the archive holds what no archive should.
    """
    found = sorted(members(archive, name), key=lambda member: member.name)
    data = [member for member in found if is_data(member.name, suffixes)]
    if not data:
        shown = ", ".join(member.name for member in found[:5])
        raise DataError(
            f"{name} holds no data file{f', only {shown}' if shown else ''}.",
            f"Files that can be read end in {', '.join(suffixes)}.",
        )
    names = {member.name for member in data}
    if len(names) < len(data):
        twice = next(one.name for one, other in pairwise(data) if one.name == other.name)
        raise DataError(f"{name} holds two files called {twice!r}.", "Unpack it and choose the right one.")
    return data, [member.name for member in found if member.name not in names]


def read_archive(file: BinaryIO, name: str, suffixes: Sequence[str], allowance: Allowance, parse: Parse) -> Table:
    """The rows of the training files of an archive, one file below the other.

    Raises:
        DataError: The archive cannot be unpacked, a file cannot be read, or their columns differ; names them.
    """
    with open_zip(file, name) as archive:
        data, _ = data_members(archive, name, suffixes)
        by_name = {member.name: member for member in data}
        roles, _ = arrange(list(by_name))
        tables: dict[str, Table] = {}
        rows = 0
        for inner in roles["train"]:
            with extracted(archive, by_name[inner], name, allowance) as content:
                tables[inner] = parse(content, inner)
            rows += len(tables[inner].rows)
            check_size(rows, 1, name)
    left = [inner for inner in by_name if inner not in tables]
    notes = (f"{counted(len(left), 'file')} of {name} not read: {', '.join(left[:5])}.",) if left else ()
    table = joined(tables, name)
    return Table(table.columns, table.rows, table.encoding, (*table.notes, *notes))


def joined(tables: dict[str, Table], name: str) -> Table:
    """Tables of the same columns, one below the other; documents, with a column that says which file each was.

    Raises:
        DataError: The columns differ.
    """
    (first_name, first), *others = tables.items()
    if not others:
        return first
    if all(is_document(inner, table) for inner, table in tables.items()):
        rows: list[Row] = [{**row, "file": inner} for inner, table in tables.items() for row in table.rows]
        return Table(("text", "file"), rows, first.encoding, (note(f"{len(tables):,} files", len(rows)),))
    for other, table in others:
        if set(table.columns) != set(first.columns):
            raise DataError(
                f"The files of {name} have different columns: {first_name} has {_some(first.columns)}, "
                f"and {other} has {_some(table.columns)}.",
                "Choose one of them, or name them train, validation and test.",
            )
    rows = [row for table in tables.values() for row in table.rows]
    check_size(len(rows), len(first.columns), name)
    sizes = ", ".join(f"{inner} ({counted(len(table.rows))})" for inner, table in list(tables.items())[:5])
    more = f" and {len(tables) - 5} more" if len(tables) > 5 else ""
    told = f"{len(tables):,} files with the same columns were joined: {sizes}{more}."
    notes = [note for table in tables.values() for note in table.notes]
    return Table(first.columns, rows, first.encoding, (told, *notes))


def is_document(name: str, table: Table) -> bool:
    """Whether a table is the passages of a plain text."""
    return table.columns == ("text",) and name.lower().endswith(TEXTS)


def texts_of(path: Path, folder: Path) -> dict[PurePath, Path]:
    """The text files of a zip archive, unpacked into `folder`, by their names; none where they lie in one folder alone.

    Nothing is written under a name that the archive gives.

    Raises:
        DataError: The archive cannot be unpacked.
        OSError: It cannot be read, or `folder` not be written.
    """
    found: dict[PurePath, Path] = {}
    with path.open("rb") as file, open_zip(file, path.name) as archive:
        texts = sorted(members(archive, path.name), key=lambda member: member.name)
        texts = [member for member in texts if member.name.lower().endswith(".txt")][:_MOST_TEXTS]
        if len({PurePosixPath(member.name).parent for member in texts}) < 2:
            return {}
        allowance = Allowance(path.stat().st_size, path.name)
        for number, member in enumerate(texts):
            target = folder / f"{number}.txt"
            with extracted(archive, member, path.name, allowance) as content, target.open("wb") as copy:
                copyfileobj(content, copy, 2**20)
            found[PurePosixPath(member.name)] = target
    return found


def bundle(paths: dict[str, Path], target: Path) -> None:
    """Write files, called by these names, into one archive at `target`; the same files give the same bytes.

    Raises:
        OSError: A file cannot be read, or the archive cannot be written.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(paths.items()):
            size = path.stat().st_size
            info = zipfile.ZipInfo(name, _DAY)
            info.file_size = size
            with path.open("rb") as source, archive.open(info, "w", force_zip64=size > 2**30) as part:
                while chunk := source.read(2**20):
                    part.write(chunk)


def _some(columns: tuple[str, ...]) -> str:
    return ", ".join(map(repr, columns[:8])) + (" and more" if len(columns) > 8 else "")
