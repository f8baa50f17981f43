"""Steering a run that goes on: pause, go on, save, stop."""

from core.errors import BusyError, NotFoundError
from core.events import RunState
from core.store.store import Job, Store
from core.store.wishes import FREE, NOW


class Control:
    """What people may do with the unfinished job of a run; each wish may be repeated and then changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pause(self, run_id: str, *, free: bool = False) -> RunState:
        """Let the run wait before its next step, or hold it in the queue where it waits there.

        With `free` it saves a checkpoint, ends its worker, and goes on later from there, bit for bit.

        Raises:
            NotFoundError: There is no such run, or nothing of it is going on.
            BusyError: It does not train.
        """
        job = self._unfinished(run_id)
        if job.state is RunState.QUEUED:
            self._store.postpone(job.id, job.not_before, held=True)
            return job.state
        if not free:
            return self._store.request_pause(job.id)
        if job.kind != "train" or job.state is RunState.EVALUATING:
            raise BusyError("Only a training can free its memory and go on later.", "Wait for its end, or stop it.")
        return self._store.request_stop(job.id, FREE)

    def go_on(self, run_id: str) -> Job | None:
        """Let a paused run go on, and one that is held in the queue be the next; None where it is neither.

        Raises:
            NotFoundError: There is no such run.
        """
        self._store.run(run_id)
        job = next((job for job in self._store.jobs(run_id) if not job.state.is_final), None)
        if job is not None and job.state is RunState.PAUSED:
            self._store.request_go_on(job.id)
        elif job is not None and job.held:
            self._store.postpone(job.id)
            self._store.reorder(job.id, lambda _: 0)
        else:
            return None
        return self._store.job(job.id)

    def save(self, run_id: str) -> RunState:
        """Ask for a checkpoint at the end of the next step.

        Raises:
            NotFoundError: There is no such run, or nothing of it is going on.
            BusyError: It does not train.
        """
        return self._store.request_save(self._unfinished(run_id).id)

    def stop(self, run_id: str, *, now: bool = False) -> RunState:
        """Ask the run to stop; the best weights so far are kept. `now` ends it without saving anything more.

        Raises:
            NotFoundError: There is no such run, or nothing of it is going on.
        """
        return self._store.request_stop(self._unfinished(run_id).id, NOW if now else "")

    def _unfinished(self, run_id: str) -> Job:
        for job in self._store.jobs(run_id):
            if not job.state.is_final:
                return job
        raise NotFoundError(f"Nothing of run {run_id} is going on.", "See 'fewtune runs' for what is.")
