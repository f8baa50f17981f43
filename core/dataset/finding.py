"""What is said about rows: a finding, and the mends that are offered for it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff]")
"""Among them what would command a terminal or turn the direction of a line."""
_ORDER: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """A change of the rows that takes a finding away. It is data: previewed, applied as a new version, undone."""

    name: str
    """What the command line calls it: "drop", "mask", "keep"; unique among the mends of a finding."""
    title: str
    """What the button says: "Keep one of each"."""
    safe: bool = False
    """Whether it takes nothing away that anyone could miss, so that it belongs to "fix all that are safe"."""
    drop: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """File to the rows that are left out, as they are counted in the file."""
    cells: Mapping[str, Mapping[int, Mapping[str, Any]]] = field(default_factory=dict)
    """File to row to column to the new content of the whole cell."""
    conversion: str = ""
    """Name of the conversion that makes other rows of all files; nothing else is changed then."""

    @property
    def changes_nothing(self) -> bool:
        """Whether it only records a decision: the rows are kept as they are, and the finding becomes a note."""
        return not self.drop and not self.cells and not self.conversion


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the rows that people should know before they train."""

    name: str
    severity: Severity
    """An error: training cannot or should not begin. A warning: results suffer. A note: good to know."""
    rows: tuple[int, ...] = ()
    """Counted from 1 in `file`, the header not counted; empty where the finding is about all rows."""
    what: str
    fix: str
    """What to do, in words; empty where nothing needs to be done."""
    file: str = "train"
    """Which file the rows stand in: "train", "validation" or "test"."""
    column: str = ""
    """The column it is about, where it is about one."""
    example: str = ""
    """The place itself, shortened, of the first row."""
    mends: tuple[Mend, ...] = ()
    """What can be done with a click, the recommended one first."""


def ordered(found: Sequence[Finding]) -> list[Finding]:
    """`found`, errors first."""
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))


def counted(number: int, noun: str = "row") -> str:
    """A number with its noun: "1 row", "1,200 rows"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(rows: Sequence[int]) -> str:
    """Rows for a sentence: "row 3", "rows 3, 8 and 12", "rows 3, 8, 12, 40, 41 and 7 more"."""
    if len(rows) == 1:
        return f"row {rows[0]:,}"
    shown, more = [f"{row:,}" for row in rows[:5]], len(rows) - 5
    last = f"{more:,} more" if more > 0 else shown.pop()
    return f"rows {', '.join(shown)} and {last}"


def excerpt(text: str, start: int = 0, width: int = 80) -> str:
    """About `width` characters of `text` around `start`, on one line; signs that nobody sees are shown as ▯."""
    begin = max(0, start - width // 3)
    cut = text[begin : begin + width]
    shown = _UNSEEN.sub("▯", " ".join(cut.split()))
    return ("…" if begin else "") + shown + ("…" if begin + width < len(text) else "")


def of_file(file: str) -> str:
    """What follows "rows" in a sentence: "" for the training file, " of the test file" for another."""
    return "" if file == "train" else f" of the {file} file"


def quoted(text: str) -> str:
    """A label for a sentence, in quotes, shortened."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def dropping(title: str, rows: Sequence[int], file: str = "train", *, safe: bool = False) -> Mend:
    """The mend that leaves rows out."""
    return Mend(name="drop", title=title, safe=safe, drop={file: tuple(rows)})


def keeping(title: str = "Keep them as they are") -> Mend:
    """The mend that changes nothing: the finding is a note from then on."""
    return Mend(name="keep", title=title)


def kept(finding: Finding) -> Finding:
    """What is left of a finding when people have decided to keep its rows: a note, without mends."""
    what = f"{finding.what} You decided to keep {'it' if len(finding.rows) == 1 else 'them'}."
    return replace(finding, severity="note", what=what, fix="", mends=())


def in_agreement(found: Sequence[Finding]) -> list[Finding]:
    """`found`, its safe mends made to agree: where several change the same cell, all write what the last one writes.

    So they can be applied one by one or together, in any order, and the rows come out the same.
    """
    last: dict[tuple[str, int, str], Any] = {}
    for mend in (mend for finding in found for mend in finding.mends if mend.safe):
        for file, rows in mend.cells.items():
            for row, cells in rows.items():
                last.update(((file, row, column), content) for column, content in cells.items())
    return [replace(finding, mends=tuple(_agreeing(mend, last) for mend in finding.mends)) for finding in found]


def _agreeing(mend: Mend, last: Mapping[tuple[str, int, str], Any]) -> Mend:
    if not mend.safe or not mend.cells:
        return mend
    cells = {
        file: {row: {column: last[file, row, column] for column in cells} for row, cells in rows.items()}
        for file, rows in mend.cells.items()
    }
    return replace(mend, cells=cells)
