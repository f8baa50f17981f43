"""The append-only log of what jobs said, and the state that each job has by it."""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import NotFoundError
from core.events import Event, RunState, StateChanged, decode, encode
from core.store import landmarks
from core.store.lifecycle import IllegalMove, advance
from core.store.schema import Database

EventKind = TypeVar("EventKind")
_LAST_LANDMARK = "(SELECT COALESCE(MAX(seq), 0) FROM landmarks WHERE job_id = ? AND kind = '{kind}')"
_OVERVIEW = f"""SELECT e.seq, e.job_id, j.kind, j.attempt, e.at, e.body FROM events e JOIN jobs j ON j.id = e.job_id
    WHERE e.seq IN (
        SELECT seq FROM landmarks WHERE job_id = ?
        UNION ALL
        SELECT seq FROM events WHERE job_id = ? AND kind NOT IN ('StepTaken', 'MemoryMeasured', 'Advanced')
        UNION ALL
        SELECT MAX(seq) FROM events WHERE job_id = ? AND kind = 'Advanced'
        UNION ALL
        SELECT seq FROM events
        WHERE job_id = ? AND kind = 'StepTaken' AND seq > {_LAST_LANDMARK.format(kind="StepTaken")}
        UNION ALL
        SELECT seq FROM events
        WHERE job_id = ? AND kind = 'MemoryMeasured' AND seq > {_LAST_LANDMARK.format(kind="MemoryMeasured")}
    )"""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the log."""

    seq: int
    """Grows over all runs of the store and is never used twice."""
    job_id: int
    kind: str
    """Of the job."""
    attempt: int
    at: float
    """UTC epoch, seconds, by the wall clock, which may jump."""
    event: Event


class Log(Database):
    """The part of the store that knows events. A job's state is that of its last `StateChanged`."""

    def append(self, job_id: int, event: Event) -> int:
        """Write down an event and return its number; it is on disk then.

        Raises:
            NotFoundError: There is no such job.
            IllegalMove: The job is over, or its state does not lead to that of a `StateChanged`.
        """
        return self.append_all(job_id, [(time.time(), event)])

    def append_all(self, job_id: int, said: Sequence[tuple[float, Event]]) -> int:
        """Write down events with the time (UTC epoch, seconds) of each, all or none, and return the last number.

        Raises:
            NotFoundError: There is no such job.
            IllegalMove: As for `append`.
        """
        with self._transaction() as connection:
            state = RunState(job_row(connection, job_id)["state"])
            seq = 0
            for at, event in said:
                if state.is_final:
                    raise IllegalMove(f"Job {job_id} is over ({state}) and takes no {type(event).__name__}.")
                if isinstance(event, StateChanged):
                    state = advance(state, event.state)
                seq = write(connection, job_id, at, event)
        return seq

    def since(self, run_id: str, seq: int = 0, limit: int | None = None, kind: str | None = None) -> list[Record]:
        """What the run's jobs (those of one `kind`) said after the record `seq`, oldest first."""
        rows = self._rows(
            "SELECT e.seq, e.job_id, j.kind, j.attempt, e.at, e.body FROM events e JOIN jobs j ON j.id = e.job_id"
            " WHERE j.run_id = ? AND e.seq > ? AND (? IS NULL OR j.kind = ?) ORDER BY e.seq LIMIT ?",
            *(run_id, seq, kind, kind, -1 if limit is None else limit),
        )
        return [_record(row) for row in rows]

    def overview(self, run_id: str, kind: str | None = None) -> list[Record]:
        """What the run's jobs (those of one `kind`) said so far, oldest first; of a long run the landmarks.

        Of each stretch of a long run's steps and measurements the first, the last and the extremes are there, and all
        that came after the last whole stretch, so that following with `since` goes on from the end of this.
        """
        jobs = self._rows("SELECT id FROM jobs WHERE run_id = ? AND (? IS NULL OR kind = ?)", run_id, kind, kind)
        ids = [int(row["id"]) for row in jobs]
        if sum(self._count(job, of) for job in ids for of in landmarks.KINDS) < landmarks.MANY:
            return self.since(run_id, kind=kind)
        rows = [row for job in ids for row in self._rows(_OVERVIEW, *[job] * 7)]
        return [_record(row) for row in sorted(rows, key=lambda row: int(row["seq"]))]

    def _count(self, job_id: int, kind: str) -> int:
        return int(self._rows("SELECT COUNT(*) FROM events WHERE job_id = ? AND kind = ?", job_id, kind)[0][0])

    def last(self, run_id: str, kind: type[EventKind]) -> EventKind | None:
        """The newest event of this kind that any job of the run said."""
        rows = self._rows(
            "SELECT e.body FROM events e JOIN jobs j ON j.id = e.job_id"
            " WHERE j.run_id = ? AND e.kind = ? ORDER BY e.seq DESC LIMIT 1",
            *(run_id, kind.__name__),
        )
        event = decode(json.loads(rows[0]["body"])) if rows else None
        return event if isinstance(event, kind) else None

    def tail(self, job_id: int, kind: type[EventKind], count: int) -> list[EventKind]:
        """The job's last `count` events of this kind, newest first."""
        rows = self._rows(
            "SELECT body FROM events WHERE job_id = ? AND kind = ? ORDER BY seq DESC LIMIT ?",
            *(job_id, kind.__name__, count),
        )
        events = (decode(json.loads(row["body"])) for row in rows)
        return [event for event in events if isinstance(event, kind)]

    def most(self, job_id: int, amount: str, kind: str) -> float | None:
        """The most that the job ever measured of an amount of `MemoryMeasured`, of that kind; None where of none."""
        rows = self._rows(
            "SELECT MAX(json_extract(body, ?)) AS most FROM events"
            " WHERE job_id = ? AND kind = 'MemoryMeasured' AND json_extract(body, '$.kind') = ?",
            *(f"$.{amount}", job_id, kind),
        )
        return None if rows[0]["most"] is None else float(rows[0]["most"])

    def of_all_runs(self, job_kind: str, kind: type[EventKind]) -> list[tuple[str, EventKind]]:
        """Every event of this kind that jobs of `job_kind` said, oldest first, each with the id of its run."""
        rows = self._rows(
            "SELECT j.run_id, e.body FROM jobs j JOIN events e ON e.job_id = j.id"
            " WHERE j.kind = ? AND e.kind = ? ORDER BY e.seq",
            *(job_kind, kind.__name__),
        )
        events = ((str(row["run_id"]), decode(json.loads(row["body"]))) for row in rows)
        return [(run_id, event) for run_id, event in events if isinstance(event, kind)]


