"""Plain text and Markdown: one row per passage, cut where a paragraph ends."""

import re
from typing import BinaryIO

from core.dataset.files.decode import Encoding, text_of_file
from core.dataset.finding import counted
from core.dataset.table import Row, Table, check_characters
from core.errors import DataError

MOST = 4000
"""Characters of a passage, about: some 1,000 tokens."""
_ENDS = (re.compile(r"\n"), re.compile(r"(?<=[.!?])[\"'”’)]*\s+"), re.compile(r"\s+"))
"""Where a paragraph that is longer may be cut: at a line end, after a sentence, between words."""
_PARAGRAPH = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def read_passages(file: BinaryIO, encoding: Encoding, name: str) -> Table:
    """Read a document as passages of at most about `MOST` characters, in the column "text".

    Raises:
        DataError: It holds no text, or characters that no text may hold.
    """
    with text_of_file(file, encoding, newline=None) as text:
        whole = text.read()
    if encoding.nul:
        check_characters(whole, name)
    passages = cut(whole)
    if not passages:
        raise DataError(f"{name} is empty.", "Choose a file with a few examples.")
    rows: list[Row] = [{"text": passage} for passage in passages]
    return Table(("text",), rows, encoding.name, (note(f"{name} is plain text and", len(rows)),))


def note(what: str, passages: int) -> str:
    """The sentence that says how documents were cut; `what` begins it."""
    cut_up = f", cut where a paragraph ends at about {MOST:,} characters" if passages > 1 else ""
    return f"{what} became {counted(passages, 'passage')}{cut_up}."


def cut(text: str, most: int = MOST) -> list[str]:
    """Passages of at most `most` characters; only white space is lost, at their ends."""
    passages: list[str] = []
    open_passage = ""
    for paragraph in paragraphs(text):
        if open_passage and len(open_passage) + 2 + len(paragraph) > most:
            passages.append(open_passage)
            open_passage = ""
        pieces = _pieces(paragraph, most)
        passages += pieces[:-1]
        open_passage = f"{open_passage}\n\n{pieces[-1]}" if open_passage else pieces[-1]
    return [*passages, open_passage] if open_passage else passages


def paragraphs(text: str) -> list[str]:
    """What stands between blank lines."""
    parts = (part.strip("\n").rstrip() for part in _PARAGRAPH.split(text.replace("\r\n", "\n").replace("\r", "\n")))
    return [part for part in parts if part]


def _pieces(paragraph: str, most: int) -> list[str]:
    pieces = []
    begin = 0
    while len(paragraph) - begin > most:
        end = _end(paragraph, begin, most)
        pieces.append(paragraph[begin:end].strip())
        begin = end
    return [piece for piece in (*pieces, paragraph[begin:].strip() if pieces else paragraph) if piece]


def _end(paragraph: str, begin: int, most: int) -> int:
    for pattern in _ENDS:
        ends = [found.end() for found in pattern.finditer(paragraph, begin + 1, begin + most)]
        if ends and ends[-1] > begin + most // 4:
            return ends[-1]
    return begin + most
