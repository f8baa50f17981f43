"""Jobs: who works on them, and how they are given up."""

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from core.errors import BusyError, NotFoundError
from core.events import CheckpointSaved, RunState, StateChanged, StepTaken
from core.store.identity import ProcessIdentity, this_process
from core.store.lifecycle import IllegalMove
from core.store.log import Log, job_row, newest, write

UNFINISHED = "state NOT IN ('DONE', 'STOPPED', 'FAILED', 'LOST')"  # as the index of the schema has it
AT_WORK = f"{UNFINISHED} AND state <> 'QUEUED'"
_VERBS = {"train": "run", "evaluate": "evaluation", "export": "export"}


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of long work for a run, as it stood when it was read."""

    id: int
    run_id: str
    kind: str
    """"train", "evaluate" or "export"."""
    attempt: int
    """Of the run's training, counting from 1; an evaluation or export has that of the training before it."""
    task: dict[str, Any]
    """What the kind needs beside the run's plan: "resume", or "exporter" and "out"."""
    state: RunState
    pid: int | None
    """Of the worker process; None before one took it, and for work in a thread of its owner."""
    process_created: float | None
    created_at: float
    """UTC epoch, seconds."""
    owner: ProcessIdentity
    """The process that queued it, or that took it from the queue."""
    not_before: float | None = None
    """When it may begin at the earliest, where somebody said so: UTC epoch, seconds."""
    held: bool = False
    """Whether it stays in the queue until somebody lets it go on."""
    wish: str = ""
    """What somebody wants of the work beside its going on; see `core.store.wishes`."""
    waits: str = ""
    """What it lacks to begin beside those at work, as a clause; empty where that was not asked."""

    @property
    def worker(self) -> ProcessIdentity | None:
        """The worker process that took it, if one did."""
        return None if self.pid is None else ProcessIdentity(self.pid, self.process_created or 0.0)

    @property
    def is_answered(self) -> bool:
        """Whether the process that must bring it to an end still lives."""
        return (self.worker or self.owner).is_alive


