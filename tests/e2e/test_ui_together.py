"""Two runs at once as the pages show them: each can be watched and stopped, and what waits says for what."""

import pytest

from core.events import RunState
from core.strategy.plan import Plan
from tests.e2e.test_ui_queue import engine, last_step, plan_of, queued
from tests.e2e.viewer import go, says
from tests.e2e.waiting import until

__all__ = ["engine"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1500)]


def test_two_runs_are_watched_in_turn_and_one_is_stopped_without_the_other(look, serve, engine, tmp_path):
    high = engine.forecast(Plan(**plan_of(engine))).high_gib
    first, second, third = (queued(engine, name, seed) for seed, name in enumerate(("One", "<i>Two</i>", "Three")))
    served = serve(tmp_path / "home", "--at-once", "3", "--room", f"{2.5 * high:.2f}")
    until(lambda: last_step(engine, first) and last_step(engine, second))
    page = look.tab(f"{served.url}/?run={first}&step=3")
    says(page, "2 at work", "#ft-header")
    says(page, "'<i>Two</i>' is at work beside this one: all take longer")
    look.picture(page, "two-at-work")
    page.click("#ft-job")
    says(page, "'One' is at work beside this one")
    page.click("#ft-stop-now")
    says(page, "Stopped at step")
    assert engine.run(second).row.state is RunState.STOPPED
    before = last_step(engine, first)
    until(lambda: last_step(engine, first) > before and last_step(engine, third))
    go(page, 6)
    until(lambda: page.inner_text("#ft-runs").count("Training") == 2)
    fourth = queued(engine, "Four", 4)
    says(page, "for memory: it needs about", "#ft-queue-line")
    says(page, "are free beside 'One' and 'Three'", "#ft-queue-line")
    look.picture(page, "waits-for-memory")
    page.goto(f"{served.url}/?run={fourth}&step=3")
    says(page, "Waiting for memory: it needs about")
    assert look.foreign == []
