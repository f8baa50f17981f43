"""The queue: jobs that wait for their turn, in an order that can be changed, and what is wished of the one at work."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import BusyError
from core.events import RunState, StateChanged
from core.store.identity import ProcessIdentity, this_process
from core.store.jobs import AT_WORK, Job
from core.store.log import job_row, write
from core.store.wishes import Wishes

_LINE = "WHERE state = 'QUEUED' ORDER BY place, id"


@dataclass(frozen=True, slots=True)
class Limit:
    """What the operator allows to be at work together."""

    at_once: int = 1
    """Jobs."""
    room_gib: float | None = None
    """Memory that they may hold together; None: what the device has."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """A job that was found to fit beside others."""

    job_id: int
    beside: frozenset[int]
    """Those others, all that were at work when it was reckoned."""


class Queue(Wishes):
    """The part of the store that knows whose turn it is. It outlives every process, and many may take from it."""

    def waiting(self) -> list[Job]:
        """The jobs that wait, in the order in which they will begin; those that are held stand in it, too."""
        return self._jobs(_LINE)

    def active(self) -> Job | None:
        """The job at work, or the one that will begin within a moment; None where nothing goes on."""
        return next(iter(self.soon()), None)

    def soon(self) -> list[Job]:
        """The jobs at work, oldest first, and the next where one more may be at work."""
        begun = self.at_work()
        after = self.next_up() if len(begun) < self.limit.at_once else None
        return begun if after is None else [*begun, after]

    def next_up(self) -> Job | None:
        """The job that will begin as soon as there is room for it; None where nothing may begin."""
        if self.queue_is_paused:
            return None
        now = time.time()
        return next((job for job in self.waiting() if not job.held and (job.not_before or now) <= now), None)

    @property
    def queue_is_paused(self) -> bool:
        """Whether nothing new begins until somebody lets the queue go on."""
        rows = self._rows("SELECT paused FROM queue")
        return bool(rows and rows[0]["paused"])

    def pause_queue(self, *, paused: bool) -> None:
        """Let nothing new begin, or let it go on; the job at work is not touched."""
        self._set_queue("paused = ?", int(paused))

    @property
    def limit(self) -> Limit:
        """How many jobs may be at work together, and in how much memory."""
        rows = self._rows("SELECT at_once, room_gib FROM queue")
        return Limit(rows[0]["at_once"], rows[0]["room_gib"]) if rows else Limit()

    def set_limit(self, limit: Limit) -> None:
        """Allow so much from now on; what is at work already is not touched."""
        self._set_queue("at_once = ?, room_gib = ?", limit.at_once, limit.room_gib)

    def say_lack(self, job_id: int, waits: str) -> None:
        """Write down what a waiting job lacks to begin beside those at work."""
        with self._transaction() as connection:
            connection.execute("UPDATE jobs SET waits = ? WHERE id = ? AND state = 'QUEUED'", (waits, job_id))

    def take(self, *, only_own: bool = False, fitting: Fitting | None = None) -> Job | None:
        """Begin with the next job whose time has come, and answer for it; None where nothing may begin.

        Of several processes that ask at once, one gets it. Nothing begins while a job is at work, but what is
        `fitting`: that begins as long as nothing changed since. `only_own` leaves those to others that a living
        process queued: a thread must not take what it would end with itself.
        """
        with self._transaction() as connection:
            lanes = dict(connection.execute(f"SELECT id, lane FROM jobs WHERE {AT_WORK}").fetchall())
            if set(lanes) != (fitting.beside if fitting else frozenset()):
                return None
            told = connection.execute("SELECT paused, at_once FROM queue").fetchone() or (0, 1)
            if told[0] or len(lanes) >= told[1]:
                return None
            me = this_process()
            row = _first(connection, me if only_own else None)
            if row is None or (fitting and row["id"] != fitting.job_id):
                return None
            free = next(lane for lane in range(told[1]) if lane not in lanes.values())
            _begin(connection, row["id"], free, me)
        return self.job(row["id"])

    def reorder(self, job_id: int, place: Callable[[int], int]) -> int:
        """Put a job elsewhere in the queue and return its place, counting from 0.

        `place` gets where it stands and says where it shall stand; beyond the ends is at the end.

        Raises:
            BusyError: It does not wait.
        """
        with self._transaction() as connection:
            line = [row["id"] for row in connection.execute(f"SELECT id FROM jobs {_LINE}")]
            if job_id not in line:
                raise BusyError(*_not_waiting(connection, job_id))
            then = max(0, min(len(line) - 1, place(line.index(job_id))))
            line.remove(job_id)
            line.insert(then, job_id)
            for number, each in enumerate(line, 1):
                connection.execute("UPDATE jobs SET place = ? WHERE id = ?", (number, each))
        return then

    def postpone(self, job_id: int, not_before: float | None = None, *, held: bool = False) -> None:
        """Let a job that waits begin not before a time (UTC epoch, seconds), or not at all until it is let go.

        Raises:
            BusyError: It does not wait.
        """
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE jobs SET not_before = ?, held = ? WHERE id = ? AND state = 'QUEUED'",
                (not_before, int(held), job_id),
            )
            if not changed.rowcount:
                raise BusyError(*_not_waiting(connection, job_id))

    def queue_stamp(self) -> str:
        """A text that changes whenever the queue looks different, or other jobs are at work."""
        rows = self._rows(f"SELECT id, not_before, held, waits FROM jobs {_LINE}")
        begun = [job.id for job in self.at_work()]
        return f"{self.queue_is_paused} {self.limit} {begun} {[tuple(row) for row in rows]}"

    def _set_queue(self, what: str, *values: object) -> None:
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO queue (id, paused) VALUES (1, 0)")
            connection.execute(f"UPDATE queue SET {what}", values)


def _first(connection: sqlite3.Connection, own: ProcessIdentity | None) -> sqlite3.Row | None:
    """The next job whose time has come; with `own` none that another living process queued."""
    now = time.time()
    for row in connection.execute(f"SELECT * FROM jobs {_LINE}"):
        if _may_begin(row, now) and not (own is not None and _is_anothers(row, own)):
            found: sqlite3.Row = row
            return found
    return None


def _may_begin(row: sqlite3.Row, now: float) -> bool:
    return not row["held"] and (row["not_before"] is None or row["not_before"] <= now)


def _is_anothers(row: sqlite3.Row, me: ProcessIdentity) -> bool:
    owner = ProcessIdentity(row["owner_pid"], row["owner_created"])
    return owner != me and owner.is_alive


def _begin(connection: sqlite3.Connection, job_id: int, lane: int, me: ProcessIdentity) -> None:
    connection.execute("UPDATE jobs SET lane = ?, waits = '' WHERE id = ?", (lane, job_id))
    write(connection, job_id, time.time(), StateChanged(state=RunState.PREPARING))
    connection.execute("UPDATE jobs SET owner_pid = ?, owner_created = ? WHERE id = ?", (me.pid, me.created, job_id))


def _not_waiting(connection: sqlite3.Connection, job_id: int) -> tuple[str, str]:
    state = job_row(connection, job_id)["state"]
    return f"This run does not wait in the queue: it is {state.lower()}.", "See 'fewtune queue' for those that do."
