"""Which rows of an evaluation a person wants to see, and in which order."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from core.evaluate.evaluation import Evaluation, RowResult
from core.store.judgements import Judgement

NOBODY = "none"
"""In the place of a verdict: rows that nobody judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A choice of rows; what is empty does not choose."""

    outcome: str = ""
    """"win", "loss" or "tie"."""
    label: str = ""
    """That the row should have."""
    said: str = ""
    """The label that the tuned model gave."""
    verdict: str = ""
    """What a person said of it: one of the verdicts, or `NOBODY`."""
    judge: str = ""
    """What a judge said of it, in one word, or `NOBODY`."""
    search: str = ""
    """Text in the prompt, the reference, an answer or a note, in any case of letters; or the row's number."""
    lowest: float | None = None
    """Of the tuned model's score."""
    highest: float | None = None
    shortest: int | None = None
    """Characters of the tuned model's answer."""
    longest: int | None = None
    order: str = "change"
    """One of `ORDERS`."""
    backwards: bool = False


def _confidence(row: RowResult) -> float:
    return -1.0 if row.tuned_confidence is None else row.tuned_confidence


ORDERS: Mapping[str, tuple[str, Callable[[RowResult], float] | None]] = MappingProxyType(
    {
        "change": ("What changed most", None),
        "row": ("Row in the file", lambda row: row.row),
        "base_score": ("Base score, lowest first", lambda row: row.base_score),
        "tuned_score": ("Tuned score, lowest first", lambda row: row.tuned_score),
        "gain": ("Loss to gain", lambda row: row.change),
        "confidence": ("Least sure first", _confidence),
        "length": ("Shortest tuned answer first", lambda row: len(row.tuned)),
        "prompt": ("Shortest prompt first", lambda row: len(row.prompt)),
    }
)
"""Name to how people call it, and to what decides; the first is how the rows come."""


def select(
    evaluation: Evaluation,
    judgements: Mapping[int, Judgement],
    wanted: Wanted,
    judged: Mapping[int, str] = MappingProxyType({}),
) -> list[RowResult]:
    """The rows that fit all that is wanted, in the order that is wanted; `judged` is a judge's word on each row."""
    needle = wanted.search.strip().casefold()
    found = [
        row
        for row in evaluation.rows
        if _fits(row, wanted)
        and _judged(judgements.get(row.row), wanted.verdict)
        and wanted.judge in {"", judged.get(row.row, NOBODY)}
        and (not needle or _holds(row, judgements.get(row.row), needle))
    ]
    _, key = ORDERS.get(wanted.order, ORDERS["change"])
    if key is not None:
        found.sort(key=lambda row: _last_where_unknown(key(row)))
    return found[::-1] if wanted.backwards else found


def answers_digest(row: RowResult) -> str:
    """Tells the answers of a row from others to it."""
    return hashlib.sha256(f"{row.base}\0{row.tuned}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def of_other_answers(row: RowResult, judgement: Judgement) -> bool:
    """Whether a judgement was made of answers that a later scoring replaced."""
    return not judgement.is_empty and judgement.answers != answers_digest(row)


def counted(rows: Sequence[RowResult], judgements: Mapping[int, Judgement]) -> dict[str, int]:
    """How often each verdict was given, of those that were given at all."""
    known = {row.row for row in rows}
    counts: dict[str, int] = {}
    for row, judgement in judgements.items():
        if row in known and judgement.verdict:
            counts[judgement.verdict] = counts.get(judgement.verdict, 0) + 1
    return counts


def _fits(row: RowResult, wanted: Wanted) -> bool:
    return (
        wanted.outcome in {"", row.outcome}
        and wanted.label in {"", row.reference}
        and wanted.said in {"", row.tuned}
        and _within(row.tuned_score, wanted.lowest, wanted.highest)
        and _within(len(row.tuned), wanted.shortest, wanted.longest)
    )


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _last_where_unknown(value: float) -> tuple[bool, float]:
    return math.isnan(value), value


def _judged(judgement: Judgement | None, verdict: str) -> bool:
    given = judgement.verdict if judgement else ""
    return not verdict or given == ("" if verdict == NOBODY else verdict)


def _holds(row: RowResult, judgement: Judgement | None, needle: str) -> bool:
    if needle == str(row.row):
        return True
    texts = (row.prompt, row.reference, row.base, row.tuned, judgement.note if judgement else "")
    return any(needle in text.casefold() for text in texts)
