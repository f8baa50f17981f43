"""What happens when a run ends: hooks that are told of each end once, apart from the run itself."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import FewtuneError
from core.events import Evaluated, Noted, StateChanged
from core.store.store import Job, Store

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one attempt of a run."""

    run_id: str
    name: str
    """As typed."""
    state: str
    reason: str
    score: dict[str, Any]
    """The headline score: "metric", "base", "tuned", "interval"; empty where nothing was scored."""
    attempt: int

    def as_json(self) -> dict[str, Any]:
        """What is told of it outside: no data, no paths, no settings."""
        return {
            "run": self.run_id,
            "name": self.name,
            "state": self.state,
            "reason": self.reason,
            "attempt": self.attempt,
            "score": self.score or None,
        }


Hook = Callable[[Ending, threading.Event], None]
"""Told of an end, and of the wish to close; a `FewtuneError` of it becomes a note in the log of the run, no more."""


class Endings:
    """A thread that tells hooks of each training that ends, whichever program ran it."""

    def __init__(self, store: Store, hooks: Sequence[Hook]) -> None:
        """Begin to look; ends of the last hour that came while no program with hooks was there are told, too."""
        self._store = store
        self._hooks = hooks
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._look_for_all, name="endings", daemon=True)
        self._thread.start()

    def close(self, patience: float = 5.0) -> None:
        """Look no more; a hook that is being told gets a moment to end."""
        self._closed.set()
        self._thread.join(patience)

    def _look_for_all(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            try:
                job = self._store.take_ending()
                while job is not None and not self._closed.is_set():
                    self._tell(job)
                    job = self._store.take_ending()
            except FewtuneError:  # a locked store passes
                if self._store.is_closed:
                    return
                _LOG.warning("The ends of runs could not be looked for; this is tried again.", exc_info=True)

    def _tell(self, job: Job) -> None:
        ending = self._ending(job)
        for hook in self._hooks:
            try:
                hook(ending, self._closed)
            except FewtuneError as error:
                self._store.remark(job.id, Noted(text=str(error), severity="warning"))

    def _ending(self, job: Job) -> Ending:
        end = self._store.tail(job.id, StateChanged, 1)
        scored = self._store.tail(job.id, Evaluated, 1)
        name = self._store.run(job.run_id).name
        reason = end[0].reason if end else ""
        return Ending(job.run_id, name, job.state.value, reason, _score(scored[0]) if scored else {}, job.attempt)


def _score(evaluated: Evaluated) -> dict[str, Any]:
    metric = next(iter(evaluated.metrics), "")
    values = evaluated.metrics.get(metric, {})
    kept: dict[str, Any] = {key: values[key] for key in ("base", "tuned", "interval") if key in values}
    return {"metric": metric, **kept} if metric else {}
