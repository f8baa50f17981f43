"""Answers on disk: each is written before it is used, so that nothing that was paid is paid again."""

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.errors import MachineError

NAME = "answers.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One line: an answer, or a question that may have been paid without one (`text` is empty then)."""

    number: int
    prompt: str
    """SHA-256 of the prompt, 16 hexadecimal digits."""
    seeds: tuple[int, ...]
    """Rows that stood in the prompt, or in the prompts of generated rows that did."""
    text: str
    prompt_tokens: int
    answer_tokens: int
    seconds: float = 0.0
    """From the first try until the answer was there, pauses between tries with it; 0 where nobody looked."""


_LINE: TypeAdapter[Paid] = TypeAdapter(Paid)


class Journal:
    """The answers of one job, in its folder; only their owner can read them."""

    def __init__(self, folder: Path) -> None:
        """Open or begin it.

        Raises:
            MachineError: The folder cannot be written.
        """
        self._lock = threading.Lock()
        self._path = folder / NAME
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._end_line()
        except OSError as error:
            raise MachineError(*_unwritable(error)) from error

    def read(self) -> Sequence[Paid]:
        """All answers so far."""
        return read_paid(self._path.parent)

    def write(self, paid: Paid) -> None:
        """Write one answer, and return when it is on disk.

        Raises:
            MachineError: It cannot be written.
        """
        line = json.dumps(asdict(paid)) + "\n"
        try:
            with self._lock, os.fdopen(os.open(self._path, _FLAGS, 0o600), "ab") as file:
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise MachineError(*_unwritable(error)) from error

    def _end_line(self) -> None:
        # What follows a line that was cut off must not join it.
        if self._path.exists() and not self._path.read_bytes().endswith((b"\n",)) and self._path.stat().st_size:
            with self._path.open("ab") as file:
                file.write(b"\n")


def read_paid(folder: Path) -> Sequence[Paid]:
    """The answers in a folder; a line that is being written, or was cut off by a power failure, is skipped."""
    path, found = folder / NAME, []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            found.append(_LINE.validate_json(line))
        except ValidationError:
            continue
    return found


_FLAGS = os.O_CREAT | os.O_APPEND | os.O_WRONLY


def _unwritable(error: OSError) -> tuple[str, str]:
    what = f"Answers that were paid cannot be kept: {error.strerror}."
    return what, "Free some space; those so far are not lost."
