"""Data in the home folder: complete under its id, or not there at all."""

import contextlib
import filecmp
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.dataset.files.origin import FILE

NEW = ".new-"
"""How the names of folders begin that are not complete yet."""
_ABANDONED = 6 * 3600.0
"""Seconds after which nobody works on such a folder any more."""


def keep_folder(folder: Path, contents: Mapping[str, bytes | Path], origin: Mapping[str, object]) -> None:
    """Make `folder` with these files and an origin.json; a damaged older copy gives way to this one.

    A content is bytes, or a file of our own, which is linked rather than copied where the disk can do that.

    Raises:
        OSError: The disk is full or may not be written; nothing is left behind then.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(folder.parent)
    fresh = new_folder(folder.parent)
    try:
        _fill(fresh, {**contents, FILE: json.dumps(origin, ensure_ascii=False, indent=1).encode()})
        _put_in_place(fresh, folder)
    except OSError:
        if not _holds(folder, fresh):  # unless another process was quicker
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _put_in_place(fresh: Path, folder: Path) -> None:
    with contextlib.suppress(OSError):  # there is one already, which others may be reading
        fresh.rename(folder)
        return
    if _holds(folder, fresh):
        (fresh / FILE).replace(folder / FILE)  # the newest name is the one that people look for
    else:
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)


def new_folder(parent: Path) -> Path:
    """An empty folder for what is not complete yet, which only its owner can read.

    Raises:
        OSError: The disk is full or may not be written.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{NEW}{os.getpid()}-", dir=parent))


@contextlib.contextmanager
def scratch(home: Path) -> Iterator[Path]:
    """Such a folder for as long as the context lasts, on the disk where data are kept.

    Raises:
        OSError: The disk is full or may not be written.
    """
    folder = new_folder(home / "datasets")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_after(process: int, home: Path) -> None:
    """Remove what the process with this id, which was killed, left behind in the home folder."""
    for path in home.glob(f"*/{NEW}{process}-*"):
        shutil.rmtree(path, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Remove what processes that were killed left behind in `parent`; what is younger may still be worked on."""
    for path in parent.glob(f"{NEW}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                shutil.rmtree(path, ignore_errors=True)


def _fill(folder: Path, contents: Mapping[str, bytes | Path]) -> None:
    for name, content in contents.items():
        if isinstance(content, Path):
            _link(content, folder / name)
        with (folder / name).open("ab") as file:
            if isinstance(content, bytes):
                file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one that knows no links
        shutil.copy2(source, target)  # with its time, which tells whether it was changed


def _holds(folder: Path, fresh: Path) -> bool:
    """Whether `folder` has the files of `fresh`, byte for byte; what they say of their origin may differ."""
    names = {path.name for path in fresh.iterdir()} if fresh.is_dir() else set()
    if not names or not folder.is_dir() or {path.name for path in folder.iterdir()} != names:
        return False
    return all(filecmp.cmp(folder / name, fresh / name, shallow=False) for name in names if name != FILE)
