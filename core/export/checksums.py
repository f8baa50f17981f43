"""SHA-256 of each file of a folder, as `sha256sum -c SHA256SUMS` reads it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

NAME = "SHA256SUMS"


def write_sums(folder: Path) -> dict[str, str]:
    """Write the folder's SHA256SUMS and return what it says: file to hexadecimal digits."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    sums = {path.relative_to(folder).as_posix(): sha256(path) for path in files}
    (folder / NAME).write_text(listed(sums), encoding="utf-8")
    return sums


def listed(sums: Mapping[str, str]) -> str:
    """The lines of such a file."""
    return "".join(f"{digits}  {name}\n" for name, digits in sums.items())


def sha256(path: Path) -> str:
    """Of one file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
