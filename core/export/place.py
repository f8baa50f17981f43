"""The folder that an export becomes: complete under its name, or not there."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import MachineError, UserError
from core.export.card import MARK

_SPARE = 32 * 2**20  # bytes for the tokenizer, the README and the file system
_GIB = 2**30


def check_place(out: Path, best: Path) -> None:
    """Make sure that nothing of anybody's is overwritten.

    Raises:
        UserError: `out` is a file, holds something else than an earlier export, or lies in the run's own weights.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file.", "Name a folder that is not there yet.")
    if best.resolve() in [out.resolve(), *out.resolve().parents]:
        raise UserError(f"{out} lies inside the run's own weights.", "Name another folder.")
    if out.is_dir() and any(out.iterdir()) and not _is_ours(out):
        raise UserError(f"{out} is not empty, and what is in it was not exported by Fewtune.", "Name another folder.")


def check_disk(out: Path, size_bytes: int) -> None:
    """Make sure that the export fits.

    Raises:
        MachineError: Less is free where `out` will be than the export takes.
    """
    parent = next(path for path in out.absolute().parents if path.is_dir())
    need, free = size_bytes + _SPARE, shutil.disk_usage(parent).free
    if free < need:
        raise MachineError(
            f"The export takes {need / _GIB:.2f} GiB and {free / _GIB:.2f} GiB are free at {parent}.",
            "Free some disk space, or name a folder on another disk.",
        )


@contextmanager
def place(out: Path) -> Iterator[Path]:
    """Give a folder beside `out` to write into, and rename it to `out` if all went well.

    Raises:
        MachineError: The folder cannot be made.
    """
    partial, old = (out.with_name(f".{out.name}.{end}") for end in ("partial", "old"))
    try:
        _remove(partial)
        if old.is_dir() and not out.exists():  # an earlier process was killed between the two names
            old.rename(out)
        partial.mkdir(parents=True)
    except OSError as error:
        raise MachineError(
            f"Nothing can be written to {out.parent}: {error.strerror}.", "Name another folder."
        ) from error
    try:
        yield partial
        if out.exists():
            _remove(old)
            out.rename(old)
        partial.rename(out)
    finally:
        _remove(partial)
    _remove(old)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)


def _is_ours(folder: Path) -> bool:
    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(mark, dict) and mark.get("made_by") == "fewtune"
