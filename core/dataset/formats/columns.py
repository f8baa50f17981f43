"""Which column is what: by its name, whatever its case and spacing, and by what stands in it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.dataset.formats.format import RowUnfit
from core.dataset.table import Row, Table, text_of

_FOLD = re.compile(r"[\s_\-.]+")


@dataclass(frozen=True, slots=True)
class Profile:
    """What stands in a column."""

    rows: int
    """Rows that are not empty."""
    distinct: int
    mean_length: float
    """Characters."""
    longest: int
    nested: bool
    """Whether lists or objects stand in it."""

    @property
    def is_short(self) -> bool:
        """Whether the values are short enough to be names of classes."""
        return not self.nested and 0 < self.longest <= 80

    @property
    def repeats(self) -> bool:
        """Whether it holds few different short values for its rows, as labels do."""
        return self.is_short and 2 <= self.distinct <= max(2, min(500, self.rows / 3))

    @property
    def is_prose(self) -> bool:
        """Whether it holds texts, most of them different, and not numbers, names or classes."""
        return not self.nested and self.mean_length >= 15 and self.distinct > self.rows / 2


def fold(name: str) -> str:
    """A column's name without case, spaces, dashes and underscores."""
    return _FOLD.sub("", name).casefold()


def find(columns: Iterable[str], names: Iterable[str]) -> str:
    """The column with the first of `names` that there is, or ""."""
    folded: dict[str, str] = {}
    for column in columns:
        folded.setdefault(fold(column), column)
    return next((folded[name] for name in map(fold, names) if name in folded), "")


def profile(table: Table, column: str) -> Profile:
    """What stands in `column`."""
    cells = [row[column] for row in table.rows]
    if any(isinstance(cell, list | dict) for cell in cells):
        return Profile(len(cells), 0, 0.0, 0, nested=True)
    texts = [text for text in (text_of(cell).strip() for cell in cells) if text]
    lengths = list(map(len, texts))
    return Profile(
        len(texts), len(set(texts)), sum(lengths) / max(1, len(texts)), max(lengths, default=0), nested=False
    )


def cell(row: Row, mapping: Mapping[str, str], part: str) -> str:
    """The text of a part without outer white space; "" where it is empty or not mapped."""
    column = mapping.get(part)
    # A carriage return before each line end is the mark of a system, not of the text.
    return text_of(row.get(column)).strip().replace("\r\n", "\n") if column else ""


def needed(row: Row, mapping: Mapping[str, str], part: str) -> str:
    """The text of a part that must not be empty.

    Raises:
        RowUnfit: It is.
    """
    text = cell(row, mapping, part)
    if not text:
        raise RowUnfit(part)
    return text


def quoted(*columns: str) -> str:
    """Column names for a sentence: 'a', 'b' and 'c'."""
    shown = [f"'{column.strip()}'" for column in columns if column]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
