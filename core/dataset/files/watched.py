"""A file that tells how much of it was read."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from core.dataset.progress import Progress, nobody

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_AT_ONCE = 2**20
_PASSES = 2
"""How often a text file is gone through: for its encoding, and for its rows."""
_MOST = 0.98


class _Watched(io.FileIO):
    """Bytes that pass are counted."""

    def __init__(self, path: Path, tell: Progress) -> None:
        super().__init__(path, "rb")
        self.share = tell
        self._read, self._whole = 0, max(1, path.stat().st_size) * _PASSES

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        read = super().readinto(buffer)
        self._read += read or 0
        self.share(min(_MOST, self._read / self._whole))
        return read


def open_watched(path: Path, tell: Progress) -> BinaryIO:
    """Open a file for reading; `tell` hears the share that was read.

    Raises:
        OSError: It cannot be opened.
    """
    return cast("BinaryIO", io.BufferedReader(_Watched(path, tell), _AT_ONCE))


def progress_of(file: BinaryIO) -> Progress:
    """What is told the share, for readers that know better how far they are than the bytes do."""
    raw = getattr(file, "raw", None)
    return raw.share if isinstance(raw, _Watched) else nobody
