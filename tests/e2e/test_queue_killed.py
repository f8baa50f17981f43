"""A dashboard that is killed while runs wait: the next one goes on with them."""

import signal

import pytest

from core.engine import Engine
from core.events import RunState, StateChanged, StepTaken
from tests.e2e.served import Served
from tests.e2e.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_killed_dashboard_loses_no_run_and_the_next_one_begins_those_that_wait(tmp_path):
    home = tmp_path / "home"
    rows = tmp_path / "colours.csv"
    colours = ("red", "green", "blue")
    lines = [f"the {colours[n % 3]} fruit of tree {n},{colours[n % 3]}" for n in range(60)]
    rows.write_text("text,label\n" + "\n".join(lines) + "\n")
    engine = Engine(home)
    store = engine.store
    plan = engine.advise(engine.choose(engine.open_data(rows)), "starter").plan.model_dump(mode="json")
    long, *short = (store.add_run(plan | {"epochs": e, "patience": 50}, f"{e} epochs") for e in (50, 1, 2))
    served = Served(home)
    until(lambda: store.tail(long.id, StepTaken, 1))
    served.end(signal.SIGKILL)
    before = store.tail(long.id, StepTaken, 1)[0].step
    until(lambda: store.tail(long.id, StepTaken, 1)[0].step > before)
    assert [job.id for job in store.waiting()] == [job.id for job in short]
    served = Served(home)
    try:
        engine.control.stop(long.run_id)
        until(lambda: not store.unfinished())
    finally:
        for job in store.unfinished():
            store.request_stop(job.id, "now")
        until(lambda: not store.unfinished(), 60)
        served.end()
    assert [store.job(job.id).state for job in (long, *short)] == [RunState.STOPPED, RunState.DONE, RunState.DONE]
    for job in short:
        begun = [event for event in store.tail(job.id, StateChanged, 20) if event.state is RunState.PREPARING]
        assert len(begun) == 1
    engine.close()
