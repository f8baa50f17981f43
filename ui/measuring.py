"""The measurement of a plan's speed that is going on, or what came of the last one."""

from core.engine import Engine
from core.strategy.plan import Plan
from core.strategy.speed import Speed
from ui.asking import Asking

STOPPED = "The measurement was stopped, and nothing of it is kept."
GAVE_WAY = "A run began, so the measurement was stopped: the run has the machine to itself."


class Measuring(Asking[Plan, Speed]):
    """At most one measurement at a time."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, stopped=STOPPED, gave_way=GAVE_WAY)

    def begin(self, plan: Plan) -> None:
        """Measure `plan`; asked twice for the same, it is measured once.

        Raises:
            BusyError: A run is going on, or another plan is being measured.
            ModelError: The model can be planned with, but not be had.
        """
        self._begin(plan, lambda: self._engine.begin_probe(plan))
