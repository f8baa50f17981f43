"""Candidates under review: which ones a view holds, what was decided, and what a threshold would decide."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.augment.card import TaskCard
from core.augment.entries import Shape
from core.augment.review import (
    Candidate,
    Decision,
    Verdict,
    by_threshold,
    check_cells,
    is_accepted,
    read_candidates,
    read_decisions,
    write_decisions,
)
from core.dataset.choice import DataChoice
from core.errors import NotFoundError

REVIEW, ACCEPTED, REJECTED = "review", "accepted", "rejected"
_DOUBTS = {"quality", "off_topic", "grounded"}
"""Checks that can be wrong about a good row, so that people look at what they rejected."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The candidates of one folder, with what was decided."""

    candidates: Sequence[Candidate] = ()
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    def accepts(self, one: Candidate) -> bool:
        """Whether it becomes a row."""
        return is_accepted(one, self.decisions)

    @property
    def accepted(self) -> int:
        """How many become rows."""
        return sum(map(self.accepts, self.candidates))

    def of(self, view: str) -> list[Candidate]:
        """What a view holds, the most doubtful first."""
        if view == REVIEW:
            open_ = [one for one in self.candidates if one.id not in self.decisions and not one.leaks]
            doubted = [one for one in open_ if not one.check or one.check in _DOUBTS]
            return sorted(doubted, key=lambda one: (not one.taken, bool(one.check), _quality(one)))
        wanted = [one for one in self.candidates if self.accepts(one) == (view == ACCEPTED)]
        return sorted(wanted, key=_quality if view == ACCEPTED else lambda one: (not one.check, -_quality(one)))

    def at(self, candidate_id: str, view: str) -> Candidate | None:
        """A candidate; the first of the view where there is no such one."""
        found = next((one for one in self.candidates if one.id == candidate_id), None)
        return found or next(iter(self.of(view)), None)

    def beside(self, candidate_id: str, view: str, steps: int) -> str:
        """The id of the candidate so many places on in a view; empty where the view is empty."""
        names = [one.id for one in self.of(view)]
        if not names:
            return ""
        place = names.index(candidate_id) if candidate_id in names else 0
        return names[(place + steps) % len(names)]


def _shape(one: Candidate, choice: DataChoice, card: TaskCard) -> Shape:
    # From the card, so that no data need to be read; the rows are checked again before they are used.
    answers = tuple(column.name for column in card.columns if column.role != "input")
    inputs = tuple(column.name for column in card.columns if column.role == "input")
    return Shape(
        format=choice.format,
        mapping={part: column for part, column in choice.mapping.items() if column},
        instruction=choice.instruction,
        inputs=inputs or answers,
        answers=answers,
        optional=frozenset(name for name, cell in one.cells.items() if not cell),
    )


def _quality(one: Candidate) -> float:
    return 1.0 if one.quality is None else one.quality


class Reviewing:
    """Reads and keeps what is decided. All tabs share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[tuple[str, int], list[Candidate]] | None = None

    def look(self, folder: Path | None) -> Reviewed:
        """As of now; nothing where there are no candidates."""
        if folder is None:
            return Reviewed()
        return Reviewed(self._candidates(folder), read_decisions(folder))

    def decide(self, folder: Path, candidate_id: str, verdict: Verdict) -> None:
        """Keep a decision; what somebody wrote anew stays written.

        Raises:
            NotFoundError: There is no such candidate any more.
        """
        self._one(folder, candidate_id)
        with self._lock:
            decisions = read_decisions(folder)
            before = decisions.get(candidate_id)
            decisions[candidate_id] = Decision(verdict=verdict, cells=before.cells if before else None)
            write_decisions(folder, decisions)

    def edit(
        self, folder: Path, candidate_id: str, cells: Mapping[str, str], choice: DataChoice, card: TaskCard
    ) -> None:
        """Keep a row as somebody wrote it, and accept it.

        Raises:
            NotFoundError: There is no such candidate any more.
            SettingsError: It makes no row of these data.
        """
        one = self._one(folder, candidate_id)
        entry = check_cells(cells, _shape(one, choice, card), frozenset(card.labels))
        changed = dict(entry.cells) if dict(entry.cells) != dict(one.cells) else None
        with self._lock:
            decisions = read_decisions(folder)
            decisions[candidate_id] = Decision(verdict="accept", cells=changed)
            write_decisions(folder, decisions)

    def decide_all(self, folder: Path, least: float) -> None:
        """Accept what has at least this quality, and reject the rest of what was measured."""
        with self._lock:
            decisions = read_decisions(folder)
            write_decisions(folder, decisions | by_threshold(self._candidates(folder), decisions, least))

    def forget(self, folder: Path) -> None:
        """Go back to what was chosen by itself."""
        with self._lock:
            write_decisions(folder, {})

    def _one(self, folder: Path, candidate_id: str) -> Candidate:
        for one in self._candidates(folder):
            if one.id == candidate_id:
                return one
        raise NotFoundError("This row is not there any more.", "Look at the list again.")

    def _candidates(self, folder: Path) -> list[Candidate]:
        try:
            stamp = (folder.name, (folder / "candidates.jsonl").stat().st_mtime_ns)
        except OSError:
            return []
        known = self._known
        if known is None or known[0] != stamp:
            known = (stamp, read_candidates(folder))
            self._known = known
        return known[1]
