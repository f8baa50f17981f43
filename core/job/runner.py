"""The background thread that begins what waits in the queue, and looks after all that was begun."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from core.errors import FewtuneError, NotFoundError, UserError
from core.events import Accompanied, RunState, StateChanged, StepTaken
from core.job.launchers.launcher import Launcher, Running
from core.job.launchers.process import end_process
from core.job.room import Room
from core.store.lifecycle import IllegalMove
from core.store.store import Job, Store
from core.store.wishes import NOW

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the runner waits for what, in seconds."""

    look: float = 0.3
    """Between two looks at a job that goes on."""
    idle: float = 1.0
    """Between two looks for jobs that other programs began."""
    stop_preparing: float = 4.5
    """For a job to stop that has not begun its first step: a download or a tokeniser hears nothing."""
    stop: float = 60.0
    """For any other job to stop, on top of two optimizer steps."""
    leave: float = 15.0
    """For a process to go away after its job is over."""


class Runner:
    """Begins jobs in the order of the queue and sees to it that each comes to an end.

    One is at work at a time, and more only where `room` finds that they fit.
    """

    def __init__(
        self,
        store: Store,
        launcher: Launcher,
        patience: Patience | None = None,
        beside: Callable[[], None] = lambda: None,
        room: Room | None = None,
    ) -> None:
        """Begin to look after the jobs of `store`, with those first that are unfinished now.

        Several programs may do so on one home; whichever looks first begins the next job. `beside` is called after
        each look at jobs that go on.
        """
        self._beside = beside
        self._store = store
        self._room = room
        self._launcher = launcher
        self._patience = patience or Patience()
        self._running: dict[int, Running] = {}
        self._deadlines: dict[int, float] = {}
        """Of jobs that shall stop, by the monotonic clock: the wall clock may be set."""
        self._leaving: dict[int, float] = {}
        """The same for processes whose job is over."""
        self._lock = threading.Lock()
        self._beginning = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._look_after_all, name="runner", daemon=True)
        self._thread.start()

    def begin_next(self) -> None:
        """Begin with whatever has its turn in the queue and fits beside what is at work, and return at once.

        The state moves here, in the caller's thread: a stop that comes next meets a job that can be stopped.
        """
        with self._beginning:
            while not self._closed and (job := self._take()) is not None:
                self._launch(job)

    def _take(self) -> Job | None:
        at_work = self._store.at_work()
        if self._is_occupied({job.id for job in at_work}):
            return None
        if not at_work:
            return self._store.take(only_own=not self._launcher.outlives_program)
        # Two trainings in threads of one program would draw from the same random numbers.
        together = self._room is not None and self._launcher.outlives_program
        fitting = self._room.fitting(at_work) if self._room is not None and together else None
        job = self._store.take(fitting=fitting) if fitting is not None else None
        if job is not None:
            self._introduce(job, at_work)
        return job

    def _introduce(self, job: Job, others: Sequence[Job]) -> None:
        """Say in the log of each run that it is not alone any more: what is measured from here on is of both."""
        names = {one.id: self._store.run(one.run_id).name for one in (job, *others)}
        for one, with_it in [(job, other) for other in others] + [(other, job) for other in others]:
            with contextlib.suppress(IllegalMove, NotFoundError):  # it ended or was deleted in between
                self._store.append(one.id, Accompanied(run=with_it.run_id, name=names[with_it.id]))

    def _launch(self, job: Job) -> None:
        try:
            running = self._launcher.start(job, self._store)
        except (UserError, OSError) as error:
            reason = f"The work could not be started: {error}."
            self._end(job, StateChanged(state=RunState.FAILED, reason=reason, fix="Try again."))
            return
        with self._lock:
            self._running[job.id] = running
        if running.worker is not None:
            # The worker says so itself, but later: until then this program would have to live for the job to be.
            with contextlib.suppress(IllegalMove, NotFoundError):
                self._store.claim(job.id, running.worker.pid, running.worker.created)
        self._wake.set()

    def _is_occupied(self, at_work: Set[int]) -> bool:
        """Whether a process is still there whose job is over: the next would find its memory taken."""
        with self._lock:
            return any(running.poll() is None for job, running in self._running.items() if job not in at_work)

    def close(self) -> None:
        """End the thread; what runs in processes goes on."""
        self._closed = True
        self._wake.set()
        self._thread.join()

    def _look_after_all(self) -> None:
        while not (self._closed or self._store.is_closed):
            busy = True
            try:
                with self._lock:
                    mine = dict(self._running)
                unfinished = self._store.unfinished()
                for job in unfinished:
                    self._look_after(job)
                for job_id in mine.keys() - {job.id for job in unfinished}:
                    self._see_off(job_id, mine[job_id])
                if unfinished or mine:
                    self.begin_next()
                    self._beside()
                busy = bool(unfinished or mine)
            except (FewtuneError, OSError):  # a full disk, a locked store: they pass, and the jobs are still there
                if not (self._closed or self._store.is_closed):
                    _LOG.warning("The runner could not look after its jobs and tries again.", exc_info=True)
            self._wake.wait(self._patience.look if busy else self._patience.idle)
            self._wake.clear()

    def _look_after(self, job: Job) -> None:
        if job.state is RunState.QUEUED:
            return
        with self._lock:
            running = self._running.get(job.id)
        code = None if running is None else running.poll()
        if code is not None:
            # A system that runs out of memory says nothing: it kills.
            self._store.lose(job.id, _how_it_ended(code), cause="memory" if code == -9 else "")
        elif running is None and not job.is_answered:
            self._store.mark_lost()
        elif job.state is RunState.STOPPING:
            self._hurry(job, running)
        elif running is not None and job.state is RunState.EVALUATING and self._store.next_up() is not None:
            # Seconds of loading pass while this one is scored; asked again, the launcher does nothing more.
            self._launcher.warm_up(self._store.home)

    def _hurry(self, job: Job, running: Running | None) -> None:
        """End a job by force that was asked to stop and does not."""
        if job.id not in self._deadlines:
            # A program that lives ends its own jobs; others help out only when it does not.
            spare = self._patience.leave if running is None and job.owner.is_alive else 0.0
            self._deadlines[job.id] = time.monotonic() + self._time_to_stop(job) + spare
        if job.wish == NOW and (running is not None or not job.owner.is_alive):
            self._deadlines[job.id] = 0.0
        if time.monotonic() < self._deadlines[job.id]:
            return
        how = "Stopped at once" if job.wish == NOW else "Ended by force because it did not stop in time,"
        reason, fix = self._store.last_words(job.id, how)
        if _end_by_force(job, running):
            self._end(job, StateChanged(state=RunState.STOPPED, reason=reason, fix=fix))

    def _time_to_stop(self, job: Job) -> float:
        said = self._store.tail(job.id, StateChanged, 2)
        if said[-1].state in {RunState.QUEUED, RunState.PREPARING}:
            return self._patience.stop_preparing
        steps = self._store.tail(job.id, StepTaken, 2)
        step = steps[0].seconds - (steps[1].seconds if len(steps) > 1 else 0.0) if steps else 0.0
        return self._patience.stop + 2 * step

    def _see_off(self, job_id: int, running: Running) -> None:
        """Let go of a job that is over, once its process is gone."""
        deadline = self._leaving.setdefault(job_id, time.monotonic() + self._patience.leave)
        if running.poll() is not None or (time.monotonic() > deadline and running.end()):
            with self._lock:
                del self._running[job_id]
            del self._leaving[job_id]

    def _end(self, job: Job, final: StateChanged) -> None:
        try:
            self._store.append(job.id, final)
        except IllegalMove:  # it ended by itself in between
            return


def _end_by_force(job: Job, running: Running | None) -> bool:
    if running is not None:
        return running.end()
    # Of a job that another program began, only a process of its own may be ended: never that program.
    return job.worker is not None and end_process(job.worker)


def _how_it_ended(code: int) -> str:
    if code == -9:
        return "The worker process was killed, by a person or because memory ran out,"
    if code < 0:
        return f"The worker process was ended by signal {-code}"
    if code > 0:
        return f"The worker process ended with exit code {code}"
    return "The worker ended without saying why"
