"""Every candidate as people look at it, and what they decided; both lie beside the answers."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from core.augment.entries import Entry, Shape, texts_of
from core.augment.filter.check import Known
from core.augment.filter.likeness import LEAKAGE
from core.augment.filter.quality import QUALITY
from core.augment.pipeline import Outcome
from core.augment.standing import write_whole
from core.augment.words import words_of
from core.dataset.formats.format import RowUnfit
from core.dataset.provenance import Generated
from core.errors import SettingsError
from core.problems import EMPTY

_CANDIDATES, _DECISIONS = "candidates.jsonl", "decisions.json"
_EDITED = ", edited by a person"
Verdict = Literal["accept", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One row that a teacher wrote."""

    id: str
    cells: Mapping[str, str]
    teacher: str
    seeds: tuple[int, ...]
    prompt: str
    check: str = ""
    """Name of the check that rejected it; empty where none did."""
    reason: str = ""
    quality: float | None = None
    """From 0 to 1; None where nothing could be measured."""
    taken: bool = False
    """Whether it is among the rows that were chosen by themselves."""
    near_row: int = 0
    """Number of the seed that it is most like, from 1; 0 where it is like none."""
    near_cells: Mapping[str, str] = field(default_factory=dict)
    near: float = 0.0
    """How like, as the cosine of words, from 0 to 1."""

    @property
    def leaks(self) -> bool:
        """Whether it is like a held-out row, so that nobody can accept it."""
        return self.check == LEAKAGE.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody said of a candidate."""

    verdict: Verdict
    cells: Mapping[str, str] | None = None
    """As somebody wrote it anew; None where it is as it came."""


_LINE: TypeAdapter[Candidate] = TypeAdapter(Candidate)
_ALL: TypeAdapter[dict[str, Decision]] = TypeAdapter(dict[str, Decision])


def candidates_of(known: Known, outcome: Outcome) -> list[Candidate]:
    """All candidates, in the order of their questions."""
    rows, sifted = outcome.candidates, outcome.sifted
    taken = {id(entry) for entry in outcome.chosen}
    nearest = _nearest(known, rows)
    found: dict[str, Candidate] = {}
    for place, entry in enumerate(rows):
        origin = entry.origin or Generated("", (), "")
        check, reason = sifted.reasons.get(place, ("", ""))
        seed, value = nearest[place]
        name = hashlib.sha256(json.dumps([dict(entry.cells), origin.prompt], sort_keys=True).encode()).hexdigest()[:12]
        found.setdefault(
            name,
            Candidate(
                id=name,
                cells=dict(entry.cells),
                teacher=origin.teacher,
                seeds=origin.seeds,
                prompt=origin.prompt,
                check=check,
                reason=reason,
                quality=sifted.quality.get(place),
                taken=id(entry) in taken,
                near_row=known.seeds[seed].example.row if value > 0 else 0,
                near_cells=dict(known.seeds[seed].cells) if value > 0 else {},
                near=round(value, 3),
            ),
        )
    return list(found.values())


def _nearest(known: Known, rows: Sequence[Entry]) -> list[tuple[int, float]]:
    """Of each row the place of the seed that it is most like, and how like."""
    if not rows:
        return []
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    columns = known.shape.inputs
    try:
        matrix = TfidfVectorizer(analyzer=words_of, sublinear_tf=True).fit_transform(
            texts_of([*known.seeds, *rows], columns)
        )
    except ValueError:  # not one word in all texts
        return [(0, 0.0)] * len(rows)
    seeds, theirs = matrix[: len(known.seeds)], matrix[len(known.seeds) :]
    found: list[tuple[int, float]] = []
    for start in range(0, len(rows), 512):
        likeness = (theirs[start : start + 512] @ seeds.T).toarray()
        best = likeness.argmax(axis=1)
        found += zip(best.tolist(), likeness[np.arange(len(best)), best].tolist(), strict=True)
    return found


def write_candidates(folder: Path, candidates: Iterable[Candidate]) -> None:
    """Keep them, instead of earlier ones.

    Raises:
        MachineError: They cannot be written.
    """
    write_whole(folder / _CANDIDATES, b"".join(_LINE.dump_json(one) + b"\n" for one in candidates))


def read_candidates(folder: Path) -> list[Candidate]:
    """All that were kept; none where nothing was, or another version wrote it."""
    try:
        return [_LINE.validate_json(line) for line in (folder / _CANDIDATES).read_bytes().splitlines()]
    except (OSError, ValidationError):
        return []


def read_decisions(folder: Path) -> dict[str, Decision]:
    """What people decided so far, by the candidates' ids."""
    try:
        return _ALL.validate_json((folder / _DECISIONS).read_bytes())
    except (OSError, ValidationError):
        return {}


def write_decisions(folder: Path, decisions: dict[str, Decision]) -> None:
    """Keep what people decided.

    Raises:
        MachineError: It cannot be written.
    """
    write_whole(folder / _DECISIONS, _ALL.dump_json(decisions))


def is_accepted(candidate: Candidate, decisions: Mapping[str, Decision]) -> bool:
    """Whether it becomes a row: as somebody decided, else as it was chosen; what leaks never does."""
    decision = decisions.get(candidate.id)
    if candidate.leaks and (decision is None or decision.cells is None):
        return False
    return candidate.taken if decision is None else decision.verdict == "accept"


def by_threshold(
    candidates: Iterable[Candidate], decisions: Mapping[str, Decision], least: float
) -> dict[str, Decision]:
    """Decisions on all that were measured and that no other check rejected; an edited row stays as it was decided."""
    return {
        one.id: Decision(verdict="accept" if one.quality >= least else "reject")
        for one in candidates
        if one.quality is not None
        and one.check in {"", QUALITY.name}
        and (one.id not in decisions or decisions[one.id].cells is None)
    }


def entry_of(candidate: Candidate, decisions: Mapping[str, Decision], shape: Shape) -> Entry:
    """The row that it becomes; an edited one says so in its origin.

    Raises:
        SettingsError: What somebody wrote makes no row of these data.
    """
    decision = decisions.get(candidate.id)
    edited = decision.cells if decision else None
    teacher = candidate.teacher + (_EDITED if edited is not None else "")
    origin = Generated(teacher, candidate.seeds, candidate.prompt)
    return check_cells(edited if edited is not None else candidate.cells, shape, frozenset(), origin)


def check_cells(
    cells: Mapping[str, str], shape: Shape, labels: frozenset[str], origin: Generated | None = None
) -> Entry:
    """The row that these cells make; with `labels`, its label must be one of them.

    Raises:
        SettingsError: They make none; says why by column.
    """
    empty = [name for name in shape.columns if not cells.get(name, "").strip() and name not in shape.optional]
    if empty:
        raise SettingsError(dict.fromkeys(empty, EMPTY), "Write something, or reject the row.")
    try:
        entry = shape.entry({name: cells.get(name, "").strip() for name in shape.columns}, 0, origin)
    except RowUnfit as unfit:
        raise SettingsError({shape.answers[0]: str(unfit)}, "Mend it, or reject the row.") from unfit
    if labels and entry.example.label not in labels:
        told = ", ".join(sorted(labels)[:12])
        raise SettingsError({shape.answers[0]: f"is none of the labels: {told}"}, "Write one of them.")
    return entry
