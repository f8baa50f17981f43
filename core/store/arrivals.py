"""Runs that come from another home, with all that they said there."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.events import Event, RunState, StateChanged, encode
from core.store import landmarks
from core.store.identity import this_process
from core.store.lifecycle import IllegalMove, advance
from core.store.runs import Runs, next_id, storable


@dataclass(frozen=True, slots=True)
class ArrivedJob:
    """A finished job of a run that arrives."""

    kind: str
    attempt: int
    said: Sequence[tuple[float, Event]]
    """Time (UTC epoch, seconds) and event, in order."""


class Arrivals(Runs):
    """The part of the store that takes in runs of other homes."""

    def add_arrived(self, plan: dict[str, Any], name: str, note: str, jobs: Sequence[ArrivedJob]) -> str:
        """Write down a run that was finished elsewhere and return the id that it has here, all of it or nothing.

        Raises:
            IllegalMove: A job is not finished, or its states do not follow each other.
        """
        ends = [_end(job) for job in jobs]
        me, now = this_process(), time.time()
        with self._transaction() as connection:
            run_id = next_id(connection)
            connection.execute(
                "INSERT INTO runs (id, name, note, plan, created_at) VALUES (?, ?, ?, ?, ?)",
                (run_id, storable(name), storable(note), json.dumps(plan), jobs[0].said[0][0]),
            )
            for job, end in zip(jobs, ends, strict=True):
                cursor = connection.execute(
                    "INSERT INTO jobs (run_id, kind, attempt, task, state, owner_pid, owner_created, created_at,"
                    " updated_at, told) VALUES (?, ?, ?, '{}', ?, ?, ?, ?, ?, 1)",
                    (run_id, job.kind, job.attempt, end.value, me.pid, me.created, job.said[0][0], now),
                )
                job_id = int(cursor.lastrowid or 0)
                for at, event in job.said:
                    connection.execute(
                        "INSERT INTO events (job_id, at, kind, body) VALUES (?, ?, ?, ?)",
                        (job_id, at, type(event).__name__, json.dumps(encode(event))),
                    )
                    landmarks.note(connection, job_id, event)
        return run_id


def _end(job: ArrivedJob) -> RunState:
    """The state in which the job ended.

    Raises:
        IllegalMove: It did not end, or its states do not follow each other.
    """
    states = [event.state for _, event in job.said if isinstance(event, StateChanged)]
    if not states or states[0] != RunState.QUEUED:
        raise IllegalMove("A job begins as QUEUED.")
    state: RunState = states[0]
    for then in states[1:]:
        state = advance(state, then)
    if not state.is_final:
        raise IllegalMove(f"A job of this run is not over: {state}.")
    return state
