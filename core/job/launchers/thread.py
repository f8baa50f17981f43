"""Work in a thread of the program itself: for notebooks, debugging, platforms without processes, and fast tests."""

import threading
from collections.abc import Mapping
from pathlib import Path

from core.errors import FewtuneError
from core.job.work import WORK, Work
from core.job.worker import perform
from core.store.identity import ProcessIdentity
from core.store.steering import Steering
from core.store.store import Job, Store

_CLOSE_SECONDS = 60.0


class _RunningThread:
    """A job in a thread."""

    worker: ProcessIdentity | None = None

    def __init__(self, job: Job, store: Store, work: Mapping[str, Work]) -> None:
        self._job = job
        self._store = store
        self._stopping = Steering()
        # No daemon: an interpreter that exits while torch computes in a daemon thread is aborted.
        self._thread = threading.Thread(
            target=perform, args=(job, store, self._stopping, work), name=f"job {job.id}", daemon=False
        )
        self._thread.start()

    def poll(self) -> int | None:
        return None if self._thread.is_alive() else 0

    def end(self) -> bool:
        self._stopping.set()
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ask it to stop and wait for it."""
        if self._thread.is_alive():
            self._store.request_stop(self._job.id)
            self._stopping.set()
            self._thread.join(_CLOSE_SECONDS)


class ThreadLauncher:
    """Runs jobs in threads. They end with the program, which asks them to stop first."""

    name = "thread"
    title = "In this program"
    outlives_program = False

    def __init__(self, work: Mapping[str, Work] = WORK) -> None:
        self._work = work
        self._running: list[_RunningThread] = []

    def warm_up(self, home: Path) -> None:
        """Do nothing: loading libraries in this program would slow the page that asks for it."""

    def start(self, job: Job, store: Store) -> _RunningThread:
        """Begin with the job in a new thread."""
        self._running = [running for running in self._running if running.poll() is None]
        self._running.append(_RunningThread(job, store, self._work))
        return self._running[-1]

    def close(self) -> None:
        """Stop what runs: a thread cannot outlive its program."""
        for running in self._running:
            try:
                running.stop()
            except FewtuneError:  # the store is gone already, and the thread sees that too
                continue
