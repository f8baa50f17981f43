"""Bytes become text, in the encoding that they are in; a file is looked through by pieces, never held as a whole."""

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from core.dataset.files.strays import ERRORS, stray_lines
from core.dataset.table import MAX_WHOLE
from core.errors import DataError

_MARKS = (  # UTF-32 first: its little-endian mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = {  # what is tried where the text is neither Unicode nor Western, and how people call it
    "cp1250": "windows-1250",
    "cp1251": "windows-1251",
    "cp1253": "windows-1253",
    "cp1255": "windows-1255",
    "cp1256": "windows-1256",
    "koi8_r": "koi8-r",
    "cp932": "shift-jis",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp949": "euc-kr",
}
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_CONTROLS = re.compile(rb"[\0\x02-\x08\x0e-\x1a\x7f]")
_FEW_CONTROLS = 16
"""Control characters that a short text may hold."""
_ASCII = bytes(range(128))
_HIGH = re.compile(rb"[\x80-\xff]+")
_IN_WORD = re.compile(r"[^\W\d_][¡¢£¤¥¦§¨©ª¬®¯°±²³´¶¸¹º¼½¾¿†‡‰][^\W\d_]")
_CHUNK = 2**20
_MAX_LINE = MAX_WHOLE // _CHUNK
"""Chunks without a line end, so MiB: what is so long cannot be read as a whole either."""
_LOOK_AT = 2**16
"""Bytes of lines beyond ASCII that tell which encoding is meant."""
_ENOUGH = 6
"""Bytes beyond ASCII below which nothing but Windows-1252 is guessed."""
_RESAVE = "Open it in the program that it comes from and save it again as UTF-8."


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's bytes are text."""

    name: str
    """As people call it: "utf-8", "windows-1252"."""
    codec: str
    """As Python calls it."""
    nul: bool
    """Whether the text holds NUL characters."""
    guessed: bool = False
    """Whether only the letters tell it."""
    strays: tuple[int, ...] = ()
    """Lines with bytes that are no UTF-8, in a text that is UTF-8 but for them; they are read as Windows-1252."""


def find_encoding(file: BinaryIO, name: str) -> Encoding:
    """The encoding of a file: by byte order mark, else UTF-16 by its zero bytes, UTF-8, Windows-1252, or its letters.

    Raises:
        DataError: The bytes fit none of them, or are UTF-8 with a damaged place; names the line.
    """
    file.seek(0)
    head = file.read(4096)
    for mark, called in _MARKS:
        if head.startswith(mark):
            return _utf8(file, called, name) if mark == codecs.BOM_UTF8 else _surely(file, called, called, name)
    wide = _utf16_without_mark(head)
    if wide:
        return _surely(file, "utf-16", wide, name)
    try:
        return _utf8(file, "utf-8", name)
    except DataError:
        if _is_damaged_utf8(file):
            raise
    other = _guess(_telling_lines(file))
    if other:
        try:
            return Encoding(_OTHERS[other], other, _look_through(file, other, name), guessed=True)
        except DataError:
            pass  # so it was a wrong guess
    return _surely(file, "windows-1252", "windows-1252", name)