def job_row(connection: sqlite3.Connection, job_id: int) -> sqlite3.Row:
    """The job's row.

    Raises:
        NotFoundError: There is no such job.
    """
    row: sqlite3.Row | None = connection.execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no job {job_id}.", "Its run may have been deleted.")
    return row


def write(connection: sqlite3.Connection, job_id: int, at: float, event: Event) -> int:
    """Add a line to the log and keep the job's row in step with it."""
    cursor = connection.execute(
        "INSERT INTO events (job_id, at, kind, body) VALUES (?, ?, ?, ?)",
        (job_id, at, type(event).__name__, json.dumps(encode(event))),
    )
    landmarks.note(connection, job_id, event)
    if isinstance(event, StateChanged):
        connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (event.state.value, job_id))
    connection.execute("UPDATE jobs SET updated_at = ? WHERE id = ?", (at, job_id))
    return int(cursor.lastrowid or 0)


def newest(connection: sqlite3.Connection, kind: type[Any], where: str, value: object) -> dict[str, Any] | None:
    """The body of the newest event of this kind among the jobs `j` that `where` picks."""
    row = connection.execute(
        f"SELECT e.body FROM events e JOIN jobs j ON j.id = e.job_id WHERE {where} AND e.kind = ?"
        " ORDER BY e.seq DESC LIMIT 1",
        (value, kind.__name__),
    ).fetchone()
    if row is None:
        return None
    body: dict[str, Any] = json.loads(row["body"])
    return body


def _record(row: sqlite3.Row) -> Record:
    event = decode(json.loads(row["body"]))
    return Record(row["seq"], row["job_id"], row["kind"], row["attempt"], row["at"], event)
