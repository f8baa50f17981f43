"""Folders that are complete or not there: the best weights, and checkpoints from which a run goes on."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.strategy.disk import CHECKPOINTS_KEPT

MANIFEST = "manifest.json"
PREFIX = "checkpoint-"


@dataclass(frozen=True, slots=True)
class Damage:
    """A checkpoint that is not what was written."""

    folder: Path
    file: str
    problem: str


def write_folder(folder: Path, fill: Callable[[Path], None], facts: dict[str, Any] | None = None) -> int:
    """Let `fill` write into a new folder, then put it in the place of `folder`; return its size in bytes.

    Until the last moment it has another name, and it ends with a manifest of sizes and sha256 sums: whoever is ended
    half-way leaves the folder that was there before, and nothing that looks complete.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        sums = _complete(partial, fill, facts or {})
        old = folder.with_name(f".{folder.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
    finally:
        # On a full disk the half that was written is the room in which the end can be told.
        shutil.rmtree(partial, ignore_errors=True)
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
    return sum(fact["size"] for fact in sums.values())


def _complete(partial: Path, fill: Callable[[Path], None], facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Fill a folder and end it with its manifest, all of it on the disk; the sums by file."""
    fill(partial)
    # The Trainer's own arguments hold tokens in clear text.
    (partial / "training_args.bin").unlink(missing_ok=True)
    files = sorted(path for path in partial.rglob("*") if path.is_file())
    sums = {str(path.relative_to(partial)): _fact(path) for path in files}
    (partial / MANIFEST).write_text(json.dumps({"facts": facts, "files": sums}, indent=1), encoding="utf-8")
    for path in [*files, partial / MANIFEST, partial]:
        _sync(path)
    return sums


def restore(folder: Path) -> None:
    """Put back what `write_folder` had moved aside when it was ended between its two renames."""
    old = folder.with_name(f".{folder.name}.old")
    if old.is_dir() and not folder.exists():
        old.rename(folder)


def tidy(run: Path) -> None:
    """Clear a run's folder of what a writer left that was ended half-way; what it had moved aside is put back."""
    for place in (run, run / "checkpoints", run / "near"):
        for old in place.glob(".*.old"):
            restore(old.with_name(old.name[1:].removesuffix(".old")))
            shutil.rmtree(old, ignore_errors=True)
        for partial in place.glob(".*.partial"):
            shutil.rmtree(partial, ignore_errors=True)


def facts(folder: Path) -> dict[str, Any]:
    """What was written beside the files."""
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["facts"]
    return found


def checkpoint_folder(folder: Path, step: int) -> Path:
    """Where the checkpoint of `step` stands in the run's `folder`."""
    return folder / "checkpoints" / f"{PREFIX}{step}"


def rotate(folder: Path) -> None:
    """Delete all checkpoints of a run but the newest ones, by step: clocks may have been set back."""
    for old in _by_step(folder)[CHECKPOINTS_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def newest(folder: Path) -> tuple[Path | None, list[Damage]]:
    """The newest complete checkpoint of a run, and what is wrong with those that are newer."""
    damaged: list[Damage] = []
    for checkpoint in _by_step(folder):
        damage = examine(checkpoint)
        if damage is None:
            return checkpoint, damaged
        damaged.append(damage)
    return None, damaged


def examine(checkpoint: Path) -> Damage | None:
    """The first file of `checkpoint` that is missing or not as it was written; None where all are."""
    try:
        wanted = json.loads((checkpoint / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return Damage(checkpoint, MANIFEST, "is missing or cannot be read")
    for name, fact in wanted.items():
        path = checkpoint / name
        if not path.is_file():
            return Damage(checkpoint, name, "is missing")
        if _fact(path) != fact:
            return Damage(checkpoint, name, "has changed since it was written")
    return None


def _by_step(folder: Path) -> list[Path]:
    found = (folder / "checkpoints").glob(f"{PREFIX}*")
    numbered = [path for path in found if path.is_dir() and path.name.removeprefix(PREFIX).isdigit()]
    return sorted(numbered, key=lambda path: int(path.name.removeprefix(PREFIX)), reverse=True)


def _fact(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
