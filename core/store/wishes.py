"""What people wish of a job that goes on: to stop, now or with its weights, to pause, to go on, to save."""

import sqlite3
import time

from core.errors import BusyError
from core.events import RunState, StateChanged
from core.store.jobs import Jobs
from core.store.log import job_row, write

FREE = "free"
"""Stop with a checkpoint, and wait in the queue to go on from it: memory is free meanwhile."""
NOW = "now"
"""Stop without saving anything more."""
SAVE = "save"
"""Write a checkpoint at the end of the next step."""


class Wishes(Jobs):
    """The part of the store through which a job is steered; the worker looks into it a few times a second."""

    def request_stop(self, job_id: int, wish: str = "") -> RunState:
        """Ask the job to stop and return the state that it has then; asking again changes only the wish.

        With the wish `NOW` it is ended at once, with `FREE` it is put back into the queue.

        Raises:
            NotFoundError: There is no such job.
        """
        with self._transaction() as connection:
            row = job_row(connection, job_id)
            state = RunState(row["state"])
            if state.is_final:
                return state
            if row["wish"] != NOW:
                _wish(connection, job_id, wish)
            if state is RunState.STOPPING:
                return state
            asked = StateChanged(state=RunState.STOPPING)
            if state is RunState.QUEUED:
                asked = StateChanged(state=RunState.STOPPED, reason="Stopped before it began.")
            write(connection, job_id, time.time(), asked)
        return asked.state

    def request_pause(self, job_id: int) -> RunState:
        """Let a training wait before its next step, with all that it holds; asking again changes nothing.

        Raises:
            NotFoundError: There is no such job.
            BusyError: It does not train.
        """
        return self._turn(job_id, RunState.TRAINING, RunState.PAUSED, "be paused only while it trains")

    def request_go_on(self, job_id: int) -> RunState:
        """Let a paused training go on; asking again changes nothing.

        Raises:
            NotFoundError: There is no such job.
            BusyError: It is not paused.
        """
        return self._turn(job_id, RunState.PAUSED, RunState.TRAINING, "go on only when it is paused")

    def request_save(self, job_id: int) -> RunState:
        """Ask a training for a checkpoint at the end of its next step; asking again changes nothing.

        Raises:
            NotFoundError: There is no such job.
            BusyError: It does not train.
        """
        with self._transaction() as connection:
            state = RunState(job_row(connection, job_id)["state"])
            if state not in {RunState.TRAINING, RunState.PAUSED}:
                raise BusyError(*_refusal(state, "save a checkpoint only while it trains"))
            _wish(connection, job_id, SAVE)
        return state

    def take_wish_to_save(self, job_id: int) -> bool:
        """Whether a checkpoint was asked for since this was asked last."""
        with self._transaction() as connection:
            taken = connection.execute("UPDATE jobs SET wish = '' WHERE id = ? AND wish = ?", (job_id, SAVE))
        return bool(taken.rowcount)

    def _turn(self, job_id: int, now: RunState, then: RunState, may: str) -> RunState:
        with self._transaction() as connection:
            state = RunState(job_row(connection, job_id)["state"])
            if state is now:
                write(connection, job_id, time.time(), StateChanged(state=then))
            elif state is not then:
                raise BusyError(*_refusal(state, may))
        return then


def _wish(connection: sqlite3.Connection, job_id: int, wish: str) -> None:
    connection.execute("UPDATE jobs SET wish = ? WHERE id = ?", (wish, job_id))


def _refusal(state: RunState, may: str) -> tuple[str, str]:
    return f"A run can {may}; this one is {state.lower()}.", "Try again when it trains, or stop it."
