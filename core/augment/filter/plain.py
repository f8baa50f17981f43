"""The checks that need nothing but the candidate itself: copies, lengths, refusals, placeholders."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from core.augment.analyse import CLOSING
from core.augment.entries import Entry
from core.augment.filter.check import Check, Known, Verdict
from core.augment.words import folded

SELF_INSTRUCT = "Wang and others, 2023, Self-Instruct, section 2.2"
_SHORTER, _LONGER = 0.5, 1.5
"""How far beyond the shortest and the longest seed a text may go."""
_SURELY, _MOSTLY = 0.97, 0.8
"""Shares of the seeds that close with a sign: a candidate without one is cut; its last word decides."""
_HARDLY = 0.05
"""Share of a word's places at the end of something, below which a text that stops behind it was cut."""
_PIECE = re.compile(r"\w+|[^\w\s]")
_REFUSALS = re.compile(
    r"\b(?:as an? (?:ai|artificial intelligence|large language|language) ?(?:model|assistant)?\b"
    r"|i(?:'m| am) (?:sorry|unable to)\b"
    r"|i (?:cannot|can't|can not) (?:assist|help|provide|generate|fulfil|comply)"
    r"|here (?:is|are) (?:a|an|the|some|\d+) (?:new |additional )?(?:example|row)s?\b"
    r"|(?:synthetic|fictitious|made-up) (?:example|data|row)s?\b)",
    re.IGNORECASE,
)
_PLACEHOLDERS = re.compile(
    r"\[(?:insert\b[^\]]{0,60}|[A-Z][A-Z _]{2,30}|(?:your|company|party|name|date|amount|number)(?: \w+){0,3})\]"
    r"|<(?:insert|your|placeholder)[^>]{0,40}>|\{\{[^}]{1,40}\}\}|\blorem ipsum\b|\bX{4,}\b",
)

_SIGNS = ((_REFUSALS, "says"), (_PLACEHOLDERS, "leaves a gap:"))


def _copies(known: Known, candidates: Sequence[Entry]) -> Verdict:
    """Rows that ask what another row asks already, whatever their case, space and answer."""
    seen = {_asked(known, seed): "a row of the data" for seed in known.seeds}
    rejected: dict[int, str] = {}
    for place, candidate in enumerate(candidates):
        asked = _asked(known, candidate)
        if asked in seen:
            rejected[place] = f"asks the same as {seen[asked]}"
        else:
            seen[asked] = "an earlier candidate"
    return Verdict(rejected=rejected)


def _asked(known: Known, entry: Entry) -> tuple[str, ...]:
    return tuple(folded(entry.cells[column]) for column in known.shape.inputs)


def _lengths(known: Known, candidates: Sequence[Entry]) -> Verdict:
    """Texts far outside the seeds' lengths."""
    rejected: dict[int, str] = {}
    for column in known.shape.columns:
        if column in known.shape.answers and known.labels:
            continue
        counts = sorted(len(entry.cells[column].split()) for entry in known.seeds)
        least, most = counts[len(counts) // 100], counts[-1 - len(counts) // 100]
        for place, candidate in enumerate(candidates):
            size = len(candidate.cells[column].split())
            if not size and column in known.shape.optional:
                continue
            if size < _SHORTER * least or size > max(_LONGER * most, most + 5):
                rejected.setdefault(place, f"{column!r} has {size} words; the data have {least} to {most}")
    return Verdict(rejected=rejected)


def _cut(known: Known, candidates: Sequence[Entry]) -> Verdict:
    """Texts that stop in the middle of a sentence: without a closing sign, behind a word that hardly ever ends one.

    Where nearly all seeds close with a sign, its lack is enough. Where they often do not, nothing is looked for.
    """
    rejected: dict[int, str] = {}
    notes = []
    for column in known.shape.columns:
        texts = [entry.cells[column] for entry in known.seeds if entry.cells[column]]
        closed = sum(bool(CLOSING.search(text)) for text in texts) / max(1, len(texts))
        if (column in known.shape.answers and known.labels) or closed < _MOSTLY:
            continue
        ends = _Ends(texts)
        for place, candidate in enumerate(candidates):
            text = candidate.cells[column]
            if text and not CLOSING.search(text) and (closed >= _SURELY or ends.share(text) < _HARDLY):
                rejected.setdefault(place, f"{column!r} stops behind {text.split()[-1][:40]!r}")
        if closed < _SURELY:
            notes.append(f"{closed:.0%} of the seeds close {column!r} with a sign, so that a last word counts too")
    return Verdict(rejected=rejected, note=f"{'; '.join(notes)}." if notes else "")


class _Ends:
    """How often a word stands before a sign that ends something, in some texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._ends: Counter[str] = Counter()
        self._all: Counter[str] = Counter()
        for text in texts:
            pieces = [*_PIECE.findall(text.lower()), "."]
            for word, then in pairwise(pieces):
                self._all[word] += 1
                self._ends[word] += then in {".", ";", ":", "!", "?"}

    def share(self, text: str) -> float:
        """Of the last word of `text`; of a word that never stood there, a tenth."""
        words = [piece for piece in _PIECE.findall(text.lower()) if piece[0].isalnum()]
        last = words[-1] if words else ""
        return (self._ends[last] + 0.3) / (self._all[last] + 3)


def _refusals(known: Known, candidates: Sequence[Entry]) -> Verdict:
    """Texts in which a teacher speaks of itself, or left a gap to fill; where seeds do too, it is no sign of that."""
    said = "\n\n".join(text for seed in known.seeds for text in seed.cells.values())
    signs = [(pattern, what) for pattern, what in _SIGNS if not pattern.search(said)]
    rejected: dict[int, str] = {}
    for place, candidate in enumerate(candidates):
        for pattern, what in signs:
            found = next(filter(None, map(pattern.search, candidate.cells.values())), None)
            if found:
                rejected.setdefault(place, f"{what} {found[0][:60]!r}")
    return Verdict(rejected=rejected)


COPIES = Check(name="copy", title="asks what another row asks", source=SELF_INSTRUCT, run=_copies)
LENGTHS = Check(name="length", title="too short or too long", source=SELF_INSTRUCT, run=_lengths)
CUT = Check(name="cut", title="cut off in the middle", source="own rule; the seeds say how texts end", run=_cut)
REFUSALS = Check(
    name="refusal",
    title="a refusal or a gap to fill",
    source="the elimination step of Evol-Instruct (Xu and others, 2023, WizardLM, section 3.2)",
    run=_refusals,
)
