"""The measurement of a plan's speed that is going on, or what came of the last one. All tabs share it."""

import threading

from core.engine import Engine
from core.errors import Stopped, UserError
from core.job.inquiry import Inquiry
from core.strategy.plan import Plan
from core.strategy.speed import Speed

STOPPED = "The measurement was stopped, and nothing of it is kept."
GAVE_WAY = "A run began, so the measurement was stopped: the run has the machine to itself."


class Measuring:
    """At most one measurement at a time; it gives way to a run."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._going: tuple[Plan, Inquiry[Speed]] | None = None
        self._gave_way = False
        self._turns = 0
        self.said = ""
        """How the last one ended, where it was stopped."""
        self.error: UserError | None = None
        """What went wrong with the last one."""

    def begin(self, plan: Plan) -> None:
        """Measure `plan`; asked twice for the same, it is measured once.

        Raises:
            BusyError: A run is going on, or another plan is being measured.
            ModelError: The model can be planned with, but not be had.
        """
        with self._lock:
            self._settle()
            if self._going is not None and self._going[0] == plan:
                return
            self._going = plan, self._engine.begin_probe(plan)
            self.said, self.error, self._gave_way = "", None, False
            self._turns += 1

    def look(self) -> tuple[Plan, Inquiry[Speed]] | None:
        """What is going on. The end of it is taken in, and where a run began meanwhile, it is ended."""
        with self._lock:
            self._settle()
            if self._going is not None and self._engine.active() is not None:
                self._stop(gave_way=True)
            return self._going

    @property
    def stage(self) -> str:
        """Changes with every beginning and every end."""
        return f"{self._turns} {'' if self.look() else 'over'}"

    def stop(self) -> None:
        """Stop what is going on."""
        with self._lock:
            self._stop(gave_way=False)

    def give_way(self) -> bool:
        """Stop it because a run is about to begin; whether there was one."""
        with self._lock:
            self._settle()
            return self._stop(gave_way=True)

    def _stop(self, *, gave_way: bool) -> bool:
        if self._going is None:
            return False
        self._gave_way = gave_way
        self._going[1].stop()
        self._settle(wait=5)
        return True

    def _settle(self, wait: float = 0) -> None:
        if self._going is None:
            return
        try:
            self._going[1].answer(wait)
        except TimeoutError:
            return
        except Stopped:
            self.said = GAVE_WAY if self._gave_way else STOPPED
        except UserError as error:
            self.error = error
        self._going = None
