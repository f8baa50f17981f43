"""Workbooks, Parquet and Arrow files are read by a process of their own, so that a bad file brings down only that."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn, cast

import orjson

from core.dataset.files.readers.isolated_worker import MEMORY
from core.dataset.files.watched import progress_of
from core.dataset.table import MAX_BYTES, MAX_WHOLE, Row, Table, check_cells, check_size, make_table
from core.errors import DataError, MachineError

_WORKER = Path(__file__).with_name("isolated_worker.py")
_TITLES = {"parquet": "Parquet", "arrow": "an Arrow file", "workbook": "a workbook"}
_USUAL_SHEET = 20_000
"""Rows of a sheet after which half of the work may be done: how many there are, only the last one tells."""
_FEWER = "Keep only the columns that training needs, or fewer rows."


def read_columnar(file: BinaryIO, kind: str, name: str) -> Table:
    """Read all rows of a "parquet" or "arrow" file.

    Raises:
        DataError: The file is damaged, holds too much, or two columns of one name.
    """
    rows: list[Row] = []
    tell = progress_of(file)
    with _answers(file, kind, "", name, MAX_BYTES) as answers:
        head = _head(answers, kind, name)
        columns: list[str] = head["columns"]
        check_size(head.get("rows", 0), len(columns), name)
        if head.get("bytes", 0) > MAX_BYTES:
            _refuse_size(name, MAX_BYTES)
        if len(set(columns)) < len(columns):
            raise DataError(f"{name} has more than one column of the same name.", "Rename one of them.")
        for cells in answers:
            if isinstance(cells, dict):
                _fail(cells["error"], kind, name)
            rows.append(dict(zip(columns, cells, strict=True)))
            if len(rows) % 1000 == 0:
                check_size(len(rows), len(columns), name)
                tell(len(rows) / max(1, head.get("rows", 0), len(rows)))
    table = make_table(rows, "", name)
    check_cells(table.rows, name)
    return table


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a sheet as text."""

    name: str
    rows: list[list[str]]
    above: int
    """Empty rows above the first one."""
    all_names: tuple[str, ...]
    """Of the sheets that the workbook has."""


def read_sheet(file: BinaryIO, sheet: str, name: str) -> Sheet:
    """A workbook's sheet; with an empty `sheet`, the first that holds rows.

    Raises:
        DataError: The file is damaged, protected or too large, or has no such sheet.
    """
    rows: list[list[str]] = []
    cells = 0
    tell = progress_of(file)
    with _answers(file, "workbook", sheet, name, MAX_WHOLE) as answers:
        head = _head(answers, "workbook", name)
        if sheet and sheet not in head["sheets"]:
            names = ", ".join(map(repr, head["sheets"][:10]))
            raise DataError(f"{name} has no sheet called {sheet!r}.", f"Choose one of its sheets: {names}.")
        for row in answers:
            if isinstance(row, dict):
                _fail(row["error"], "workbook", name)
            rows.append(row)
            cells += len(row)
            if len(rows) % 1000 == 0:
                check_size(cells // max(1, len(row)), len(row), name)
                tell(len(rows) / (len(rows) + _USUAL_SHEET))
    return Sheet(head["taken"], rows, head["above"], tuple(head["sheets"]))


@contextlib.contextmanager
def _answers(file: BinaryIO, kind: str, sheet: str, name: str, most: int) -> Iterator[Iterator[Any]]:
    """The lines that the process answers; it ends with this context, whatever happens."""
    with contextlib.ExitStack() as stack:
        source = _real_file(file, stack, name)
        command = [sys.executable, "-P", str(_WORKER), kind, sheet]
        process = stack.enter_context(
            subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        )
        stack.callback(process.kill)
        yield _read(process, kind, name, most)


def _real_file(file: BinaryIO, stack: contextlib.ExitStack, name: str) -> IO[bytes]:
    # The content as a file that another process can read.
    if isinstance(file, io.BufferedReader):
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        return file
    file.seek(0)
    try:
        target: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        shutil.copyfileobj(file, target, 2**20)
        target.seek(0)
    except OSError as error:
        raise MachineError(f"{name} cannot be read: {error.strerror}.", "Free some space.") from error
    return target


def _read(process: "subprocess.Popen[bytes]", kind: str, name: str, most: int) -> Iterator[Any]:
    size = 0
    output = cast("IO[bytes]", process.stdout)
    while line := output.readline(most + 1):
        size += len(line)
        if size > most:
            _refuse_size(name, most)
        if not line.endswith(b"\n"):
            break  # the process died in the middle of it
        yield orjson.loads(line)
    if process.wait() != 0:
        _fail("time" if process.returncode in {-24, -9} else "memory", kind, name)


def _head(answers: Iterator[Any], kind: str, name: str) -> dict[str, Any]:
    head: dict[str, Any] = next(answers, {"error": "it is damaged"})
    if "error" in head:
        _fail(head["error"], kind, name)
    return head


def _refuse_size(name: str, most: int) -> NoReturn:
    raise DataError(f"{name} unpacks to more than {most // 2**20:,} MiB.", _FEWER)


def _fail(reason: str, kind: str, name: str) -> NoReturn:
    if reason == "password":
        raise DataError(f"{name} is protected by a password.", "Remove the password, or save the sheet as CSV.")
    if reason == "memory":
        raise DataError(f"{name} is damaged, or needs more than {MEMORY // 2**20:,} MiB of memory to be read.", _FEWER)
    if reason == "time":
        raise DataError(f"{name} takes too long to be read.", _FEWER)
    fix = "Open it in the program that it comes from and save it as CSV." if kind == "workbook" else "Write it again."
    raise DataError(f"{name} cannot be read as {_TITLES[kind]}: {reason.rstrip('.')}.", fix)
