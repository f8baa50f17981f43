"""The measurement of a plan's speed that is going on, those that wait for its end, or what came of the last one."""

import threading
from functools import partial

from core.engine import Engine
from core.errors import UserError
from core.job.inquiry import Inquiry
from core.strategy.plan import Plan
from core.strategy.speed import Speed
from ui.asking import Asking

STOPPED = "The measurement was stopped, and nothing of it is kept."
GAVE_WAY = "A run began, so the measurement was stopped: the run has the machine to itself."


class Measuring(Asking[Plan, Speed]):
    """At most one measurement at a time; others may follow it by themselves."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, stopped=STOPPED, gave_way=GAVE_WAY)
        self._turn = threading.Lock()
        self._rest: tuple[Plan, ...] = ()

    @property
    def waiting(self) -> int:
        """Plans that are looked at after the one that is being measured."""
        return len(self._rest)

    def begin(self, plan: Plan, *others: Plan) -> None:
        """Measure `plan`, then each of `others` of which nothing is known by then.

        Asked twice for the same, it is measured once.

        Raises:
            BusyError: A run is going on, or another plan is being measured.
            ModelError: The model can be planned with, but not be had.
        """
        with self._turn:
            self._begin(plan, lambda: self._engine.begin_probe(plan))
            self._rest = others

    def look(self) -> tuple[Plan, Inquiry[Speed]] | None:
        """What is going on; where one ended well, the next one begins."""
        going = super().look()
        if going is not None or not self._rest:
            return going
        with self._turn:
            if self.said or self.error is not None:
                self._rest = ()
            try:
                self._begin_next()
            except UserError as error:
                self.error, self._rest = error, ()
        return super().look()

    def stop(self) -> None:
        """Stop what is going on, and begin no other."""
        self._rest = ()
        super().stop()

    def give_way(self) -> bool:
        """Stop it because a run is about to begin; whether there was one."""
        self._rest = ()
        return super().give_way()

    def _begin_next(self) -> None:
        while self._rest and super().look() is None:
            plan, *rest = self._rest
            self._rest = tuple(rest)
            if self._engine.time_forecast(plan) is None:
                self._begin(plan, partial(self._engine.begin_probe, plan))
