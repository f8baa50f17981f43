"""How long the page takes to answer while a million rows are checked, beside how long it takes at rest."""

import contextlib
import json
import statistics
import time
import uuid
from collections.abc import Sequence

import httpx
import psutil
import pytest

from core.dataset.splits.kept import forget_kept
from core.engine import Engine
from tests.benchmarks.test_big_file import make
from tests.e2e.served import Served

ROUNDS = 3
SAMPLES = 60
PAUSE = 0.1
MOST = 1.0
"""Seconds that the page may take while a check goes on, in 95 of 100 cases."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "home").mkdir()
    make(folder / "big.jsonl")
    engine = Engine(folder / "home")
    opened = engine.library.begin_open([folder / "big.jsonl"]).answer(300)
    (folder / "big.jsonl").unlink()
    engine.close()
    dashboard = Served(folder / "home")
    dashboard.choice = opened.choice
    yield dashboard
    dashboard.end()


class Page:
    """What an open page asks of the dashboard."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.config = client.get("/config").json()

    def of(self, trigger: str, elem_id: str = "") -> list[int]:
        """Functions without input that are run by `trigger` of the component with this id, or of the page."""
        ids = {one["id"] for one in self.config["components"] if one["props"].get("elem_id") == elem_id}
        return [
            function["id"]
            for function in self.config["dependencies"]
            if function["backend_fn"]
            and not function["inputs"]
            and any(event == trigger and (not elem_id or target in ids) for target, event in function["targets"])
        ]

    def run(self, number: int, data: Sequence[object] = (), session: str = "") -> None:
        """Run a function and wait for its end."""
        session = session or uuid.uuid4().hex[:10]
        asked = {"fn_index": number, "data": list(data), "session_hash": session}
        assert self.client.post("/gradio_api/queue/join", json=asked).status_code == 200
        with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data: ") and json.loads(line[6:])["msg"] == "process_completed":
                    return


def taken(work) -> float:
    began = time.perf_counter()
    work()
    time.sleep(PAUSE)
    return time.perf_counter() - began - PAUSE


def is_checking(process: psutil.Process) -> bool:
    for child in process.children():
        with contextlib.suppress(psutil.Error):  # it just ended
            if "core.job.inquiry_worker" in " ".join(child.cmdline()):
                return True
    return False


def sampled(page: Page, step: int, going) -> dict[str, list[float]]:
    """Seconds of the page and of a trivial event, as long as `going` says so."""
    seconds: dict[str, list[float]] = {"GET /": [], "an event": []}
    while len(seconds["an event"]) < SAMPLES and going():
        seconds["GET /"].append(taken(lambda: page.client.get("/").raise_for_status()))
        seconds["an event"].append(taken(lambda: page.run(step)))
    return seconds


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.95 * (len(seconds) - 1))]


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
def test_the_page_answers_while_a_million_rows_are_checked(served):
    process = psutil.Process(served.process.pid)
    engine = Engine(served.home)
    idle, busy, mib = [], [], []
    with served.client() as client:
        page = Page(client)
        (step,) = page.of("click", "ft-step-1")
        page.run(step)
        for number in range(ROUNDS):
            idle.append(sampled(page, step, lambda: True))
            forget_kept([served.choice.source], served.home)
            # Another instruction makes it another reading, which nobody checked yet.
            choice = served.choice.model_copy(update={"instruction": f"Read it, for the time no. {number}."})
            engine.save_draft(engine.draft() | {"data": choice.model_dump(mode="json")})
            for look in page.of("tick"):
                page.run(look)
            assert is_checking(process)
            busy.append(sampled(page, step, lambda: is_checking(process)))
            while is_checking(process):
                time.sleep(0.1)
            mib.append(process.memory_info().rss / 2**20)
    engine.close()
    for what in idle[0]:
        rest, checking = [p95(one[what]) for one in idle], [p95(one[what]) for one in busy]
        ratios = [during / before for before, during in zip(rest, checking, strict=True)]
        print(
            f"{what}: p95 at rest {1000 * statistics.median(rest):.0f} ms, while checking "
            f"{1000 * statistics.median(checking):.0f} ms [{1000 * min(checking):.0f}-{1000 * max(checking):.0f}], "
            f"ratio {statistics.median(ratios):.1f}, n={ROUNDS} rounds of up to {SAMPLES}; server {max(mib):,.0f} MiB"
        )
        assert statistics.median(checking) < MOST