class Jobs(Log):
    """The part of the store that knows jobs."""

    def add_job(self, run_id: str, kind: str, task: dict[str, Any] | None = None, *, held: bool = False) -> Job:
        """Queue another job of a run; a training job is its next attempt. Held, it waits until it is let go.

        Raises:
            NotFoundError: There is no such run.
            BusyError: A job of the run is not finished.
        """
        self.mark_lost()
        with self._transaction() as connection:
            row = connection.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone()
            if row is None:
                raise NotFoundError(*no_run(run_id))
            job_id = self._insert_job(connection, run_id, kind, task or {})
            connection.execute("UPDATE jobs SET held = ? WHERE id = ?", (int(held), job_id))
        return self.job(job_id)

    def job(self, job_id: int) -> Job:
        """The job as it stands now.

        Raises:
            NotFoundError: There is no such job; its run may have been deleted.
        """
        found = self._jobs("WHERE id = ?", job_id)
        if not found:
            raise NotFoundError(f"There is no job {job_id}.", "Its run may have been deleted.")
        return found[0]

    def jobs(self, run_id: str) -> list[Job]:
        """All jobs of a run, oldest first."""
        return self._jobs("WHERE run_id = ? ORDER BY id", run_id)

    def latest(self, run_id: str, kind: str) -> Job | None:
        """The newest job of this kind."""
        return next(iter(self._jobs("WHERE run_id = ? AND kind = ? ORDER BY id DESC LIMIT 1", run_id, kind)), None)

    def unfinished(self) -> list[Job]:
        """Jobs that are not in a final state."""
        return self._jobs(f"WHERE {UNFINISHED} ORDER BY id")

    def at_work(self) -> list[Job]:
        """The jobs that were begun and are not finished, oldest first: one, where nobody allowed more."""
        return self._jobs(f"WHERE {AT_WORK} ORDER BY id")

    def claim(self, job_id: int, pid: int, process_created: float) -> Job:
        """Take the job for a worker process, which answers for it from now on.

        Raises:
            NotFoundError: There is no such job.
            IllegalMove: It is over, or another worker has it.
        """
        with self._transaction() as connection:
            row = job_row(connection, job_id)
            if RunState(row["state"]).is_final:
                raise IllegalMove(f"Job {job_id} is over: {row['state']}.")
            if row["pid"] is not None and (row["pid"], row["process_created"]) != (pid, process_created):
                raise IllegalMove(f"Job {job_id} belongs to process {row['pid']}.")
            connection.execute(
                "UPDATE jobs SET pid = ?, process_created = ? WHERE id = ?", (pid, process_created, job_id)
            )
        return self.job(job_id)

    def lose(self, job_id: int, how: str, cause: str = "") -> bool:
        """Give an unfinished job up because nobody works on it any more; `how` begins the sentence that says why.

        Returns whether it was unfinished until now.

        Raises:
            NotFoundError: There is no such job.
        """
        with self._transaction() as connection:
            row = job_row(connection, job_id)
            if RunState(row["state"]).is_final:
                return False
            reason, fix = _last_words(connection, row, how)
            lost = StateChanged(state=RunState.LOST, reason=reason, fix=fix, cause=cause)
            write(connection, job_id, time.time(), lost)
        return True

    def mark_lost(self) -> None:
        """Give up every job that was begun and whose process is gone, so that it blocks nobody for ever.

        Those that wait in the queue need no process: whoever comes next takes them.
        """
        for job in self.unfinished():
            if job.state is not RunState.QUEUED and not job.is_answered:
                self.lose(job.id, "The worker process ended" if job.pid else "The program that started it ended")

    def last_words(self, job_id: int, how: str) -> tuple[str, str]:
        """How far the job had come, as a sentence that begins with `how`, and what to do about it.

        Raises:
            NotFoundError: There is no such job.
        """
        with self._transaction() as connection:
            return _last_words(connection, job_row(connection, job_id), how)

    def _jobs(self, where: str, *values: object) -> list[Job]:
        return [_job(row) for row in self._rows(f"SELECT * FROM jobs {where}", *values)]

    def _insert_job(self, connection: sqlite3.Connection, run_id: str, kind: str, task: dict[str, Any]) -> int:
        """Queue a job behind all others, inside the transaction that makes sure that it is the only one of its run.

        Raises:
            BusyError: It is not.
        """
        busy = connection.execute(
            f"SELECT r.name, j.kind, j.state FROM jobs j JOIN runs r ON r.id = j.run_id"
            f" WHERE j.run_id = ? AND j.{UNFINISHED}",
            (run_id,),
        ).fetchone()
        if busy is not None:
            raise BusyError(
                f"A job of this run is already running or waiting: the {_VERBS.get(busy['kind'], busy['kind'])} of"
                f" '{busy['name']}' ({busy['state'].lower()}).",
                "Wait until it is done, or stop it.",
            )
        now, owner = time.time(), this_process()
        attempts = connection.execute("SELECT max(attempt) FROM jobs WHERE run_id = ?", (run_id,)).fetchone()[0] or 0
        cursor = connection.execute(
            "INSERT INTO jobs (run_id, kind, attempt, task, state, owner_pid, owner_created, created_at, updated_at,"
            " place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT ifnull(max(place), 0) + 1 FROM jobs))",
            (
                *(run_id, kind, attempts + 1 if kind == "train" else max(attempts, 1), json.dumps(task)),
                *(RunState.QUEUED.value, owner.pid, owner.created, now, now),
            ),
        )
        job_id = int(cursor.lastrowid or 0)
        write(connection, job_id, now, StateChanged(state=RunState.QUEUED))
        return job_id


def no_run(run_id: str) -> tuple[str, str]:
    """What is said of a run that is not in the store, and what to do."""
    return f"There is no run {run_id!r}.", "See 'fewtune runs' for those that there are."


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        run_id=row["run_id"],
        kind=row["kind"],
        attempt=row["attempt"],
        task=json.loads(row["task"]),
        state=RunState(row["state"]),
        pid=row["pid"],
        process_created=row["process_created"],
        created_at=row["created_at"],
        owner=ProcessIdentity(row["owner_pid"], row["owner_created"]),
        not_before=row["not_before"],
        held=bool(row["held"]),
        wish=row["wish"],
        waits=row["waits"],
    )


def _last_words(connection: sqlite3.Connection, row: sqlite3.Row, how: str) -> tuple[str, str]:
    """How far a job had come, and what to do about it."""
    if row["kind"] == "export":
        return f"{how} before the export was done.", "Start the export again; that clears away what is half written."
    said = connection.execute("SELECT body FROM events WHERE job_id = ? AND kind = 'StateChanged'", (row["id"],))
    if any(json.loads(body)["state"] == RunState.EVALUATING for (body,) in said):
        return f"{how} before the evaluation was done.", "Start the evaluation again."
    step = newest(connection, StepTaken, "j.id = ?", row["id"])
    where = f"after step {step['step']} of {step['total_steps']}" if step else "before the first step"
    # The best weights are a model, not a place to go on from.
    where_saved = "j.run_id = ? AND json_extract(e.body, '$.folder') <> 'best'"
    saved = newest(connection, CheckpointSaved, where_saved, row["run_id"])
    fix = f"Resume from step {saved['step']}." if saved else "Start it again: it had saved no checkpoint yet."
    return f"{how} {where}.", fix
