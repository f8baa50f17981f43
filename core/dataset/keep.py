"""Data in the home folder: complete under its id, or not there at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def keep_folder(folder: Path, contents: Mapping[str, bytes], origin: Mapping[str, object]) -> None:
    """Make `folder` with these files and an origin.json; a damaged older copy gives way to this one.

    Raises:
        OSError: The disk is full or may not be written; nothing is left behind then.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))  # readable by its owner only
    try:
        _fill(fresh, {**contents, "origin.json": json.dumps(origin, ensure_ascii=False, indent=1).encode()})
        if _holds(folder, contents):
            (fresh / "origin.json").replace(folder / "origin.json")  # the newest name is the one that people look for
        else:
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)
    except OSError:
        if not _holds(folder, contents):  # unless another process was quicker
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        with (folder / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _holds(folder: Path, contents: Mapping[str, bytes]) -> bool:
    names = {path.name for path in folder.iterdir()} - {"origin.json"} if folder.is_dir() else set()
    return names == set(contents) and all((folder / name).read_bytes() == data for name, data in contents.items())
