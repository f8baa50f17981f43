"""Data set versions: what was uploaded stays as it came, and every change of rows makes a new version of it."""

import contextlib
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.dataset.files.intake import ID
from core.dataset.files.keep import keep_folder
from core.dataset.files.origin import FILE, read_origin
from core.dataset.files.source import Source, data_folder, find_source
from core.dataset.files.write import FORMS
from core.dataset.table import Table
from core.errors import DataError, MachineError, UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One line of the table of versions."""

    id: str
    parent: str
    """Empty for what was uploaded."""
    act: str
    """What was done to the parent, one sentence."""
    made: str
    """When, as ISO 8601 in UTC; empty for what was uploaded."""
    rows: Mapping[str, int]
    """File to its rows; empty for what was uploaded."""


def make_version(
    parent: Source, tables: Mapping[str, Table], act: str, home: Path, decision: tuple[str, str] | None = None
) -> Source:
    """Keep `tables` as a new version of `parent`; `decision` is a finding's name and the mend that was chosen.

    Raises:
        DataError: A file would have no rows.
        MachineError: The version cannot be written.
    """
    empty = [file for file, table in tables.items() if not table.rows]
    if empty:
        raise DataError(f"No row of the {empty[0]} file would be left.", "Leave fewer rows out, or map other columns.")
    contents = {f"{file}.jsonl": FORMS["jsonl"](table) for file, table in tables.items()}
    decisions = dict(parent.decisions) | (dict([decision]) if decision else {})
    digest = hashlib.sha256(json.dumps([parent.id, act, decisions]).encode())
    for name, content in contents.items():
        digest.update(name.encode() + content)
    data_id = digest.hexdigest()[:12]
    origin = {
        "name": parent.name,
        "kept": {file: f"{file}.jsonl" for file in tables},
        "unused": [],
        "parent": parent.id,
        "act": act,
        "made": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "decisions": decisions,
        "rows": {file: len(table.rows) for file, table in tables.items()},
        "notes": list(tables["train"].notes),  # what was decided while reading still holds
        "numbers": {file: table.numbers for file, table in tables.items() if table.numbers},
    }
    try:
        keep_folder(data_folder(home, data_id), contents, origin)
    except OSError as error:
        size = sum(map(len, contents.values())) / 2**20
        raise MachineError(
            f"The new version ({size:.1f} MiB) cannot be written to {home}: {error.strerror}.",
            "Free some space, or start Fewtune with another --home.",
        ) from error
    return find_source(data_id, home)


def history(source: Source, home: Path) -> list[Version]:
    """All versions of what was uploaded, in the order in which they were made; what was uploaded stands first.

    Versions that are damaged are left out, and an upload that is gone is stood for by the oldest version of it.
    """
    root = _first(source, home)
    found = {root.id: Version(id=root.id, parent="", act=root.act or "As it was uploaded.", made="", rows={})}
    for version in sorted(_made(home), key=lambda version: version.made):
        if version.parent in found and version.id != root.id:
            found[version.id] = version
    found.setdefault(source.id, Version(id=source.id, parent=source.parent, act=source.act, made="", rows={}))
    return list(found.values())


def _first(source: Source, home: Path) -> Source:
    """What was uploaded, or the oldest version that is still there."""
    seen = {source.id}
    while source.parent and source.parent not in seen:
        seen.add(source.parent)
        try:
            source = find_source(source.parent, home)
        except UserError:  # it was removed, or is damaged: the versions made from it are whole all the same
            break
    return source


def _made(home: Path) -> Iterator[Version]:
    folder = home / "datasets"
    for path in folder.glob(f"*/{FILE}") if folder.is_dir() else ():
        if ID.fullmatch(path.parent.name):
            with contextlib.suppress(OSError):
                status = path.stat()
                version = _version(path.parent, status.st_ino, status.st_mtime_ns, status.st_size)
                if version is not None:
                    yield version


@functools.lru_cache(maxsize=4096)
def _version(folder: Path, *_: int) -> Version | None:
    """A version's line, read once; None for what was uploaded, and for what is damaged."""
    try:
        origin = read_origin(folder)
    except UserError:
        return None
    if not origin.parent:
        return None
    return Version(id=folder.name, parent=origin.parent, act=origin.act, made=origin.made, rows=origin.rows)
