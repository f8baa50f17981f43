"""How a job's events come into the store without making the work wait for the disk."""

import threading
import time
from typing import Final

from core.errors import MachineError, NotFoundError, Stopped
from core.events import Advanced, Event, MemoryMeasured, RunState, StateChanged, StepTaken
from core.store.lifecycle import IllegalMove
from core.store.store import Store

_FREQUENT: Final = (StepTaken, MemoryMeasured, Advanced)
"""A small model takes a hundred steps a second; a disk that is asked to be sure takes up to 20 ms for each answer."""
_FLUSH_SECONDS = 0.25
_TRIES = 20
"""How often the last event is offered to a disk that refuses it, at intervals of `_FLUSH_SECONDS`."""


class Journal:
    """Takes events in any thread and writes them down in the order in which they came.

    Frequent ones are written together a quarter of a second later at the latest, by a thread of the journal; any
    other is on disk when `emit` returns, after all that came before it.
    """

    def __init__(self, store: Store, job_id: int, stopping: threading.Event) -> None:
        """Open the journal of a job; `stopping` is set when the job turns out to be over."""
        self._store = store
        self._job_id = job_id
        self._stopping = stopping
        self._waiting: list[tuple[float, Event]] = []
        self._list = threading.Lock()
        self._disk = threading.RLock()
        self._some = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._write_frequent, name="journal", daemon=True)
        self._thread.start()

    def emit(self, event: Event) -> None:
        """Take an event.

        Raises:
            Stopped: The job was asked to stop, or is over, and does not go where this `StateChanged` leads.
            IllegalMove: The table does not lead there, and nobody asked for a stop: a bug.
            NotFoundError: Never; a deleted job ends in `Stopped`.
            MachineError: The store cannot be written.
        """
        with self._list:
            if isinstance(event, _FREQUENT):
                self._waiting.append((time.time(), event))
                self._some.set()
                return
        with self._disk:
            self.flush()
            try:
                self._store.append(self._job_id, event)
            except (IllegalMove, NotFoundError) as error:
                if not self._must_end():
                    raise
                self._stopping.set()
                raise Stopped from error

    def flush(self) -> None:
        """Write down what waits.

        Raises:
            Stopped: The job is over or deleted.
            MachineError: The store cannot be written; what waits goes on waiting.
        """
        with self._disk:
            with self._list:
                batch, self._waiting = self._waiting, []
            if not batch:
                return
            try:
                self._store.append_all(self._job_id, batch)
            except (IllegalMove, NotFoundError) as error:
                self._stopping.set()
                raise Stopped from error
            except MachineError:
                with self._list:
                    self._waiting[:0] = batch
                raise

    def close(self, final: StateChanged) -> None:
        """Write down what waits and the job's end; an end that somebody else declared before stays.

        Raises:
            MachineError: The store cannot be written for some seconds on end.
        """
        self._closed.set()
        self._some.set()
        self._thread.join()
        for tries_left in reversed(range(_TRIES)):
            try:
                with self._disk:
                    self.flush()
                    self._store.append(self._job_id, final)
            except (IllegalMove, NotFoundError, Stopped):
                return
            except MachineError:
                if self._store.is_closed:  # on purpose, so nobody wants to know
                    return
                if not tries_left:
                    raise
                time.sleep(_FLUSH_SECONDS)
            else:
                return

    def _write_frequent(self) -> None:
        while not self._closed.is_set():
            self._some.wait()
            self._closed.wait(_FLUSH_SECONDS)
            self._some.clear()
            try:
                self.flush()
            except MachineError:
                if self._store.is_closed:
                    return
                self._some.set()  # tried again: the disk may be full for a moment, another program may hold the file
            except Stopped:
                return

    def _must_end(self) -> bool:
        try:
            state = self._store.job(self._job_id).state
        except NotFoundError:
            return True
        return state.is_final or state is RunState.STOPPING
