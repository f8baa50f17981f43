"""Runs: a plan, a name, a note, a folder and jobs."""

import json
import re
import shutil
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BusyError, MachineError, NotFoundError
from core.events import RunState
from core.store.jobs import UNFINISHED, Job, no_run
from core.store.queue import Queue
from core.strategy.disk import size_of

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, lower case: sorts as it counts, safe on file systems that ignore case."""
_DIGITS = 10
_SPARE_BITS = 5
"""Below the millisecond, so that runs of one millisecond still count up."""
_RUN_ID = re.compile(f"r[{_ALPHABET}]{{{_DIGITS}}}")
_RUN_ROWS = """
    SELECT r.id, r.name, r.note, r.plan, r.created_at, j.state,
        (SELECT max(attempt) FROM jobs WHERE run_id = r.id) AS attempt,
        (SELECT max(updated_at) FROM jobs WHERE run_id = r.id) AS updated_at
    FROM runs r JOIN jobs j ON j.id = (
        SELECT id FROM jobs WHERE run_id = r.id
        ORDER BY state IN ('DONE', 'STOPPED', 'FAILED', 'LOST'), kind <> 'train', id DESC LIMIT 1
    )
"""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as a table shows it."""

    id: str
    name: str
    """As typed."""
    plan: dict[str, Any]
    state: RunState
    """Of the job that goes on, else of the newest training: a failed export does not make a good run look failed."""
    attempt: int
    created_at: float
    """UTC epoch, seconds."""
    updated_at: float
    """When a job of the run last said something: UTC epoch, seconds."""
    note: str


class Runs(Queue):
    """The part of the store that knows runs."""

    def add_run(self, plan: dict[str, Any], name: str, not_before: float | None = None) -> Job:
        """Write down a run and queue its training, both or neither; it begins not before the time that is given.

        Raises:
            BusyError: A run of the same plan is not finished; nothing of this one was written.
        """
        self.mark_lost()
        with self._transaction() as connection:
            self._refuse_twin(connection, plan)
            run_id = next_id(connection)
            connection.execute(
                "INSERT INTO runs (id, name, plan, created_at) VALUES (?, ?, ?, ?)",
                (run_id, storable(name), json.dumps(plan), time.time()),
            )
            job_id = self._insert_job(connection, run_id, "train", {})
            connection.execute("UPDATE jobs SET not_before = ? WHERE id = ?", (not_before, job_id))
        self.run_folder(run_id).mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.job(job_id)

    def _refuse_twin(self, connection: sqlite3.Connection, plan: dict[str, Any]) -> None:
        """See to it that a double click, or the same request sent twice, makes one run.

        Raises:
            BusyError: A run of this plan, under whichever name, is being trained or waits for it.
        """
        rows = connection.execute(
            "SELECT r.name, r.plan, j.state FROM jobs j JOIN runs r ON r.id = j.run_id"
            f" WHERE j.kind = 'train' AND j.{UNFINISHED}"
        ).fetchall()
        for name, text, state in rows:
            if _unnamed(json.loads(text)) == _unnamed(json.loads(json.dumps(plan))):
                raise BusyError(
                    f"This plan is already running or waiting: '{name}' ({state.lower()}).",
                    "Watch that one, or change something in the plan.",
                )

    def runs(self) -> list[RunRow]:
        """All runs, newest first."""
        return [_run_row(row) for row in self._rows(f"{_RUN_ROWS} ORDER BY r.id DESC")]

    def run(self, run_id: str) -> RunRow:
        """One run.

        Raises:
            NotFoundError: There is no such run.
        """
        rows = self._rows(f"{_RUN_ROWS} WHERE r.id = ?", run_id)
        if not rows:
            raise NotFoundError(*no_run(run_id))
        return _run_row(rows[0])

    def rename(self, run_id: str, name: str) -> None:
        """Give a run another name, kept as typed.

        Raises:
            NotFoundError: There is no such run.
        """
        self._set(run_id, "name", name)

    def set_note(self, run_id: str, note: str) -> None:
        """Keep what a person remarks on a run.

        Raises:
            NotFoundError: There is no such run.
        """
        self._set(run_id, "note", note)

    def run_folder(self, run_id: str) -> Path:
        """Where the run's files lie.

        Raises:
            NotFoundError: That is no id of a run, so it must not become part of a path.
        """
        if not _RUN_ID.fullmatch(run_id):
            raise NotFoundError(*no_run(run_id))
        return self.home / "runs" / run_id

    def delete_run(self, run_id: str) -> int:
        """Delete a run with its folder and return the bytes that this frees.

        Raises:
            NotFoundError: There is no such run.
            BusyError: A job of it is not finished.
            MachineError: A file of it cannot be removed; the next deletion tries again.
        """
        self.mark_lost()
        with self._transaction() as connection:
            states = connection.execute(
                "SELECT r.name, j.state FROM runs r LEFT JOIN jobs j ON j.run_id = r.id WHERE r.id = ?", (run_id,)
            ).fetchall()
            if not states:
                raise NotFoundError(*no_run(run_id))
            for name, state in states:
                if state is not None and not RunState(state).is_final:
                    raise BusyError(f"A job of '{name}' is still going on ({state.lower()}).", "Stop it first.")
            # The folder is noted before it is removed: a power cut in between leaves no gigabytes that nobody knows.
            connection.execute("INSERT OR IGNORE INTO leftovers VALUES (?)", (run_id,))
            connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
        return sum(self._remove(row["run_id"]) for row in self._rows("SELECT run_id FROM leftovers"))

    def _remove(self, run_id: str) -> int:
        folder = self.run_folder(run_id)
        size = size_of(folder)
        try:
            if folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            raise MachineError(
                f"The run is deleted, but {error.filename or folder} cannot be removed: {error.strerror}.",
                "Close what holds the file, or remove the folder by hand.",
            ) from error
        with self._transaction() as connection:
            connection.execute("DELETE FROM leftovers WHERE run_id = ?", (run_id,))
        return size

    def _set(self, run_id: str, column: str, text: str) -> None:
        with self._transaction() as connection:
            changed = connection.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (storable(text), run_id))
            if changed.rowcount == 0:
                raise NotFoundError(*no_run(run_id))


def next_id(connection: sqlite3.Connection) -> str:
    """An id later than all others, even if the clock was set back."""
    number = int(time.time() * 1000) << _SPARE_BITS
    newest = connection.execute("SELECT max(id) FROM runs").fetchone()[0]
    if newest is not None:
        number = max(number, _count(newest) + 1)
    digits = (number >> 5 * place & 31 for place in reversed(range(_DIGITS)))
    return "r" + "".join(_ALPHABET[digit] for digit in digits)


def _count(run_id: str) -> int:
    number = 0
    for digit in run_id[1:]:
        number = number * 32 + _ALPHABET.index(digit)
    return number


def _run_row(row: sqlite3.Row) -> RunRow:
    return RunRow(
        id=row["id"],
        name=row["name"],
        plan=json.loads(row["plan"]),
        state=RunState(row["state"]),
        attempt=row["attempt"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        note=row["note"],
    )


def _unnamed(plan: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in plan.items() if key != "name"}


def storable(text: str) -> str:
    """The text as typed; half of a surrogate pair, which no screen can show, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
