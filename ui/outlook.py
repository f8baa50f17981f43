"""What each method would need: asked of the engine now and then, not with every move of a slider."""

import time
from dataclasses import dataclass
from typing import Any

from core.engine import Engine
from core.strategy.advise import Advice
from core.strategy.memory import MemoryForecast
from core.strategy.time_forecast import TimeForecast

_SECONDS = 2.0
"""For so long an answer is good: it depends on what other programs hold."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A method with the settings that suit it."""

    method: str
    options: dict[str, Any]
    memory: MemoryForecast
    time: TimeForecast | None
    """None where it was not measured on this machine."""


class Outlooks:
    """The methods beside an advice. All tabs share them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: tuple[Advice, str, float, tuple[Outlook, ...]] | None = None

    def of(self, advice: Advice, stage: str = "") -> tuple[Outlook, ...]:
        """Every method, in the menu's order; `stage` changes when something was measured."""
        now, known = time.monotonic(), self._known
        if known is None or known[0] is not advice or known[1] != stage or now - known[2] > _SECONDS:
            known = (advice, stage, now, tuple(self._outlook(advice, other.method) for other in advice.alternatives))
            self._known = known
        return known[3]

    def _outlook(self, advice: Advice, method: str) -> Outlook:
        plan = advice.plan.model_copy(update=advice.instead(method))
        return Outlook(method, plan.options, self._engine.forecast(plan), self._engine.time_forecast(plan))
