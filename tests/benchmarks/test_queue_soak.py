"""A long queue of short runs through one dashboard's engine: what it holds at the start is what it holds at the end.

`FEWTUNE_SOAK_RUNS` sets how many; 500 take some hours on two cores.
"""

import os
import time

import psutil
import pytest

from core.engine import Engine
from core.events import RunState, StateChanged

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(0)]

RUNS = int(os.environ.get("FEWTUNE_SOAK_RUNS", "500"))
SETTLED = 3
"""Runs after which caches are filled: what grows from then on is a leak."""
ROWS = 60


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "colours.csv"
    colours = ("red", "green", "blue")
    lines = [f"the {colours[n % 3]} fruit of tree {n},{colours[n % 3]}" for n in range(ROWS)]
    path.write_text("text,label\n" + "\n".join(lines) + "\n")
    return path


def held():
    """What this process holds: memory (MiB), file handles, threads, children that live."""
    me = psutil.Process()
    children = [child for child in me.children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
    zombies = len(me.children(recursive=True)) - len(children)
    return {
        "memory_mib": round(me.memory_info().rss / 2**20, 1),
        "handles": me.num_fds(),
        "threads": me.num_threads(),
        "children": len(children),
        "zombies": zombies,
    }


def test_a_long_queue_leaves_nothing_behind(tmp_path, rows):
    engine = Engine(tmp_path / "home")
    choice = engine.choose(engine.open_data(rows))
    plan = engine.advise(choice, "starter").plan.model_copy(
        update={"epochs": 1, "method": "lora", "options": {"rank": 2}}
    )
    began, jobs = time.monotonic(), []
    for seed in range(RUNS):
        run_id = engine.start(
            plan.model_copy(update={"seed": plan.seed, "name": f"run {seed}", "weight_decay": seed * 1e-6})
        )
        jobs.append(engine.store.latest(run_id, "train"))
    print(f"\n{RUNS} runs queued in {time.monotonic() - began:.1f} s: {held()}")
    seen, done = {}, 0
    while engine.store.unfinished():
        finished = RUNS - len(engine.store.unfinished())
        if finished > done:
            done = finished
            if done in {min(SETTLED, RUNS - 1), RUNS // 2}:
                seen[done] = held()
                print(f"after {done}: {seen[done]}, {time.monotonic() - began:.0f} s")
        time.sleep(0.5)
    until = time.monotonic() + 30
    while (held()["children"] or held()["zombies"]) and time.monotonic() < until:
        time.sleep(0.2)
    end, settled = held(), seen.get(min(SETTLED, RUNS - 1), held())
    print(f"at the end: {end}, {(time.monotonic() - began) / RUNS:.1f} s per run")
    ends = {job.id: engine.store.tail(job.id, StateChanged, 1)[0] for job in jobs}
    assert [end for end in ends.values() if end.state is not RunState.DONE] == []
    begun = [next(record.seq for record in engine.since(job.run_id) if _begins(record.event)) for job in jobs]
    assert begun == sorted(begun), "in the order in which they were queued"
    assert (end["children"], end["zombies"]) == (0, 0)
    assert end["threads"] <= settled["threads"] + 1
    assert end["handles"] <= settled["handles"] + 4
    assert end["memory_mib"] <= settled["memory_mib"] + 20 + 0.05 * RUNS
    engine.close()


def _begins(event):
    return isinstance(event, StateChanged) and event.state is RunState.PREPARING
