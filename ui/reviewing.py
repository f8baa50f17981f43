"""Candidates under review: which ones a view holds, what was decided, and what a threshold would decide."""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.augment.card import TaskCard
from core.augment.entries import Entry, Shape
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
from core.errors import NotFoundError, UserError

REVIEW, ACCEPTED, REJECTED = "review", "accepted", "rejected"
_DOUBTS = {"quality", "off_topic", "grounded", "ends"}
"""Checks that can be wrong about a good row, so that people look at what they rejected."""


class DecidedElsewhereError(UserError):
    """Another tab decided on what this one shows, which has not shown that yet."""


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

    def mark(self, candidate_id: str) -> str:
        """Stands for what was decided on a candidate: a tab that saw another mark saw another decision."""
        return _mark(self.decisions.get(candidate_id))

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
        beside = -1 if steps > 0 else 0  # of one that another tab took out of the view: its first, or its last
        place = names.index(candidate_id) if candidate_id in names else beside
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


def _mark(decision: Decision | None) -> str:
    if decision is None:
        return ""
    cells = json.dumps(None if decision.cells is None else dict(decision.cells), sort_keys=True)
    return f"{decision.verdict} {hashlib.sha256(cells.encode()).hexdigest()[:12]}"


def _quality(one: Candidate) -> float:
    return 1.0 if one.quality is None else one.quality


class Reviewing:
    """Reads and keeps what is decided. All tabs share it.

    A tab says what it showed when somebody decided there; where another one decided otherwise meanwhile, nothing is
    kept, and the tab says so.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[tuple[str, int], list[Candidate]] | None = None
        self._turns = 0

    @property
    def stage(self) -> str:
        """Changes with every decision."""
        return str(self._turns)

    def look(self, folder: Path | None) -> Reviewed:
        """As of now; nothing where there are no candidates."""
        if folder is None:
            return Reviewed()
        return Reviewed(self._candidates(folder), read_decisions(folder))

    def decide(self, folder: Path, candidate_id: str, verdict: Verdict, seen: str | None = None) -> None:
        """Keep a decision; what somebody wrote anew stays written. `seen` is the mark that the tab showed.

        Raises:
            NotFoundError: There is no such candidate any more.
            DecidedElsewhereError: Another tab decided on it, and this one has not shown that.
        """
        self._one(folder, candidate_id)
        with self._lock:
            decisions = read_decisions(folder)
            before = decisions.get(candidate_id)
            decision = Decision(verdict=verdict, cells=before.cells if before else None)
            _unless_decided(before, decision, seen)
            self._keep(folder, decisions | {candidate_id: decision})

    def edit(self, folder: Path, candidate_id: str, entry: Entry, seen: str | None = None) -> None:
        """Keep a row as somebody wrote it, and accept it. `seen` is the mark that the tab showed when they began.

        Raises:
            NotFoundError: There is no such candidate any more.
            DecidedElsewhereError: Another tab decided on it since.
        """
        one = self._one(folder, candidate_id)
        changed = dict(entry.cells) if dict(entry.cells) != dict(one.cells) else None
        with self._lock:
            decisions = read_decisions(folder)
            decision = Decision(verdict="accept", cells=changed)
            _unless_decided(decisions.get(candidate_id), decision, seen)
            self._keep(folder, decisions | {candidate_id: decision})

    def written(
        self, folder: Path, candidate_id: str, cells: Mapping[str, str], choice: DataChoice, card: TaskCard
    ) -> Entry:
        """A row as somebody wrote it, for `edit`.

        Raises:
            NotFoundError: There is no such candidate any more.
            SettingsError: It makes no row of these data.
        """
        return check_cells(cells, _shape(self._one(folder, candidate_id), choice, card), frozenset(card.labels))

    def decide_all(self, folder: Path, least: float, seen: str | None = None) -> None:
        """Accept what has at least this quality, and reject the rest of what was measured.

        `seen` is the stage that the tab showed.

        Raises:
            DecidedElsewhereError: Another tab decided something, and this one has not shown it.
        """
        with self._lock:
            self._unless_moved(seen)
            decisions = read_decisions(folder)
            self._keep(folder, decisions | by_threshold(self._candidates(folder), decisions, least))

    def forget(self, folder: Path, seen: str | None = None) -> None:
        """Go back to what was chosen by itself. `seen` is the stage that the tab showed.

        Raises:
            DecidedElsewhereError: Another tab decided something, and this one has not shown it.
        """
        with self._lock:
            self._unless_moved(seen)
            self._keep(folder, {})

    def _keep(self, folder: Path, decisions: dict[str, Decision]) -> None:
        write_decisions(folder, decisions)
        self._turns += 1

    def _unless_moved(self, seen: str | None) -> None:
        if seen is not None and seen != self.stage:
            raise DecidedElsewhereError(
                "Another tab decided on rows meanwhile, so that this tab changed none.",
                "They are shown now; press again to decide over them too.",
            )

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


def _unless_decided(before: Decision | None, then: Decision, seen: str | None) -> None:
    if seen is None or seen == _mark(before) or before == then:
        return
    if before is None:
        told = "Another tab took back what was decided on this row"
    else:
        verb = "edited and " if before.cells is not None else ""
        told = f"Another tab {verb}{before.verdict}ed this row"
    raise DecidedElsewhereError(f"{told} meanwhile; that stays.", "It is shown now; decide again to change it.")
