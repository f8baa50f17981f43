"""HTML in texts that were copied from web pages: tags, and letters written as &amp;."""

import html
import re
from collections.abc import Iterable
from typing import Any

from core.dataset.finding import Finding, Mend, counted, dropping, excerpt, keeping, listed, of_file
from core.dataset.health.check import Check, Inspection
from core.dataset.health.spots import Spots, texts_in

_BLOCKS = (
    "address|article|aside|blockquote|br|dd|div|dl|dt|figure|footer|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|"
    "tbody|td|tfoot|th|thead|tr|ul"
)
_INLINE = (
    "a|abbr|b|big|center|cite|code|del|em|font|i|iframe|img|ins|kbd|mark|q|s|script|small|span|strike|strong|style|sub|"
    "sup|tt|u"
)
_TAG = re.compile(rf"</?(?:({_BLOCKS})|{_INLINE})(?:\s+[a-z-]+\s*=[^<>]*)?\s*/?>", re.IGNORECASE)
"""A tag of HTML with a known name, alone or with attributes: neither "a < b" nor "<omitted>"."""
_ENTITY = re.compile(
    r"&(?:amp|lt|gt|quot|apos|nbsp|[lr][ds]quo|hellip|[mn]dash|bull|copy|reg|trade|euro|pound|#\d{2,6}|#x[0-9a-f]{2,5});",
    re.IGNORECASE,
)
_ABOUT_CODE = re.compile(
    r"```|<!doctype|<html|\b(?:html5?|xml|xhtml|css|svg|javascript|typescript|jsx|php|react|web ?(?:page|site)"
    r"|markup|tags?)\b",
    re.IGNORECASE,
)
"""Where a row speaks of code, its tags are meant."""


def _position(text: str) -> int:
    # The two plain searches leave out nearly all texts, far sooner than the patterns would.
    places = []
    if "<" in text and (tag := _TAG.search(text)):
        places.append(tag.start())
    if "&" in text and (entity := _ENTITY.search(text)):
        places.append(entity.start())
    return min(places, default=-1)


def plain(text: str) -> str:
    """`text` without tags and with &amp; and the like as the letters that they stand for."""
    for _ in range(10):  # an escaped tag, or an entity that was escaped twice
        if _position(text) < 0:
            break
        text = _TAG.sub(lambda found: "\n" if found[1] else "", text)
        text = _ENTITY.sub(lambda found: html.unescape(found[0]).replace("\xa0", " "), text)
    lines = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _found(inspection: Inspection, file: str) -> Spots:
    about_code: set[int] = set()
    examples: dict[int, str] = {}
    cells: list[tuple[int, str, Any]] = []
    for row, column, content in inspection.cells(file):
        for text in texts_in(content):
            start = _position(text)
            if start >= 0 and row not in examples:
                examples[row] = excerpt(text, start)
            if start >= 0 and (row, column) not in {cell[:2] for cell in cells[-1:]}:
                cells.append((row, column, content))
    rows = {row for row, _, _ in cells}
    for row, _, content in inspection.cells(file) if rows else ():
        if row in rows and any(_ABOUT_CODE.search(text) for text in texts_in(content)):
            about_code.add(row)
    left = tuple(cell for cell in cells if cell[0] not in about_code)
    return Spots(left, examples[left[0][0]] if left else "")


def _run(inspection: Inspection) -> Iterable[Finding]:
    for file in inspection.readings:
        spots = _found(inspection, file)
        if not spots:
            continue
        rows = spots.rows
        verb = "holds" if len(rows) == 1 else "hold"
        yield Finding(
            name="markup-in-text",
            severity="warning",
            rows=rows,
            what=f"{counted(len(rows))}{of_file(file)} {verb} marks of a web page, such as <br> or &amp; "
            f"({listed(rows)}): the model would learn to write them.",
            fix="Turn them into plain text, unless the model is to write HTML.",
            file=file,
            column=spots.column,
            example=spots.example,
            mends=(
                Mend(name="strip", title="Turn them into plain text", cells={file: spots.changed(plain)}),
                dropping("Leave them out", rows, file),
                keeping(),
            ),
        )


CHECK = Check(name="markup", about="marks of web pages", finds=("markup-in-text",), run=_run)
