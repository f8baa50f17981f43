"""What is said about a data set: how it is read, what is in its columns, how long it is, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.dataset.example import Example
from core.dataset.finding import Finding
from core.dataset.health.check import Room
from core.dataset.table import Table, text_of

PREVIEW = 10
"""Rows that are shown, and examples."""
_LOOK_AT = 20_000
"""Rows at most whose lengths and columns are measured; of more, an even choice."""
_COUNTED = 2_000
"""The same for lengths in a model's tokens, which take longer to find out."""
_POINTS = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}
_BARS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSummary:
    """What stands in one column of the training file."""

    name: str
    used_as: str
    """The part of the format; empty where the column is not used."""
    filled: float
    """Share of the rows that hold something, from 0 to 1."""
    distinct: int
    typical_length: int
    """Characters, the median of the filled cells."""
    longest: int
    example: str
    """The first filled cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLengths:
    """How long the rows are in a model's tokens, prompt and answer together."""

    model: str
    limit: int
    """The longest row that the model takes."""
    median: int
    longest: int
    over: float
    """Share of the rows that are longer than the limit, from 0 to 1."""
    bars: tuple[tuple[int, int], ...]
    """Upper end in tokens and number of rows, the shortest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a source holds, how it is read, and what is wrong with it."""

    rows: int
    """Rows of the training file."""
    columns: tuple[str, ...]
    format: str
    confidence: float
    """From 0 to 1; 1 where someone chose the format or the mapping."""
    because: str
    mapping: dict[str, str]
    encoding: str
    findings: tuple[Finding, ...]
    """The most harmful first."""
    preview: tuple[dict[str, str], ...]
    """The first rows of the training file, and some in which something was found; every cell as text."""
    preview_rows: tuple[int, ...]
    """Their numbers."""
    examples: tuple[Example, ...]
    """The first usable rows, as the model sees them."""
    labels: dict[str, int]
    """Label to training rows, most frequent first; empty where answers are free text."""
    lengths: dict[str, dict[str, int]]
    """Of "prompt" and "answer": "min", "p25", "median", "p75", "p95", "max" in characters; empty without examples."""
    summaries: tuple[ColumnSummary, ...]
    tokens: TokenLengths | None
    """None before a model is chosen."""
    usable: int
    """Rows of the training file that can become examples."""
    file_rows: dict[str, int]
    """File ("train", "validation", "test") to its rows."""
    language: str
    """What most of the text is written in; empty where that is not certain."""

    conversions: tuple[str, ...]
    """Names of conversions that would make other examples of the rows."""
    enough: tuple[str, str]
    """Whether the examples by people are enough, "red", "amber" or "green", and the same in a sentence."""

    @property
    def ready(self) -> bool:
        """Whether nothing stands against training."""
        return all(finding.severity != "error" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The answer of `fewtune check --json`."""
        return {
            "rows": self.rows,
            "format": self.format,
            "confidence": round(self.confidence, 3),
            "because": self.because,
            "mapping": self.mapping,
            "encoding": self.encoding,
            "language": self.language,
            "findings": [_finding_json(finding) for finding in self.findings],
        }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "severity": finding.severity,
        "rows": list(finding.rows),
        "what": finding.what,
        "fix": finding.fix,
        "file": finding.file,
        "column": finding.column,
        "mends": [{"name": mend.name, "title": mend.title, "safe": mend.safe} for mend in finding.mends],
    }


def places_shown(table: Table, found: Sequence[Finding]) -> list[int]:
    """The first rows, and one for each of the first findings, so that people see what is meant."""
    wanted = {finding.rows[0] for finding in found if finding.rows and finding.file == "train"}
    places = list(range(min(PREVIEW, len(table.rows))))
    more = (place for place in range(len(places), len(table.rows)) if table.number(place) in wanted)
    return [*places, *islice(more, PREVIEW)]


def rows_shown(table: Table, places: Sequence[int]) -> tuple[tuple[dict[str, str], ...], tuple[int, ...]]:
    """The rows at these places, every cell as text, and their numbers."""
    rows = tuple({column: text_of(table.rows[place][column]) for column in table.columns} for place in places)
    return rows, tuple(map(table.number, places))


def summarise(table: Table, mapping: Mapping[str, str]) -> tuple[ColumnSummary, ...]:
    """What stands in each column; of many rows, an even choice is looked at."""
    rows = table.rows[:: max(1, len(table.rows) // _LOOK_AT)]
    used = {column: part for part, column in mapping.items()}
    return tuple(_summary(column, used.get(column, ""), rows) for column in table.columns)


def _summary(column: str, used_as: str, rows: Sequence[Mapping[str, Any]]) -> ColumnSummary:
    filled = [cell for row in rows if (cell := text_of(row.get(column)).strip())]
    lengths = sorted(map(len, filled))
    return ColumnSummary(
        name=column,
        used_as=used_as,
        filled=len(filled) / max(1, len(rows)),
        distinct=len(set(filled)),
        typical_length=lengths[len(lengths) // 2] if lengths else 0,
        longest=lengths[-1] if lengths else 0,
        example=filled[0][:200] if filled else "",
    )


def measure_lengths(examples: Sequence[Example]) -> dict[str, dict[str, int]]:
    """Quantiles of prompts and answers in characters; empty without examples."""
    sides: dict[str, list[int]] = {"prompt": [], "answer": []}
    for example in examples[:: max(1, len(examples) // _LOOK_AT)]:
        sides["prompt"].append(len(example.prompt))
        sides["answer"].append(len(example.answer))
    return {
        side: {point: sorted(lengths)[round(share * (len(lengths) - 1))] for point, share in _POINTS.items()}
        for side, lengths in sides.items()
        if lengths
    }


def measure_tokens(examples: Sequence[Example], room: Room | None) -> TokenLengths | None:
    """Lengths of whole rows in the model's tokens; of many rows, an even choice is counted."""
    if room is None or not examples:
        return None
    chosen = examples[:: max(1, len(examples) // _COUNTED)]
    counts = sorted(room.count([f"{example.prompt}\n\n{example.answer}" for example in chosen]))
    scale = len(examples) / len(counts)
    width = max(1, -(-counts[-1] // _BARS))
    ends = range(width, counts[-1] + width, width)
    return TokenLengths(
        model=room.model,
        limit=room.tokens,
        median=counts[len(counts) // 2],
        longest=counts[-1],
        over=sum(count > room.tokens for count in counts) / len(counts),
        bars=tuple((end, round(sum(end - width < count <= end for count in counts) * scale)) for end in ends),
    )
