"""Folders that are complete or not there: the best weights, and checkpoints from which a run goes on."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UserError

MANIFEST = "manifest.json"
PREFIX = "checkpoint-"
KEPT = 2
"""Checkpoints that stay on disk."""


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
    fill(partial)
    # The Trainer's own arguments hold tokens in clear text.
    (partial / "training_args.bin").unlink(missing_ok=True)
    files = sorted(path for path in partial.rglob("*") if path.is_file())
    sums = {str(path.relative_to(partial)): _fact(path) for path in files}
    (partial / MANIFEST).write_text(json.dumps({"facts": facts or {}, "files": sums}, indent=1), encoding="utf-8")
    for path in [*files, partial / MANIFEST]:
        _sync(path)
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(old, ignore_errors=True)
    return sum(fact["size"] for fact in sums.values())


def restore(folder: Path) -> None:
    """Put back what `write_folder` had moved aside when it was ended between its two renames."""
    old = folder.with_name(f".{folder.name}.old")
    if old.is_dir() and not folder.exists():
        old.rename(folder)


def facts(folder: Path) -> dict[str, Any]:
    """What was written beside the files."""
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["facts"]
    return found


def checkpoint_folder(folder: Path, step: int) -> Path:
    """Where the checkpoint of `step` stands in the run's `folder`."""
    return folder / "checkpoints" / f"{PREFIX}{step}"


def rotate(folder: Path) -> None:
    """Delete all checkpoints of a run but the newest ones, by step: clocks may have been set back."""
    for old in _by_step(folder)[KEPT:]:
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


def check_unchanged(checkpoint: Path, now: dict[str, Any]) -> None:
    """Refuse to go on from a checkpoint under another plan.

    Raises:
        UserError: Something that decides the run differs; lists all of it.
    """
    before = facts(checkpoint).get("decides", {})
    changed = {
        key: f"{before.get(key)!r} when it was written, {now.get(key)!r} now"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    }
    if changed:
        listed = "; ".join(f"{key}: {difference}" for key, difference in changed.items())
        raise UserError(
            f"The run cannot go on from {checkpoint.name}, because what decides it has changed: {listed}.",
            "Set it back, or start a new run.",
            changed,
        )


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
