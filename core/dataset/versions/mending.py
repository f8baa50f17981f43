"""Findings are mended, one new version after another; the reading of the rows stays what it was."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.dataset.choice import DataChoice
from core.dataset.conversions import CONVERSIONS
from core.dataset.files.source import Source, find_source
from core.dataset.finding import Finding, Mend
from core.dataset.load import choose, read_tables
from core.dataset.report import Report
from core.dataset.versions.history import make_version
from core.dataset.versions.mend import apply, told
from core.errors import NotFoundError

SAFE = "safe"
"""Instead of a finding's name: all mends that take nothing away that anyone could miss."""
_ROUNDS = 8
"""A mend can bring to light what another one then mends: two texts that differ in a broken letter become duplicates."""

Check = Callable[[Source, DataChoice], Report]


@dataclass(frozen=True, slots=True)
class Mended:
    """Where the mends led."""

    choice: DataChoice
    acts: tuple[str, ...]
    """What was done, a sentence for each version that was made."""


def convert(source: Source, name: str, home: Path, sheet: str = "") -> DataChoice:
    """Make a version in which a conversion made other rows, and find out how they are read.

    Raises:
        NotFoundError: There is no such conversion.
        DataError: It does not fit the rows, or no format fits what comes out.
    """
    conversion = CONVERSIONS[name]
    tables = {file: conversion.convert(table) for file, table in read_tables(source, sheet).items()}
    act = " ".join([f"{conversion.title}.", *tables["train"].notes])
    return choose(make_version(source, tables, act, home))


def mend(choice: DataChoice, wanted: Iterable[tuple[str, str]], home: Path, check: Check) -> Mended:
    """Apply mends in turn: pairs of a finding's name, or `SAFE`, and a mend's name, empty for the recommended one.

    Raises:
        NotFoundError: The rows have no such finding, or it has no such mend; what was mended before stays a version.
        DataError: No row would be left.
    """
    acts: list[str] = []
    for finding, name in wanted:
        for _ in range(_ROUNDS if finding == SAFE else 1):
            source = find_source(choice.source, home)
            found = check(source, choice).findings
            mends = _safe(found) if finding == SAFE else _chosen(found, finding, name)
            if not mends:
                break
            version = _version(source, choice.sheet, finding, mends, home)
            acts.append(version.act)
            # A version has no sheets any more: its rows are those of the one that was chosen.
            choice = choice.model_copy(update={"source": version.id, "sha256": version.sha256, "sheet": ""})
    return Mended(choice, tuple(acts))


def _version(source: Source, sheet: str, finding: str, mends: Sequence[Mend], home: Path) -> Source:
    joined = join(mends)
    decision = (finding, joined.name) if joined.changes_nothing else None
    return make_version(source, apply(joined, read_tables(source, sheet)), told(joined), home, decision)


def _safe(found: Sequence[Finding]) -> list[Mend]:
    return [mend for finding in found for mend in finding.mends[:1] if mend.safe]


def _chosen(found: Sequence[Finding], finding: str, name: str) -> list[Mend]:
    """The mend of every finding of that name: one stands for each file and column.

    Raises:
        NotFoundError: There is no such finding, or no such mend of it.
    """
    offered = [about.mends for about in found if about.name == finding and about.mends]
    if not offered:
        names = ", ".join(sorted({about.name for about in found if about.mends})) or "none"
        raise NotFoundError(f"There is no finding {finding!r} that can be mended.", f"Findings with a mend: {names}.")
    chosen = [mend for mends in offered for mend in mends if mend.name == (name or mends[0].name)]
    if not chosen:
        names = ", ".join(dict.fromkeys(mend.name for mends in offered for mend in mends))
        raise NotFoundError(f"The finding {finding!r} has no mend {name!r}.", f"It has: {names}.")
    return chosen


def join(mends: Sequence[Mend]) -> Mend:
    """Several mends as one; of two that change the same cell the first counts, and the other finds it again later."""
    if len(mends) == 1:
        return mends[0]
    drop: dict[str, set[int]] = {}
    cells: dict[str, dict[int, dict[str, Any]]] = {}
    for one in mends:
        for file, rows in one.drop.items():
            drop.setdefault(file, set()).update(rows)
        _add_cells(cells, one.cells)
    return Mend(
        name=mends[0].name,
        title=", ".join(dict.fromkeys(one.title for one in mends)),
        safe=all(one.safe for one in mends),
        drop={file: tuple(sorted(rows)) for file, rows in drop.items()},
        cells=cells,
    )


def _add_cells(
    cells: dict[str, dict[int, dict[str, Any]]], more: Mapping[str, Mapping[int, Mapping[str, Any]]]
) -> None:
    for file, rows in more.items():
        known = cells.setdefault(file, {})
        for row, columns in rows.items():
            known[row] = {**columns, **known.get(row, {})}
