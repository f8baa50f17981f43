"""Characters that nobody typed: broken encoding, control characters, signs without a width."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.dataset.finding import Finding, Mend, Severity, counted, dropping, keeping, listed, of_file
from core.dataset.health.check import Check, Inspection
from core.dataset.health.spots import seek

_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
_ANY_CONTROL = re.compile(_CONTROL)
_CONTROLS = re.compile(rf"\x1b\[[0-9;?]*[ -/]*[@-~]|{_CONTROL}")
"""Control characters other than tab and line ends, and whole commands to a terminal."""
_BREAKS = {"\x0b": "\n", "\x0c": "\n"}
"""What spreadsheets and page breaks leave behind instead of a line end."""
_FORMULA = re.compile(
    "\x07(?=(?:lpha|ngle|pprox)\\b)|\x08(?=(?:ar|egin|eta|inom|oldsymbol|ullet)\\b)|\x0b(?=(?:arphi|dots|ec)\\b)"
    "|\x0c(?=(?:orall|rac)\\b)"
)
_LETTERS = {"\x07": "\\a", "\x08": "\\b", "\x0b": "\\v", "\x0c": "\\f"}
"""A formula's \\\\frac, read as a form feed and "rac": a backslash and its letter that became one sign."""
_INVISIBLE = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007f]+)"  # the flags of England, Scotland and Wales are written with such signs
    "|[\u00ad\u180e\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
    "|(?<![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])\u200b"  # between words of Thai, Lao, Burmese and Khmer it is right
)


def clean(text: str) -> str:
    """`text` as it was meant: encoding repaired, control characters and signs without a width taken out.

    Correct text stays as it is, quotes, accents, emoji and joined letters of other scripts included.
    """
    for _ in range(10):  # what one repair lays bare, the next round mends
        cleaned = _FORMULA.sub(lambda found: _LETTERS[found[0]], _decoded(text))
        cleaned = _CONTROLS.sub(lambda found: _BREAKS.get(found[0], ""), cleaned)
        cleaned = _INVISIBLE.sub(lambda found: found[1] or "", cleaned)
        if cleaned == text:
            break
        text = cleaned
    return text


def _decoded(text: str) -> str:
    """`text` with "Ã©" for "é" and the like repaired, line by line."""
    if text.isascii():
        return text
    from ftfy.badness import is_bad

    if not is_bad(text):
        return text
    return "\n".join(_decoded_line(line) if is_bad(line) else line for line in text.split("\n"))


def _decoded_line(line: str) -> str:
    from ftfy import TextFixerConfig, fix_encoding

    config = TextFixerConfig(unescape_html=False, replace_lossy_sequences=False, normalization=None, explain=False)
    # The sign for a lost letter would be decoded to nothing, so what stands between two of them is repaired by itself.
    return "\ufffd".join(fix_encoding(piece, config) for piece in line.split("\ufffd"))


def _misread(text: str) -> int:
    decoded = _decoded(text)
    if decoded == text:
        return -1
    return next((place for place, (a, b) in enumerate(zip(text, decoded, strict=False)) if a != b), 0)


def _lost(text: str) -> int:
    return text.find("\ufffd")


def _control(text: str) -> int:
    found = _ANY_CONTROL.search(text)
    if found and not text.isascii():
        found = _ANY_CONTROL.search(_decoded(text))  # half of a misread letter is told as such
    return found.start() if found else -1


def _invisible(text: str) -> int:
    if text.isascii():
        return -1
    return next((found.start() for found in _INVISIBLE.finditer(text) if not found[1]), -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    name: str
    severity: Severity
    position: Callable[[str], int]
    holds: str
    """Completes "3 rows hold ..."."""
    fix: str
    mend: str
    title: str


_KINDS = (
    _Kind(
        name="broken-encoding",
        severity="warning",
        position=_misread,
        holds="letters that were read in the wrong encoding, such as Ã© for é",
        fix="Repair them: only letters that are certainly wrong are changed.",
        mend="repair",
        title="Repair the letters",
    ),
    _Kind(
        name="control-characters",
        severity="warning",
        position=_control,
        holds="control characters, which no one sees and the model would learn",
        fix="Take them out; line ends and tabs stay.",
        mend="strip",
        title="Take them out",
    ),
    _Kind(
        name="invisible-characters",
        severity="note",
        position=_invisible,
        holds="signs without a width, which make equal words different",
        fix="Take them out; nothing that can be seen changes.",
        mend="strip",
        title="Take them out",
    ),
)


def _run(inspection: Inspection) -> Iterable[Finding]:
    for file in inspection.readings:
        yield from _unrepairable(inspection, file)
        for kind in _KINDS:
            spots = seek(inspection, file, kind.position)
            if spots:
                verb = "holds" if len(spots.rows) == 1 else "hold"
                yield Finding(
                    name=kind.name,
                    severity=kind.severity,
                    rows=spots.rows,
                    what=f"{counted(len(spots.rows))}{of_file(file)} {verb} {kind.holds} ({listed(spots.rows)}).",
                    fix=kind.fix,
                    file=file,
                    column=spots.column,
                    example=spots.example,
                    # All repairs at once, so that those of several findings agree on a cell.
                    mends=(Mend(name=kind.mend, title=kind.title, safe=True, cells={file: spots.changed(clean)}),),
                )


def _unrepairable(inspection: Inspection, file: str) -> Iterable[Finding]:
    spots = seek(inspection, file, _lost)
    if not spots:
        return
    rows = spots.rows
    verb = "holds" if len(rows) == 1 else "hold"
    yield Finding(
        name="lost-characters",
        severity="warning",
        rows=rows,
        what=f"{counted(len(rows))}{of_file(file)} {verb} the sign � where letters were lost before the file came here "
        f"({listed(rows)}).",
        fix="Export the file again as UTF-8; the letters cannot be brought back from this one.",
        file=file,
        column=spots.column,
        example=spots.example,
        mends=(dropping("Leave them out", rows, file), keeping()),
    )


CHECK = Check(
    name="characters",
    about="broken and invisible characters",
    finds=("lost-characters", *(kind.name for kind in _KINDS)),
    run=_run,
)
