"""Which separator a text uses, from its beginning."""

import csv
import io
import itertools
from typing import TextIO

SEPARATORS = (",", "\t", ";", "|", "^", "~", "\x1f", "\x01")
NAMES = {"\t": "a tab", "\x1f": "a unit separator", "\x01": "a \\x01"}
_LOOK_AT = 2**16
"""Characters from the beginning that decide the separator."""
_MOST_LIKE_A_NAME = 60
"""Characters; a longer first cell is a sentence."""


def find_separator(text: TextIO) -> tuple[str, bool, str]:
    """The separator whose rows are as wide as the header, whether Excel's "sep=" line declares it, and the quote."""
    beginning = text.read(_LOOK_AT + 1)
    head = beginning.partition("\n")[0].rstrip("\r")
    if head.lower().startswith("sep=") and len(head) == 5:
        quote = beginning.partition("\n")[2].lstrip()[:1]
        return head[4], True, "'" if quote == "'" else '"'
    quote = "'" if beginning.lstrip()[:1] == "'" else '"'
    best, score = ",", (0.0, 0)
    for separator in SEPARATORS:
        widths = _widths(beginning, separator, quote)
        width = widths[0] if widths else 0
        if width > 1 and (share := (sum(w == width for w in widths) / len(widths), width)) > score:
            best, score = separator, share
    return best, False, quote


def looks_like_table(beginning: str) -> bool:
    """Whether a text file's beginning has columns: a header of short names, and rows as wide as it."""
    separator, declared, quote = find_separator(io.StringIO(beginning))
    if declared:
        return True
    rows = list(itertools.islice(csv.reader(_lines(beginning), delimiter=separator, quotechar=quote), 200))
    rows = [row for row in rows if row]
    if len(rows) < 2 or len(rows[0]) < 2 or not all(map(_is_name, rows[0])):
        return False
    return sum(len(row) == len(rows[0]) for row in rows) >= 0.9 * len(rows) - 1


def _is_name(cell: str) -> bool:
    shown = cell.strip()
    return len(shown) <= _MOST_LIKE_A_NAME and not shown.endswith((".", "!", "?", ":"))


def _widths(beginning: str, separator: str, quote: str) -> list[int]:
    # The last row may be cut off where the beginning is not the whole.
    widths = [len(cells) for cells in csv.reader(_lines(beginning), delimiter=separator, quotechar=quote) if cells]
    return widths if len(beginning) <= _LOOK_AT or len(widths) < 3 else widths[:-1]


def _lines(text: str) -> io.StringIO:
    return io.StringIO(text, newline="")
