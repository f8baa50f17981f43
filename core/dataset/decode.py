"""Bytes become text, in the encoding that they are in."""

import codecs
import re

from core.errors import DataError

_MARKS = (  # UTF-32 first: its little-endian mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_ASCII = bytes(range(128))
_RESAVE = "Open it in the program that it comes from and save it again as UTF-8."


def decode(data: bytes, name: str) -> tuple[str, str]:
    """The text and the name of its encoding: by byte order mark, else UTF-16 by its zero bytes, UTF-8, Windows-1252.

    Raises:
        DataError: The bytes fit none of them, or are UTF-8 with a damaged place; names the line.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data, encoding, name), encoding
    wide = _utf16_without_mark(data)
    if wide:
        return _decode(data, wide, name), "utf-16"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        likely = "utf-8" if _is_damaged_utf8(data) else "windows-1252"
    return _decode(data, likely, name), likely


def _decode(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(data, error, name, encoding) from error


def _undecodable(data: bytes, error: UnicodeDecodeError, name: str, encoding: str) -> DataError:
    line = data.count(b"\n", 0, error.start) + 1
    if _SURROGATE.match(data, error.start):
        return DataError(f"Line {line} of {name} holds half of a surrogate pair (a broken emoji or sign).", _RESAVE)
    shown = data[error.start : error.start + 4].hex(" ")
    return DataError(f"Line {line} of {name} is not readable as {encoding.upper()} text (bytes {shown}).", _RESAVE)


def _utf16_without_mark(data: bytes) -> str:
    """In UTF-16 of Western text every second byte is zero; in a damaged text or a binary file it is not."""
    head = data[: 4096 // 2 * 2]
    half = len(head) // 2
    if half < 2:
        return ""
    even, odd = head[::2].count(0) / half, head[1::2].count(0) / half
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else ""


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether most bytes beyond ASCII form valid UTF-8: then it is UTF-8 with an accident, not another encoding."""
    if _SURROGATE.search(data):
        return True
    beyond = len(data.translate(None, _ASCII))
    valid = len(data.decode("utf-8", "ignore").encode().translate(None, _ASCII))
    return valid > beyond - valid
