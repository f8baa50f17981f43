"""The whole walk in a real browser, with a model that is really trained."""

import re
import time

import pytest

from core.engine import Engine
from core.events import RunState, StepTaken
from tests.e2e.viewer import go, says

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]


def test_the_walk_from_a_sample_to_an_export(look, serve, tmp_path):
    """One run, started by a double click and a second tab; it outlives its tab, is scored and leaves as an adapter."""
    home = tmp_path / "home"
    served = serve(home)
    page = look.tab(served.url)
    says(page, "Which examples should the model learn from?")
    look.picture(page, "walk-0-empty")
    page.click("#ft-sample-legal_clauses")
    says(page, "Your sample is ready: 500 examples in 10 kinds")
    look.picture(page, "walk-1-data")
    page.click("#ft-to-strategy")
    page.wait_for_selector("#ft-start:enabled")
    _shorten(page)
    look.picture(page, "walk-2-strategy")

    second = look.tab(f"{served.url}/?step=2")
    second.wait_for_selector("#ft-start:enabled")
    page.dblclick("#ft-start", no_wait_after=True)
    page.wait_for_selector("#ft-step-3.ft-here")
    _a_second_start_is_refused(second)

    run_id = re.search(r"run=(\w+)", page.url).group(1)
    engine = Engine(home, launcher="thread")
    try:
        seen = _wait_for_step(engine, run_id, 2)
        look.picture(page, "walk-3-training")
        page.context.close()
        second.context.close()
        _wait_for_step(engine, run_id, seen + 2)
        page = look.tab(served.url)
        page.wait_for_selector("#ft-step-3.ft-here")
        assert f"run={run_id}" in page.url
        _until_done(engine, run_id)
        steps = [record.event.step for record in engine.since(run_id) if isinstance(record.event, StepTaken)]
        assert steps == sorted(set(steps)), "every step once"
        assert len(engine.runs()) == 1
    finally:
        engine.close()
    says(page, "Trained")
    look.picture(page, "walk-3-trained")
    page.click("#ft-to-results")
    says(page, "All 300")
    look.picture(page, "walk-4-evaluate")
    page.click("#ft-to-export")
    page.wait_for_selector("#ft-export-first:enabled")
    page.click("#ft-export-first")
    says(page, "Your model is exported")
    says(page, "PeftModel")
    look.picture(page, "walk-5-export")
    go(page, 6)
    says(page, "1 run, 1 scored")
    look.picture(page, "walk-6-runs")
    assert look.foreign == []


def _shorten(page) -> None:
    """One epoch on short rows: the walk is what is tested, not how well the model learns."""
    page.click("#ft-expert button")
    page.fill("#setting-epochs input[type=number]", "1")
    page.fill("#setting-max_length input", "96")
    says(page, "2 settings differ from the advice")


def _a_second_start_is_refused(tab) -> None:
    tab.click("#ft-start", no_wait_after=True)
    says(tab, "A run is in progress", "body")
    assert tab.query_selector("a[href*='run=']") is not None


def _wait_for_step(engine: Engine, run_id: str, at_least: int) -> int:
    until = time.monotonic() + 900
    while time.monotonic() < until:
        last = engine.store.last(run_id, StepTaken)
        if last is not None and last.step >= at_least:
            return last.step
        state = engine.run(run_id).row.state
        assert not state.is_final or state == RunState.DONE, engine.since(run_id)[-1]
        if state == RunState.DONE:
            return last.step if last else 0
        time.sleep(0.3)
    raise AssertionError(f"step {at_least} never came")


def _until_done(engine: Engine, run_id: str) -> None:
    until = time.monotonic() + 1200
    while time.monotonic() < until:
        state = engine.run(run_id).row.state
        if state.is_final:
            assert state == RunState.DONE, engine.since(run_id)[-1]
            return
        time.sleep(0.5)
    raise AssertionError("the run never ended")
