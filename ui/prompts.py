"""The prompt that is being tried, or what came of the last one. All tabs share it."""

import threading
from dataclasses import dataclass, field

from core.dataset.choice import DataChoice
from core.engine import Engine
from core.errors import BusyError, Stopped, UserError
from core.evaluate.prompting import Prompting, Rival
from core.job.inquiry import Inquiry

STOPPED = "It was stopped, and nothing of it is kept."
GAVE_WAY = "A run began, so no prompt is tried any more: the run has the machine to itself."


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one model on one choice of data."""

    prompting: Prompting | None = None
    rivals: list[Rival] = field(default_factory=list)

    @property
    def caution(self) -> str:
        """Why tuning may not be needed; empty where nothing says so."""
        return self.prompting.caution(self.rivals) if self.prompting else ""


class Prompts:
    """At most one prompt is tried at a time; it gives way to a run."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._asked: tuple[DataChoice, str] | None = None
        self._going: Inquiry[Prompting] | None = None
        self._gave_way = False
        self._turns = 0
        self._said = ""
        self._error: UserError | None = None

    def begin(self, choice: DataChoice, model: str) -> None:
        """Try a prompt; asked twice for the same, it is tried once.

        Raises:
            BusyError: A run is going on, or a prompt is being tried on other data or another model.
            ModelError: The model can be planned with, but not be had.
            DataError: There are no validation rows, or they ask nothing.
        """
        with self._lock:
            self._settle()
            if self._going is not None and self._asked == (choice, model):
                return
            if self._going is not None:
                raise BusyError("A prompt is being tried on other data or with another model.", "Stop it, or wait.")
            self._going = self._engine.promptings.begin(choice, model)
            self._asked = choice, model
            self._said, self._error, self._gave_way = "", None, False
            self._turns += 1

    def look(self) -> Inquiry[Prompting] | None:
        """What is going on. The end of it is taken in, and where a run began meanwhile, it is ended."""
        with self._lock:
            self._settle()
            if self._going is not None and self._engine.active() is not None:
                self._stop(gave_way=True)
            return self._going

    def found(self, choice: DataChoice, model: str) -> Found:
        """What is known, and what else was tried on the same data."""
        known = self._engine.promptings.of(choice, model)
        if known is None:
            return Found()
        return Found(known, self._engine.promptings.rivals(choice, known, self._engine.baseline(choice)))

    def ending(self, choice: DataChoice, model: str) -> tuple[str, UserError | None]:
        """How the last one ended, where it was stopped or failed, and was about this."""
        return (self._said, self._error) if self._asked == (choice, model) else ("", None)

    @property
    def stage(self) -> str:
        """Changes with every beginning and every end."""
        return f"{self._turns} {'' if self.look() else 'over'}"

    def stop(self) -> None:
        """Stop what is going on."""
        with self._lock:
            self._stop(gave_way=False)

    def give_way(self) -> None:
        """Stop it because a run is about to begin."""
        with self._lock:
            self._settle()
            self._stop(gave_way=True)

    def _stop(self, *, gave_way: bool) -> None:
        if self._going is not None:
            self._gave_way = gave_way
            self._going.stop()
            self._settle(wait=5)

    def _settle(self, wait: float = 0) -> None:
        if self._going is None:
            return
        try:
            self._going.answer(wait)
        except TimeoutError:
            return
        except Stopped:
            self._said = GAVE_WAY if self._gave_way else STOPPED
        except UserError as error:
            self._error = error
        self._going = None