def is_binary(head: bytes) -> bool:
    """Whether a file that begins with `head` is no text: too many of its characters are neither letters nor signs."""
    if head.startswith(tuple(mark for mark, _ in _MARKS)) or _utf16_without_mark(head):
        return False
    return len(_CONTROLS.findall(head)) > max(_FEW_CONTROLS, len(head) // 20)


@contextmanager
def text_of_file(file: BinaryIO, encoding: Encoding, newline: str | None = "") -> Iterator[io.TextIOWrapper]:
    """The file as text from its beginning; the file itself stays open."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding.codec, errors=ERRORS if encoding.strays else "strict", newline=newline)
    try:
        yield text
    finally:
        text.detach()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk


def _surely(file: BinaryIO, called: str, codec: str, name: str) -> Encoding:
    return Encoding(called, codec, _look_through(file, codec, name))


def _utf8(file: BinaryIO, codec: str, name: str) -> Encoding:
    """UTF-8, perhaps with a few bytes of Windows-1252.

    Raises:
        DataError: There are more than a few; names the first line.
    """
    try:
        return _surely(file, codec, codec, name)
    except DataError:
        strays = stray_lines(file) if _is_damaged_utf8(file) else None
        if not strays:
            raise
        return Encoding(codec, codec, _look_through(file, codec, name, ERRORS), strays=tuple(strays))


def _look_through(file: BinaryIO, codec: str, name: str, errors: str = "strict") -> bool:
    """Whether there are NUL characters in a file that is `codec` from beginning to end.

    Raises:
        DataError: A place is not in that encoding, or a line is longer than any row.
    """
    decoder = codecs.getincrementaldecoder(codec)(errors)
    lines, unbroken, nul = 1, 0, False
    for chunk in _chunks(file):
        try:
            nul = "\0" in decoder.decode(chunk) or nul
        except UnicodeDecodeError as error:
            _refuse(error, lines, name, codec)
        found = chunk.count(b"\n")
        lines += found
        unbroken = 0 if found or b"\r" in chunk else unbroken + 1
        if unbroken == _MAX_LINE:
            raise DataError(
                f"Line {lines} of {name} is longer than {_MAX_LINE} MiB.",
                "This is no table of examples: look at that line, or choose another file.",
            )
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        _refuse(error, lines, name, codec)
    return nul


def _refuse(error: UnicodeDecodeError, lines: int, name: str, codec: str) -> NoReturn:
    data: bytes = error.object
    line = data.count(b"\n", 0, error.start) + lines
    if _SURROGATE.match(data, error.start):
        raise DataError(
            f"Line {line} of {name} holds half of a surrogate pair (a broken emoji or sign).", _RESAVE
        ) from error
    shown = data[error.start : error.start + 4].hex(" ")
    what = f"Line {line} of {name} is not readable as {codec.upper()} text (bytes {shown})."
    raise DataError(what, _RESAVE) from error


def _utf16_without_mark(head: bytes) -> str:
    """In UTF-16 of Western text every second byte is zero; in a damaged text or a binary file it is not."""
    half = len(head) // 2
    if half < 2:
        return ""
    head = head[: half * 2]
    even, odd = head[::2].count(0) / half, head[1::2].count(0) / half
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else ""


def _is_damaged_utf8(file: BinaryIO) -> bool:
    """Whether most bytes beyond ASCII form valid UTF-8: then it is UTF-8 with an accident, not another encoding."""
    beyond = valid = 0
    for chunk in _chunks(file):
        if _SURROGATE.search(chunk):
            return True
        beyond += len(chunk.translate(None, _ASCII))
        valid += len(chunk.decode("utf-8", "ignore").encode().translate(None, _ASCII))
    return valid > beyond - valid


def _telling_lines(file: BinaryIO) -> bytes:
    """The first lines with bytes beyond ASCII."""
    told, size = [], 0
    for chunk in _chunks(file):
        for line in chunk.splitlines(keepends=True):
            if not line.isascii() and size < _LOOK_AT:
                told.append(line[:_LOOK_AT])
                size += len(told[-1])
        if size >= _LOOK_AT:
            break
    return b"".join(told)[:_LOOK_AT]


def _guess(sample: bytes) -> str:
    """The codec of text that is hardly Windows-1252; empty where it may well be, or nothing better is found."""
    if not _is_implausible(sample):
        return ""
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=list(_OTHERS)).best()
    return best.encoding if best is not None and best.encoding in _OTHERS else ""


def _is_implausible(sample: bytes) -> bool:
    """Whether letters beyond ASCII stand in rows of three and more, or signs within words: no Western text is so."""
    runs = [len(run) for run in _HIGH.findall(sample)]
    if sum(runs) < _ENOUGH:
        return False
    text = sample.decode("windows-1252", "replace")
    odd = text.count("\ufffd") + len(_IN_WORD.findall(text))
    return sum(run for run in runs if run > 2) > 0.3 * sum(runs) or odd > 0.05 * sum(runs)
