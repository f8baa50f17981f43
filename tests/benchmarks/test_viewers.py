"""What five open training pages cost a run, beside the same run with nobody looking, in turns.

Each viewer asks for what a tab asks for, at the page's own pace; no browser draws it, as viewers sit elsewhere.
"""

import statistics
import threading
import time
import uuid

import pytest

from core.engine import Engine
from core.events import StepTaken
from tests.benchmarks.test_page_while_checking import Page
from tests.e2e.served import Served

VIEWERS = 5
ROUNDS = 6
SECONDS = 20.0
"""Of one turn."""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A dashboard and a run that lasts longer than the benchmark."""
    home = tmp_path_factory.mktemp("viewers") / "home"
    engine = Engine(home)
    choice = engine.choose(engine.open_data("legal_clauses"))
    plan = engine.advise(choice, "starter").plan.model_dump(mode="json") | {"epochs": 100, "patience": 50}
    run_id = engine.store.add_run(plan, "watched").run_id
    dashboard = Served(home)
    until = time.monotonic() + 300
    while (taken := engine.store.last(run_id, StepTaken)) is None or taken.step < 10:
        assert time.monotonic() < until
        time.sleep(0.5)
    yield dashboard, engine, run_id
    for job in engine.store.unfinished():
        engine.store.request_stop(job.id, "now")
    dashboard.end()
    engine.close()


class Viewer(threading.Thread):
    """A tab on the training page."""

    def __init__(self, served: Served, ending: threading.Event) -> None:
        super().__init__(daemon=True)
        self.client = served.client()
        self.page = Page(self.client)
        self.ending = ending
        self.looks: list[float] = []
        """Seconds that the page's largest function took, each time."""
        shown = {one["id"] for one in self.page.config["components"] if one["props"].get("elem_id") == "ft-loss"}
        self.functions = self.page.config["dependencies"]
        timers = {one["id"] for one in self.page.config["components"] if one["type"] == "timer"}
        self.load = self.of(
            lambda one: any(event == "load" for _, event in one["targets"]) and len(one["outputs"]) == 4
        )
        self.tick = self.of(lambda one: any(target in timers for target, _ in one["targets"]))
        self.look = self.of(lambda one: shown & set(one["outputs"]))

    def of(self, wanted) -> dict:
        return next(one for one in self.functions if one["backend_fn"] and wanted(one))

    def run(self) -> None:
        session = uuid.uuid4().hex[:10]
        self.ask(self.load, session)
        while not self.ending.is_set():
            began = time.perf_counter()
            self.ask(self.tick, session)
            looked = time.perf_counter()
            self.ask(self.look, session)
            self.looks.append(time.perf_counter() - looked)
            self.ending.wait(max(0.0, 1.0 - (time.perf_counter() - began)))

    def ask(self, function: dict, session: str) -> None:
        # What a tab knows is kept by the server under the session's name.
        self.page.run(function["id"], [None] * len(function["inputs"]), session)


def pace(engine: Engine, run_id: str) -> float:
    """Real tokens per second of training over one turn."""
    before = engine.store.last(run_id, StepTaken)
    time.sleep(SECONDS)
    after = engine.store.last(run_id, StepTaken)
    return (after.tokens - before.tokens) / (after.seconds - before.seconds)


@pytest.mark.benchmark
@pytest.mark.timeout(1200)
def test_five_viewers_slow_a_run_by_little(running):
    served, engine, run_id = running
    ratios, looks = [], []
    for _ in range(ROUNDS):
        alone = pace(engine, run_id)
        ending = threading.Event()
        viewers = [Viewer(served, ending) for _ in range(VIEWERS)]
        for viewer in viewers:
            viewer.start()
        watched = pace(engine, run_id)
        ending.set()
        for viewer in viewers:
            viewer.join()
            looks += viewer.looks
        ratios.append(watched / alone)
        print(f"alone {alone:,.0f} tokens/s, watched {watched:,.0f}: {ratios[-1]:.3f}")
    slow = statistics.quantiles(looks, n=20)[-1]
    print(f"watched over alone: median {statistics.median(ratios):.3f}; a look: p95 {1000 * slow:.0f} ms")
    assert looks
    assert statistics.median(ratios) > 0.9
