"""What people do around a run in a real browser: zoom while it goes on, begin anew from its weights, train a head."""

import itertools
import re
import subprocess
import sys

import pytest

from core.engine import Engine
from core.evaluate.evaluation import read_evaluation
from core.events import Noted, RunState, StateChanged, StepTaken
from core.store.identity import identify
from tests.e2e.seeding import training
from tests.e2e.served import Served
from tests.e2e.viewer import says
from tests.e2e.waiting import looking_into, until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

LOSS = """() => {
    const figure = document.querySelector('#ft-loss .js-plotly-plot'), x = figure?._fullData?.[0]?.x;
    return x?.length ? {range: [...figure._fullLayout.xaxis.range], last: x[x.length - 1]} : null;
}"""
"""What the loss figure shows: the ends of its axis of steps, and the last step that is drawn."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    home = tmp_path_factory.mktemp("live") / "home"
    rows = home.parent / "colours.csv"
    colours = ("red", "green", "blue")
    lines = [f"the {colours[n % 3]} fruit of tree {n},{colours[n % 3]}" for n in range(60)]
    rows.write_text("text,label\n" + "\n".join(lines) + "\n")
    engine = Engine(home)
    choice = engine.choose(engine.open_data(rows))
    engine.save_draft({"data": choice.model_dump(mode="json"), "model": "starter"})
    engine.close()
    dashboard = Served(home)
    yield dashboard
    dashboard.end()


@pytest.fixture
def engine(served):
    """A look into the home of the dashboard; it begins nothing itself."""
    with looking_into(served.home) as engine:
        yield engine


@pytest.fixture
def worker():
    """A process that stands for the worker of a run which the test itself tells of."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    yield identify(process.pid)
    process.kill()
    process.wait()


def endless(engine, seed):
    """A run that the dashboard begins, whose steps follow each other quickly."""
    choice = engine.choose(engine.source(engine.draft()["data"]["source"]))
    plan = engine.advise(choice, "starter").plan.model_dump(mode="json")
    changed = {"epochs": 100, "patience": 50, "batch_size": 2, "seed": seed, "forgetting_check": False}
    return engine.store.add_run(plan | changed, f"Run {seed}").run_id


def last_step(engine, run_id):
    taken = engine.store.last(run_id, StepTaken)
    return taken.step if taken else 0


def zoomed_by_hand(page, whole):
    """Draw over a part of the loss figure with the mouse, until it was heard; what the figure shows then."""
    for _ in range(20):
        area = until(lambda: page.locator("#ft-loss .nsewdrag").first.bounding_box())
        middle = area["y"] + area["height"] / 2
        page.mouse.move(area["x"] + 0.2 * area["width"], middle)
        page.mouse.down()
        page.mouse.move(area["x"] + 0.5 * area["width"], middle, steps=8)
        page.mouse.up()
        page.wait_for_timeout(1000)
        if (now := page.evaluate(LOSS)) and now["range"] != whole["range"]:
            return now
    raise AssertionError("the figure cannot be zoomed")


def test_what_was_zoomed_in_on_stays_while_the_curve_grows(look, served, engine, worker):
    steps = iter([event for event in training() if not isinstance(event, Noted | StateChanged)])
    engine.queue.pause()
    run_id = endless(engine, 5)
    job = engine.store.latest(run_id, "train")
    engine.store.append(job.id, StateChanged(state=RunState.PREPARING))
    engine.store.claim(job.id, worker.pid, worker.created)
    engine.store.append(job.id, StateChanged(state=RunState.TRAINING))
    engine.queue.go_on()

    def say(count):
        """Let the run take so many steps more; the last that it took."""
        for event in itertools.islice(steps, count):
            engine.store.append(job.id, event)
        return last_step(engine, run_id)

    first = say(60)
    page = look.tab(f"{served.url}/?run={run_id}&step=3")
    whole = until(lambda: (now := page.evaluate(LOSS)) and now["last"] >= first and now)
    zoomed = zoomed_by_hand(page, whole)
    assert zoomed["range"][1] - zoomed["range"][0] < 0.5 * (whole["range"][1] - whole["range"][0])
    seen = zoomed
    for _ in range(3):
        before = seen["last"]
        while (seen := page.evaluate(LOSS)) is None or seen["last"] <= before:
            say(2)  # one more at each look: a live figure is not drawn anew at each tick
            page.wait_for_timeout(1000)
        assert until(lambda: (now := page.evaluate(LOSS)) and now["range"]) == pytest.approx(zoomed["range"])
    look.picture(page, "zoomed-while-it-trains")


def test_where_a_run_cannot_go_on_a_new_one_is_begun_from_its_weights(look, served, engine):
    engine.queue.pause()
    run_id = endless(engine, 2)
    job = engine.store.latest(run_id, "train")
    told = "learning_rate: 0.001 when it was written, 0.0005 now."
    end = StateChanged(state=RunState.FAILED, reason=told, fix="Start a new run from these weights.", cause="changed")
    for event in [*training(), end]:
        engine.store.append(job.id, event)
    (engine.store.run_folder(run_id) / "best").mkdir(parents=True)
    page = look.tab(f"{served.url}/?run={run_id}&step=3")
    says(page, told)
    page.wait_for_selector("#ft-again:visible")
    look.picture(page, "begin-from-these-weights")
    page.click("#ft-again")
    begun = until(lambda: engine.store.waiting())[0].run_id
    page.wait_for_function("run => location.search.includes(run)", arg=begun)
    says(page, "Waiting until the queue goes on")
    plan = engine.run(begun).plan
    assert plan.start_from == run_id
    assert plan.name == "Run 2, continued"
    engine.queue.take_out(begun)
    engine.queue.go_on()


def test_a_head_that_chooses_among_labels_is_trained_and_scored(look, served, engine):
    page = look.tab(f"{served.url}/?step=2")
    page.wait_for_selector("#ft-start:enabled")
    page.click("#ft-expert button")
    page.click("#setting-head input")
    page.click("[role=option]:has-text('class')")
    page.fill("#setting-epochs input[type=number]", "2")
    says(page, "2 settings differ from the advice")
    page.wait_for_selector("#ft-start:enabled")
    page.click("#ft-start", no_wait_after=True)
    page.wait_for_selector("#ft-step-3.ft-here")
    run_id = until(lambda: re.search(r"run=(\w+)", page.url)).group(1)
    assert engine.run(run_id).plan.head == "class"
    until(lambda: engine.run(run_id).row.state.is_final)
    assert engine.run(run_id).row.state is RunState.DONE
    says(page, "Trained")
    page.click("#ft-to-results")
    found = read_evaluation(engine.store.run_folder(run_id))
    says(page, f"All {len(found.rows)}")
    says(page, "Accuracy")
    labels = {"red", "green", "blue"}
    assert {row.tuned for row in found.rows} <= labels, "a head writes nothing: it chooses"
    look.picture(page, "head-scored")
    assert look.foreign == []
