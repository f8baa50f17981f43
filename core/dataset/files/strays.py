"""A text that is UTF-8 but for a few bytes of Windows-1252, as files put together from several sources are."""

import codecs
from collections.abc import Generator, Iterator, Sequence
from typing import BinaryIO

from core.dataset.finding import counted

ERRORS = "windows-1252-letters"
"""What Python is told to do with bytes that are no UTF-8: read them as Windows-1252."""
_MOST = 100
"""Of so many lines one may hold such bytes; of fewer lines one as well."""
_CHUNK = 2**16
_LONGEST = 4
"""Bytes of one letter."""
_SHOWN = 10


def stray_lines(file: BinaryIO) -> list[int] | None:
    """The lines with bytes that are no UTF-8; None where they are too many, or half a surrogate pair is among them."""
    file.seek(0)
    most = max(1, sum(chunk.count(b"\n") for chunk in _chunks(file)) // _MOST)
    lines: dict[int, None] = {}
    for line, stray in _strays(file):
        lines[line] = None
        if len(lines) > most or _is_surrogate(stray):
            return None
    return list(lines)


def note(lines: Sequence[int], name: str) -> str:
    """The sentence that says where such bytes were."""
    shown = ", ".join(f"{line:,}" for line in lines[:_SHOWN])
    more = f" and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
    holds = f"{counted(len(lines), 'line')} of {name} hold{'s' if len(lines) == 1 else ''}"
    where = "line" if len(lines) == 1 else "lines"
    return f"{holds} bytes that are not UTF-8, which were read as letters of Windows-1252: {where} {shown}{more}."


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk


def _strays(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Line, counted from 1, and the bytes from such a place on."""
    line, rest = 1, b""
    for chunk in _chunks(file):
        rest, line = yield from _strays_of(rest + chunk, line, final=False)
    yield from _strays_of(rest, line, final=True)


def _strays_of(data: bytes, line: int, *, final: bool) -> Generator[tuple[int, bytes], None, tuple[bytes, int]]:
    # Returns what is left over for the next chunk, and the line on which that begins.
    place = 0
    while place < len(data):
        try:
            _, read = codecs.utf_8_decode(data[place:], "strict", final)
        except UnicodeDecodeError as error:
            at, end = place + error.start, place + error.end
            if not final and len(data) - at < _LONGEST:
                return data[at:], line + data.count(b"\n", place, at)  # the next chunk tells more
            line += data.count(b"\n", place, at)
            yield line, data[at : at + _LONGEST]
            place = end
        else:
            return data[place + read :], line + data.count(b"\n", place, place + read)
    return b"", line


def _is_surrogate(data: bytes) -> bool:
    return len(data) > 2 and data[0] == 0xED and 0xA0 <= data[1] <= 0xBF and 0x80 <= data[2] <= 0xBF


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("windows-1252", "replace"), error.end


codecs.register_error(ERRORS, _as_windows_1252)
