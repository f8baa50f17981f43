"""The queue and the buttons of a run that goes on, in a real browser, with a model that is really trained."""

import re
import time

import pytest

from core.events import RunState, StepTaken
from tests.e2e.viewer import go, says
from tests.e2e.waiting import looking_into, until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture
def engine(tmp_path):
    """A look into the home of the dashboard; it begins nothing itself."""
    with looking_into(tmp_path / "home") as engine:
        yield engine


def plan_of(engine, **changed):
    choice = engine.choose(engine.open_data("legal_clauses"))
    engine.save_draft({"data": choice.model_dump(mode="json"), "model": "starter"})
    plan = engine.advise(choice, "starter").plan.model_dump(mode="json")
    return plan | {"epochs": 50, "patience": 50, "batch_size": 2} | changed


def queued(engine, name, seed, **changed):
    return engine.store.add_run(plan_of(engine, seed=seed, name=name, **changed), name).run_id


def last_step(engine, run_id):
    taken = engine.store.last(run_id, StepTaken)
    return taken.step if taken else 0


def order(page):
    return re.findall(r"^(.*?)\s+waits", page.inner_text("#ft-queue-line"), flags=re.MULTILINE)


def test_runs_are_started_reordered_and_paused(look, serve, engine, tmp_path):
    first = queued(engine, "The first", 1)
    served = serve(tmp_path / "home")
    until(lambda: last_step(engine, first))
    page = look.tab(f"{served.url}/?step=2")
    page.wait_for_selector("#ft-start:enabled")
    page.click("#ft-start", no_wait_after=True)
    page.wait_for_selector("#ft-step-3.ft-here")
    says(page, "Waiting behind 1 run")
    queued(engine, "The <b>third</b>", 3)
    go(page, 6)
    says(page, "2 runs wait")
    says(page, "2 waiting", "#ft-header")
    assert [name.strip() for name in order(page)][1:] == ["The <b>third</b>"]
    page.click("#ft-waiting input")
    page.click("text=2. The <b>third</b>")
    page.click("#ft-queue-up")
    until(lambda: order(page)[:1] == ["The <b>third</b>"])
    assert engine.queue.waiting()[0].name == "The <b>third</b>"
    page.click("#ft-queue-pause")
    says(page, "The queue is paused")
    page.click("#ft-queue-out")
    says(page, "1 run waits")

    page.goto(f"{served.url}/?run={first}&step=3")
    page.wait_for_selector("#ft-pause:visible")
    page.click("#ft-pause")
    says(page, "Paused at step")
    until(lambda: engine.run(first).row.state is RunState.PAUSED)
    page.click("#ft-save")
    page.wait_for_selector("#ft-pause:has-text('Go on')")
    page.click("#ft-pause")
    before = last_step(engine, first)
    until(lambda: last_step(engine, first) > before + 2)
    page.click("#ft-free")
    says(page, "It holds no memory")
    held = engine.queue.place_of(first)
    assert held.job.held
    page.click("#ft-pause")
    says(page, "until the queue goes on")
    engine.queue.go_on()
    until(lambda: last_step(engine, first) > before + 4)
    page.click("#ft-stop-now")
    says(page, "Stopped at step")
    assert look.foreign == []


def test_a_run_is_given_the_time_from_which_on_it_may_begin(look, serve, engine, tmp_path):
    plan_of(engine)
    page = look.tab(f"{serve(tmp_path / 'home').url}/?step=2")
    page.wait_for_selector("#ft-start:enabled")
    page.fill("#ft-begin input, #ft-begin textarea", "25:99")
    page.click("#ft-start")
    says(page, "'25:99' is no time such as 22:30", "body")
    assert engine.store.runs() == []
    page.fill("#ft-begin input, #ft-begin textarea", "2061-07-28 22:30")
    page.click("#ft-start")
    says(page, "Waiting until")
    (job,) = engine.store.waiting()
    assert time.strftime("%Y-%m-%d %H:%M", time.localtime(job.not_before)) == "2061-07-28 22:30"
