"""Compressed files and archives are unpacked by stream, counted, and never under a name of their own."""

import bz2
import contextlib
import gzip
import lzma
import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Any, BinaryIO, cast

from core.dataset.table import MAX_BYTES
from core.errors import DataError, MachineError

_CHUNK = 2**20
_MAX_RATIO = 250
"""Text rarely shrinks to less than a twentieth; what unpacks to so many times its size is a bomb."""
_SMALL = 64 * 2**20
"""Bytes that may be unpacked whatever the ratio."""
_IN_MEMORY = 16 * 2**20
_MAX_MEMBERS = 10_000
_DIRECTORY = 16 * 2**20
"""Most bytes of an archive's table of contents."""
_DRIVE = re.compile("[A-Za-z]:/")
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
_ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".tgz", ".jar", ".cab", ".iso"}
_SUFFIXES = {".gz": "gz", ".bz2": "bz2", ".xz": "xz", ".zst": "zst", ".zstd": "zst"}
_FAULTS = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)

_DAMAGED = "It is damaged or cut off: fetch or pack it again."


class Allowance:
    """Bytes that may still be unpacked, of all files of an upload together."""

    def __init__(self, packed: int, name: str) -> None:
        """Count for the upload called `name`, which has `packed` bytes."""
        self._most = max(_SMALL, _MAX_RATIO * packed)
        self._taken = 0
        self._name = name

    def take(self, size: int) -> None:
        """Use `size` bytes up.

        Raises:
            DataError: Not so many are left.
        """
        self._taken += size
        if self._taken > MAX_BYTES:
            raise DataError(
                f"{self._name} unpacks to more than {MAX_BYTES // 2**20:,} MiB.",
                "Take a sample of the rows, or keep only the columns that training needs.",
            )
        if self._taken > self._most:
            raise DataError(
                f"{self._name} unpacks to more than {_MAX_RATIO} times its size, as no table of examples does.",
                "Unpack it yourself and look at what it holds.",
            )


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a zip archive."""

    name: str
    """As the archive spells it, for people's eyes only: nothing is written under it."""
    info: zipfile.ZipInfo


def compression(head: bytes) -> str:
    """How a file that begins with `head` is compressed: "gz", "bz2", "xz", "zst"; empty where it is not."""
    if head.startswith(b"\x1f\x8b"):
        return "gz"
    if head.startswith(b"BZh") and head[4:10] in {b"1AY&SY", b"\x17rE8P\x90"}:
        return "bz2"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    return "zst" if head.startswith(b"\x28\xb5\x2f\xfd") else ""


def inner_name(name: str) -> str:
    """A file's name without the ending that says how it is compressed: "rows.csv" for "rows.csv.gz"."""
    path = PurePosixPath(name)
    return name[: -len(path.suffix)] if path.suffix.lower() in _SUFFIXES else name


def decompressed(file: BinaryIO, how: str, name: str, allowance: Allowance) -> BinaryIO:
    """The content of a compressed file, in a temporary file without a name, or in memory where it is small.

    Raises:
        DataError: It is damaged, or unpacks to more than is allowed.
        MachineError: There is no room for the temporary file.
    """
    file.seek(0)
    try:
        stream = _OPENERS[how](file)
        return _spooled(stream.read, name, allowance)
    except _FAULTS as error:
        raise DataError(f"{name} cannot be unpacked.", _DAMAGED) from error


def _zstd(file: BinaryIO) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")


_OPENERS: dict[str, Callable[[BinaryIO], Any]] = {
    "gz": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    "bz2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "zst": _zstd,
}


def _spooled(read: Callable[[int], bytes], name: str, allowance: Allowance) -> BinaryIO:
    with contextlib.ExitStack() as stack:
        target = cast("BinaryIO", stack.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)))
        pour(read, target, name, allowance)
        target.seek(0)
        stack.pop_all()  # all went well: now it is the caller's to close
    return target


def pour(read: Callable[[int], bytes], target: IO[bytes], name: str, allowance: Allowance) -> None:
    """Copy all that `read` gives into `target`, counted.

    Raises:
        DataError: More comes than is allowed.
        MachineError: `target` cannot be written.
    """
    while chunk := read(_CHUNK):
        allowance.take(len(chunk))
        try:
            target.write(chunk)
        except OSError as error:
            raise MachineError(
                f"{name} cannot be unpacked: {error.strerror or 'the disk cannot be written'}.", "Free some space."
            ) from error


def open_zip(file: BinaryIO, name: str) -> zipfile.ZipFile:
    """An archive, once its table of contents is known to be of a sensible size.

    Raises:
        DataError: It is damaged, or holds too many files.
    """
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 2**16 - 22))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) < end + 22:
        raise DataError(f"{name} cannot be unpacked.", _DAMAGED)
    count, size = (
        int.from_bytes(tail[end + 10 : end + 12], "little"),
        int.from_bytes(tail[end + 12 : end + 16], "little"),
    )
    if count > _MAX_MEMBERS or size > _DIRECTORY:
        raise DataError(f"{name} holds more than {_MAX_MEMBERS:,} files.", "Choose the files that hold the examples.")
    try:
        return zipfile.ZipFile(file)
    except _FAULTS as error:
        raise DataError(f"{name} cannot be unpacked.", _DAMAGED) from error


def members(archive: zipfile.ZipFile, name: str) -> Iterator[Member]:
    """The files of an archive; folders, and what systems hide in archives, are passed over.

    Raises:
        DataError: One of them is a link, lies outside the archive, is itself an archive, or needs a password.
    """
    for info in archive.infolist():
        if not info.filename:  # Python's own check for folders would fail on it
            raise DataError(f"{name} holds a file without a name.", _DAMAGED)
        path = info.filename.replace("\\", "/")
        parts = PurePosixPath(path).parts
        if info.is_dir() or any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts):
            continue
        _check_member(info, path, parts, name)
        yield Member(path.encode("utf-8", "replace").decode(), info)


def _check_member(info: zipfile.ZipInfo, path: str, parts: tuple[str, ...], name: str) -> None:
    shown = path.encode("utf-8", "replace").decode()
    unpack = "Unpack the archive and choose the files that hold the examples."
    if path.startswith("/") or ".." in parts or _DRIVE.match(path) or "\0" in path:
        raise DataError(f"{name} holds a file that wants to lie outside the archive: {shown!r}.", unpack)
    mode = info.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise DataError(f"{name} holds a link instead of a file: {shown!r}.", unpack)
    if PurePosixPath(path).suffix.lower() in _ARCHIVES:
        raise DataError(f"{name} holds another archive: {shown!r}.", unpack)
    if info.flag_bits & 0x1:
        raise DataError(f"{name} is protected by a password.", "Unpack it and choose the files in it.")
    if info.compress_type not in _METHODS:
        raise DataError(f"{shown!r} in {name} is packed in a way that cannot be read.", unpack)


def extracted(archive: zipfile.ZipFile, member: Member, name: str, allowance: Allowance) -> BinaryIO:
    """The content of one file of an archive, in a temporary file without a name, or in memory where it is small.

    Raises:
        DataError: It is damaged, or unpacks to more than is allowed.
        MachineError: There is no room for the temporary file.
    """
    try:
        with archive.open(member.info) as stream:
            return _spooled(stream.read, name, allowance)
    except (*_FAULTS, RuntimeError) as error:
        raise DataError(f"{member.name!r} in {name} cannot be unpacked.", _DAMAGED) from error
