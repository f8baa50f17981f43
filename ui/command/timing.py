"""How long a plan takes: measured when asked for, and told for people."""

import sys
import time

from core.engine import Engine
from core.errors import BusyError
from core.strategy.plan import Plan
from core.strategy.time_forecast import TimeForecast
from ui import words
from ui.command import say

_POLL = 0.2
"""Seconds between two looks at what goes on."""


def measure(engine: Engine, plan: Plan) -> None:
    """Take a few real steps of `plan`, and say what goes on where somebody looks; Ctrl+C ends it, and so does a run.

    Raises:
        BusyError: A run is going on, or began meanwhile.
    """
    inquiry = engine.begin_probe(plan)
    said = ""
    try:
        while not inquiry.is_over:
            if inquiry.about != said and sys.stderr.isatty():
                said = inquiry.about
                say.note(f"measuring: {said}")
            if engine.active() is not None:
                raise BusyError("A run began: beside it nothing can be measured.", "Measure again when it is over.")
            time.sleep(_POLL)
    finally:
        inquiry.stop()
    inquiry.answer()


def tell_time(forecast: TimeForecast | None) -> None:
    """Print a forecast, or how to get one."""
    if forecast is None:
        say.tell("Time: nothing like it was measured on this computer yet; --measure takes a few real steps.")
        return
    low, high = words.duration(forecast.low_seconds), words.duration(forecast.high_seconds)
    whole, epoch = low if low == high else f"{low} to {high}", words.duration(forecast.epoch_seconds)
    say.tell(f"Time forecast {whole}, {epoch} an epoch ({forecast.basis}).")
    say.tell(f"    {forecast.cause}")
    if forecast.left_out:
        say.tell(f"    not in it, as nobody measured it: {', '.join(forecast.left_out)}")
    if forecast.energy_kwh:
        say.tell(f"    energy of the GPU alone: {_between(forecast.energy_kwh)} kWh")
    if forecast.cost:
        say.tell(f"    cost at that price: {_between(forecast.cost)}")


def _between(ends: tuple[float, float]) -> str:
    low, high = (words.number(end) for end in ends)
    return low if low == high else f"{low} to {high}"
