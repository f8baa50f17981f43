"""What the command line prints: answers on stdout, everything else on stderr."""

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import UserError


def answer(value: Mapping[str, Any]) -> None:
    """Print one JSON object on one line, at once, so that a reader at the other end of a pipe need not wait."""
    print(json.dumps(value, allow_nan=False), flush=True)  # noqa: T201


def tell(text: str = "") -> None:
    """Print an answer for people."""
    print(plain(text), flush=True)  # noqa: T201


def note(text: str) -> None:
    """Print what is beside the answer: progress, hints."""
    print(plain(text), file=sys.stderr, flush=True)  # noqa: T201


def complain(error: UserError, *, as_json: bool) -> None:
    """Say what happened and what to do."""
    if as_json:
        answer(error.as_json())
        return
    note(error.what)
    if error.fix:
        note(error.fix)


def plain(text: str) -> str:
    """`text` without control characters, which people's data may hold and a terminal would obey."""
    return "".join(
        letter if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cf", "Cs"} else "\ufffd"
        for letter in text
    )


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> str:
    """Rows in aligned columns, the first one being the heads; columns in `right` end at one line."""
    lines = [[plain(cell).replace("\n", " ").replace("\t", " ") for cell in row] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    shown = [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join(shown)


def short(text: str, length: int) -> str:
    """`text` in at most `length` characters."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
