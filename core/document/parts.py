"""What a document is made of; how it looks is decided elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    text: str
    alarm: bool = False
    """Whether something should be done about it."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of plain text."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to copy."""

    text: str


@dataclass(frozen=True, slots=True)
class Curves:
    """Values by optimizer step; the first curve is drawn thin, the others with points."""

    title: str
    series: Mapping[str, Sequence[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A measured value with its interval."""

    label: str
    at: float
    value: float
    low: float
    high: float
    apart: bool = False
    """Whether it is of another kind than the others."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Values beside each other, or along an axis, and a fitted line through them."""

    title: str
    axis: str
    """What the axis counts; empty where the values have no order."""
    unit: str
    marks: Sequence[Mark]
    line: Sequence[tuple[float, float]] = ()


Block: TypeAlias = Paragraph | Items | Table | Code | Curves | Marks


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: Sequence[Block]
