"""Follows a job until it is over: its events as JSON lines, or its progress for people."""

import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from core.engine import Engine
from core.errors import FewtuneError
from core.events import Evaluated, Exported, StateChanged, encode
from core.store.store import Job, Record
from ui import phrases
from ui.command import say
from ui.present import RunView, follow

POLL = 0.2
"""Seconds between two looks at the store."""
QUIET = 30.0
"""Seconds after which progress is printed again where no line can be rewritten."""

Show = Callable[[Sequence[Record]], None]


class Left(FewtuneError):  # noqa: N818 - an event, not a fault
    """The person went away; the job goes on in its worker."""


def goes_on(run_id: str) -> str:
    """What to know of a run that is left alone."""
    return f"Run {run_id} goes on in its worker: 'fewtune runs' shows it, 'fewtune stop {run_id}' stops it."


class Following:
    """One job, from its first word to its last."""

    def __init__(self, engine: Engine, job: Job) -> None:
        self._engine = engine
        self._job = job
        self._seq = 0
        self.evaluated: Evaluated | None = None
        self.exported: Exported | None = None

    def to_the_end(self, show: Show) -> StateChanged:
        """Pass on all that the job says; Ctrl+C asks it to stop, and a second one leaves it.

        Raises:
            Left: Ctrl+C was pressed twice.
        """
        try:
            return self._until_final(show)
        except KeyboardInterrupt:
            run = self._job.run_id
            say.note(f"\nStopping run {run}; the best weights so far are kept. Ctrl+C again leaves it alone.")
        try:
            self._engine.store.request_stop(self._job.id)
            return self._until_final(show)
        except KeyboardInterrupt:
            raise Left(goes_on(run)) from None

    def _until_final(self, show: Show) -> StateChanged:
        while True:
            news = self._engine.since(self._job.run_id, self._seq)
            self._seq = news[-1].seq if news else self._seq
            records = [record for record in news if record.job_id == self._job.id]
            end = self._note(records)
            show(records)
            if end is not None:
                return end
            time.sleep(POLL)

    def _note(self, records: Sequence[Record]) -> StateChanged | None:
        for record in records:
            match record.event:
                case Evaluated() as evaluated:
                    self.evaluated = evaluated
                case Exported() as exported:
                    self.exported = exported
                case StateChanged(state=state) as change if state.is_final:
                    return change
        return None


def as_json_lines(run_id: str) -> Show:
    """Print each event as one JSON object, with its run."""

    def show(records: Sequence[Record]) -> None:
        for record in records:
            say.answer({"run": run_id, "attempt": record.attempt, "at": record.at, **encode(record.event)})

    return show


class Progress:
    """What happens, in words on stderr: one line that is rewritten on a terminal, a line now and then elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._rewrites = self._stream.isatty()
        self._view = RunView()
        self._width = 0
        self._spoke = time.monotonic()

    def __call__(self, records: Sequence[Record]) -> None:
        """Show what is new."""
        told = len(self._view.log)
        self._view = follow(self._view, records)
        for line in self._view.log[told:]:
            self._print(line.text)
        if self._view.is_live:
            self._show_progress()

    def _show_progress(self) -> None:
        left = phrases.time_left(self._view)
        text = phrases.progress(self._view) + (f", {left}" if left else "")
        if self._rewrites:
            self._rewrite(say.plain(text))
        elif time.monotonic() - self._spoke >= QUIET:
            self._print(text)

    def _print(self, text: str) -> None:
        self._rewrite("")
        self._stream.write(say.plain(text) + "\n")
        self._stream.flush()
        self._spoke = time.monotonic()

    def _rewrite(self, text: str) -> None:
        if self._rewrites and (text or self._width):
            self._stream.write("\r" + text.ljust(self._width) + ("" if text else "\r"))
            self._stream.flush()
            self._width = len(text)
