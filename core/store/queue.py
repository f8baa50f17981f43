"""The queue: jobs that wait for their turn, in an order that can be changed, and what is wished of the one at work."""

import sqlite3
import time
from collections.abc import Callable

from core.errors import BusyError
from core.events import RunState, StateChanged
from core.store.identity import ProcessIdentity, this_process
from core.store.jobs import UNFINISHED, Job
from core.store.log import job_row, write
from core.store.wishes import Wishes

_LINE = "WHERE state = 'QUEUED' ORDER BY place, id"


class Queue(Wishes):
    """The part of the store that knows whose turn it is. It outlives every process, and many may take from it."""

    def waiting(self) -> list[Job]:
        """The jobs that wait, in the order in which they will begin; those that are held stand in it, too."""
        return self._jobs(_LINE)

    def active(self) -> Job | None:
        """The job at work, or the one that will begin within a moment; None where nothing goes on."""
        return self.at_work() or self.next_up()

    def next_up(self) -> Job | None:
        """The job that will begin as soon as nothing is at work; None where nothing may begin."""
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
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO queue (id, paused) VALUES (1, ?)", (int(paused),))

    def take(self, *, only_own: bool = False) -> Job | None:
        """Begin with the next job whose time has come, and answer for it; None where nothing may begin.

        Of several processes that ask at once, one gets it. `only_own` leaves those to others that a living process
        queued: a thread must not take what it would end with itself.
        """
        with self._transaction() as connection:
            if connection.execute(f"SELECT 1 FROM jobs WHERE {UNFINISHED} AND state <> 'QUEUED'").fetchone():
                return None
            if connection.execute("SELECT 1 FROM queue WHERE paused").fetchone():
                return None
            now, me = time.time(), this_process()
            for row in connection.execute(f"SELECT * FROM jobs {_LINE}").fetchall():
                if _may_begin(row, now) and not (only_own and _is_anothers(row, me)):
                    _begin(connection, row["id"], now, me)
                    break
            else:
                return None
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
        """A text that changes whenever the queue looks different."""
        rows = self._rows(f"SELECT id, not_before, held FROM jobs {_LINE}")
        return f"{self.queue_is_paused} {[tuple(row) for row in rows]}"


def _may_begin(row: sqlite3.Row, now: float) -> bool:
    return not row["held"] and (row["not_before"] is None or row["not_before"] <= now)


def _is_anothers(row: sqlite3.Row, me: ProcessIdentity) -> bool:
    owner = ProcessIdentity(row["owner_pid"], row["owner_created"])
    return owner != me and owner.is_alive


def _begin(connection: sqlite3.Connection, job_id: int, now: float, me: ProcessIdentity) -> None:
    write(connection, job_id, now, StateChanged(state=RunState.PREPARING))
    connection.execute("UPDATE jobs SET owner_pid = ?, owner_created = ? WHERE id = ?", (me.pid, me.created, job_id))


def _not_waiting(connection: sqlite3.Connection, job_id: int) -> tuple[str, str]:
    state = job_row(connection, job_id)["state"]
    return f"This run does not wait in the queue: it is {state.lower()}.", "See 'fewtune queue' for those that do."
