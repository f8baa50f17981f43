"""Real runs side by side on the processor: each in its worker, none disturbs another, and what does not fit waits."""

import hashlib
import os
import signal

import pytest

from core.events import Accompanied, RunState, StateChanged, StepTaken
from tests.e2e.waiting import looking_into, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@pytest.fixture
def engine(tmp_path, monkeypatch):
    # Else each run measures how many threads are fastest, which is fewer beside another, and other bits.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with looking_into(tmp_path / "home") as engine:
        yield engine


@pytest.fixture
def plan(engine, tmp_path):
    rows = tmp_path / "colours.csv"
    colours = ("red", "green", "blue")
    lines = [f"the {colours[n % 3]} fruit of tree {n},{colours[n % 3]}" for n in range(60)]
    rows.write_text("text,label\n" + "\n".join(lines) + "\n")
    choice = engine.choose(engine.open_data(rows))
    plan = engine.advise(choice, "starter").plan
    return plan.model_copy(update={"batch_size": 2, "forgetting_check": False})


def endless(engine, plan, seed):
    return engine.start(plan.model_copy(update={"epochs": 100, "patience": 50, "seed": seed}))


def step(engine, run_id):
    taken = engine.store.last(run_id, StepTaken)
    return taken.step if taken else 0


def state(engine, run_id):
    return engine.run(run_id).row.state


def weights(engine, run_id):
    return hashlib.sha256((engine.store.run_folder(run_id) / "best" / "adapter_model.safetensors").read_bytes())


def test_three_runs_share_two_places_and_the_stated_memory_and_none_disturbs_another(engine, plan):
    high = engine.forecast(plan).high_gib
    engine.queue.allow(3, 2.5 * high)
    first, second, third = (endless(engine, plan, seed) for seed in (1, 2, 3))
    until(lambda: step(engine, first) and step(engine, second))
    workers = [engine.store.latest(run, "train").worker for run in (first, second)]
    assert all(worker.is_alive for worker in workers)
    assert workers[0] != workers[1]
    waiting = until(lambda: (found := engine.queue.place_of(third)) and found.lack and found)
    free = 2.5 * high - 2 * high
    assert waiting.told.startswith(f"for memory: it needs about {high:.1f} GiB, and {free:.1f} GiB are free beside '")
    assert engine.store.last(second, Accompanied).run == first

    os.kill(workers[0].pid, signal.SIGKILL)
    until(lambda: state(engine, first) is RunState.LOST)
    before = step(engine, second)
    until(lambda: step(engine, second) > before and step(engine, third))
    assert workers[1].is_alive
    assert {job.run_id for job in engine.store.at_work()} == {second, third}

    engine.stop(third)
    until(lambda: state(engine, third) is RunState.STOPPED)
    before = step(engine, second)
    until(lambda: step(engine, second) > before)
    engine.stop(second)
    until(lambda: state(engine, second) is RunState.STOPPED)
    resumed = engine.resume(first)
    until(lambda: engine.store.job(resumed.id).state in {RunState.TRAINING, RunState.FAILED})
    assert engine.store.tail(resumed.id, StateChanged, 1)[0].state is RunState.TRAINING


def test_a_run_beside_another_comes_to_the_same_weights_as_alone(engine, plan):
    short = plan.model_copy(update={"epochs": 1, "seed": 11})
    engine.queue.allow(2)
    other = endless(engine, plan, 1)
    until(lambda: step(engine, other))
    beside = engine.start(short)
    until(lambda: state(engine, beside).is_final)
    assert state(engine, other) is RunState.TRAINING
    engine.stop(other)
    until(lambda: not engine.store.unfinished())
    alone = engine.start(short)
    until(lambda: state(engine, alone).is_final)
    assert state(engine, beside) is state(engine, alone) is RunState.DONE
    assert engine.store.last(beside, Accompanied).run == other
    assert engine.store.last(alone, Accompanied) is None
    assert weights(engine, beside).hexdigest() == weights(engine, alone).hexdigest()
    told = engine.time_forecast(short)
    assert told is not None, "the run that was alone tells how long such a plan takes"
