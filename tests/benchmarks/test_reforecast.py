"""How long a move of a slider takes until the forecast is drawn anew, as a ratio to the bare forecast of memory."""

import statistics
import time

import pytest

from core.engine import Engine
from core.strategy.machine import probe
from core.strategy.memory import forecast
from core.strategy.model_facts import read_facts
from tests.e2e.seeding import seed
from ui.desk import Desk
from ui.pages import strategy
from ui.pages.strategy import form
from ui.pages.strategy.sheet import look

ROUNDS, MOVES = 5, 20
MOST = 0.1
"""Seconds within which a person takes an answer for immediate."""


@pytest.fixture(params=["a fresh home", "a home with 3 runs, so that time is forecast too"])
def desk(request, tmp_path):
    for number in range(3 if "runs" in request.param else 0):
        seed(tmp_path / "home", name=f"Run {number}")
    engine = Engine(tmp_path / "home", launcher="thread")
    desk = Desk(engine)
    desk.take(engine.open_data("legal_clauses"))
    desk.where = request.param
    yield desk
    engine.close()


def timed(work) -> list[float]:
    """Seconds of each move."""
    seconds = []
    for number in range(MOVES):
        began = time.perf_counter()
        work(number)
        seconds.append(time.perf_counter() - began)
    return seconds


@pytest.mark.benchmark
def test_the_forecast_follows_a_slider_at_once(desk):
    plan = look(desk).plan
    names, own = form._FIELDS, tuple(plan.options)
    options = [plan.options[name] for name in own]
    facts, machine = read_facts(plan.model), probe(desk.engine.home)

    def bare(number: int) -> None:
        forecast(plan.model_copy(update={"max_length": 64 + number}), facts, machine)

    def whole(number: int) -> None:
        values = [64 + number if name == "max_length" else getattr(plan, name) for name in names]
        assert isinstance(form.on_setting_changed(desk, strategy._drawn, names, own, *values, *options), list)

    timed(whole), timed(bare)
    rounds = [(timed(bare), timed(whole)) for _ in range(ROUNDS)]
    ratios = [statistics.median(all_) / statistics.median(one) for one, all_ in rounds]
    moves = sorted(second for _, all_ in rounds for second in all_)
    middle, late = statistics.median(moves), moves[int(0.95 * len(moves))]
    print(
        f"{desk.where}: bare forecast {1000 * statistics.median(s for one, _ in rounds for s in one):.1f} ms, the page "
        f"{1000 * middle:.1f} ms (95 of 100 under {1000 * late:.0f} ms), "
        f"ratio {statistics.median(ratios):.1f} [{min(ratios):.1f}-{max(ratios):.1f}], n={ROUNDS} x {MOVES}"
    )
    assert middle < MOST
