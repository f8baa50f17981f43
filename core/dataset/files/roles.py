"""Which file is which: names that say train, validation or test."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from core.errors import DataError

ORDER = ("train", "validation", "test")
TEXTS = (".md", ".markdown", ".txt")
"""Endings of files that may be documents rather than tables."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ROLES = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation", "eval": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
_NO_DATA = {"readme", "license", "licence", "notice", "dataset_info", "requirements", "datasetdict", "state"}


def is_data(name: str, suffixes: Sequence[str]) -> bool:
    """Whether a file's name says that it may hold examples: not hidden, no licence or read-me, a known ending."""
    file = PurePosixPath(name).name
    parts = file.lower().split(".")
    return (
        not file.startswith((".", "~$")) and not _NO_DATA.intersection(parts) and file.lower().endswith(tuple(suffixes))
    )


def role_of(name: str) -> str:
    """The role that a file's name, or else its nearest folder, says; empty where they say none."""
    for part in reversed(PurePosixPath(name).parts):
        words = [word for word in map(str.lower, _WORD.findall(part)) if word in _ROLES]
        if words:
            return _ROLES[words[-1]]
    return ""


def arrange(names: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Role to the names of its files, and the names that are left alone.

    Where all say the same, or nothing, all are training files. Documents count only where there is no table, and their
    roles only where each says one.

    Raises:
        DataError: Some files say that they are for validation or test, and none is for training.
    """
    documents = all(name.lower().endswith(TEXTS) for name in names)
    chosen = [name for name in names if documents or not _is_beside_tables(name)]
    roles = {name: role_of(name) for name in chosen}
    if len(set(roles.values())) == 1 or (documents and not all(roles.values())):
        return {"train": chosen}, [name for name in names if name not in chosen]
    files = {role: [name for name in chosen if roles[name] == role] for role in ORDER}
    if not files["train"]:
        shown = ", ".join(names[:5])
        raise DataError(
            f"None of the {len(names)} files says that it is the training file: {shown}.",
            "Name one of them train, the others validation and test, or choose a single file.",
        )
    taken = {name for role in files.values() for name in role}
    return {role: found for role, found in files.items() if found}, [name for name in names if name not in taken]


def _is_beside_tables(name: str) -> bool:
    return name.lower().endswith(TEXTS) and not (name.lower().endswith(".txt") and role_of(name))
