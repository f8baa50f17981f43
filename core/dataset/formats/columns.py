"""Which column is what: by its name, whatever its case and spacing, and by what stands in it."""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.dataset.formats.format import RowUnfit
from core.dataset.formats.templates import fill
from core.dataset.table import Row, Table, text_of

LOOK_AT = 5_000
"""Rows at most that decide what a column is; of more, a choice by lot that is always the same."""

_FOLD = re.compile(r"[\s_\-.]+")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_REFERENCE = re.compile(
    r"[!-~]*[\d_/:@\\][!-~]*|[^\n]{1,250}\.(?:pdf|txt|docx?|xml|html?|json|csv|md|jpe?g|png|wav|mp3)", re.IGNORECASE
)
_LONGEST_REFERENCE = 300
_YES = {"1", "true", "yes", "y", "1.0"}
_NO = {"0", "false", "no", "n", "0.0"}


@dataclass(frozen=True, slots=True)
class Profile:
    """What stands in a column."""

    rows: int
    """Rows that are not empty."""
    looked_at: int
    distinct: int
    mean_length: float
    """Characters."""
    longest: int
    nested: bool
    """Whether lists or objects stand in it."""
    numeric: bool = False
    """Whether all values are numbers."""
    yes_no: bool = False
    """Whether all values are yes or no, 0 or 1, true or false."""
    refers: bool = False
    """Whether the values are ids, addresses or names of files."""
    asks: bool = False
    """Whether most values end with a question mark."""

    @property
    def is_short(self) -> bool:
        """Whether the values are short enough to be names of classes."""
        return not self.nested and 0 < self.longest <= 80

    @property
    def repeats(self) -> bool:
        """Whether it holds few different short values for its rows, as labels do."""
        return self.is_short and 2 <= self.distinct <= max(2, min(500, self.rows / 3))

    @property
    def is_text(self) -> bool:
        """Whether texts stand in it that someone could read: no lists, ids or names of files."""
        return self.rows > 0 and not self.nested and not (self.refers and not self.repeats)

    @property
    def is_prose(self) -> bool:
        """Whether it holds texts, most of them different, and not numbers, names or classes."""
        return self.is_text and self.mean_length >= 15 and self.distinct > self.rows / 2

    @property
    def is_sparse(self) -> bool:
        """Whether a tenth of the rows or more have nothing in it."""
        return self.rows <= 0.9 * self.looked_at


class Columns:
    """The columns of a table and what stands in them, judged by at most `LOOK_AT` rows, each column once."""

    def __init__(self, table: Table) -> None:
        self.names = table.columns
        self.rows: Sequence[Row] = _some_of(table.rows)
        self.all_rows = len(table.rows)
        self._profiles: dict[str, Profile] = {}

    def __getitem__(self, column: str) -> Profile:
        """What stands in `column`."""
        if column not in self._profiles:
            self._profiles[column] = profile([row[column] for row in self.rows])
        return self._profiles[column]

    def where(self, question: str, columns: Iterable[str] | None = None) -> list[str]:
        """The columns (or those of `columns`) whose profile says yes to `question`, such as "is_prose"."""
        return [name for name in (self.names if columns is None else columns) if getattr(self[name], question)]

    def cells(self, column: str, most: int = 50) -> list[Any]:
        """The first cells of the column that are not empty."""
        found = (row[column] for row in self.rows if row[column] not in (None, ""))
        return [cell for cell, _ in zip(found, range(most), strict=False)]


def _some_of(rows: Sequence[Row]) -> Sequence[Row]:
    # By lot, but always the same: of every n-th row of a table that alternates only one kind might be seen.
    if len(rows) <= LOOK_AT:
        return rows
    return [rows[place] for place in sorted(random.Random(LOOK_AT).sample(range(len(rows)), LOOK_AT))]


def fold(name: str) -> str:
    """A column's name without case, spaces, dashes and underscores."""
    return _FOLD.sub("", name).casefold()


def find(columns: Iterable[str], names: Iterable[str]) -> str:
    """The column with the first of `names` that there is, or ""."""
    folded: dict[str, str] = {}
    for column in columns:
        folded.setdefault(fold(column), column)
    return next((folded[name] for name in map(fold, names) if name in folded), "")


def profile(cells: Sequence[Any]) -> Profile:
    """What these cells of one column are."""
    looked_at = len(cells)
    if any(isinstance(cell, list | dict) for cell in cells):
        filled = sum(cell not in (None, "", [], {}) for cell in cells)
        return Profile(filled, looked_at, 0, 0.0, 0, nested=True)
    texts = [text for text in (text_of(cell).strip() for cell in cells) if text]
    if not texts:
        return Profile(0, looked_at, 0, 0.0, 0, nested=False)
    distinct = set(texts)
    words = {text.casefold() for text in distinct} if len(distinct) <= 4 else {"many"}
    return Profile(
        rows=len(texts),
        looked_at=looked_at,
        distinct=len(distinct),
        mean_length=sum(map(len, texts)) / len(texts),
        longest=max(map(len, texts)),
        nested=False,
        numeric=all(map(_NUMBER.fullmatch, distinct)),
        yes_no=words <= _YES | _NO,
        refers=sum(len(t) <= _LONGEST_REFERENCE and bool(_REFERENCE.fullmatch(t)) for t in texts) >= 0.9 * len(texts),
        asks=sum(text.endswith(("?", "？", "؟")) for text in texts) >= 0.6 * len(texts),
    )


def is_yes(value: object) -> bool | None:
    """Whether a cell says yes (1, true, yes) or no; None where it says something else."""
    said = text_of(value).strip().casefold()
    return True if said in _YES else False if said in _NO else None


def raw(row: Row, mapping: Mapping[str, str], part: str) -> Any:  # noqa: ANN401 - a cell
    """What stands in the part's column, or the text of its template; None where it is not mapped."""
    column = mapping.get(part)
    if not column:
        return None
    return row[column] if column in row else fill(column, row)


def cell(row: Row, mapping: Mapping[str, str], part: str) -> str:
    """The text of a part without outer white space; "" where it is empty or not mapped."""
    value = raw(row, mapping, part)
    text = (value if isinstance(value, str) else text_of(value)).strip()
    # A carriage return before each line end is the mark of a system, not of the text.
    return text.replace("\r\n", "\n") if "\r" in text else text


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
