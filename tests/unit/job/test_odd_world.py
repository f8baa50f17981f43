"""P12 and P14 with real workers: a full memory and a clock that jumps, in one server that goes on."""

import json
import sys
import time
from argparse import Namespace
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from core.backend.checkpoints import newest
from core.engine import Engine
from core.events import CheckpointSaved, MemoryMeasured, RunState, StateChanged, StepTaken
from core.job.earlier_runs import read_run
from core.job.launchers.process import ProcessLauncher
from ui import phrases, words
from ui.command.runs import resume
from ui.desk import Desk
from ui.pages.train import on_started_again
from ui.present import RunView, follow

WORKER = str(Path(__file__).with_name("odd_worker.py"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = Engine(tmp_path / "home")
    made._launcher = ProcessLauncher([sys.executable, WORKER])
    yield made
    for job in made.store.unfinished():
        made.store.request_stop(job.id)
    made.close()


@pytest.fixture
def plan(engine, tmp_path):
    rows = [f"a {colour} fruit from tree {n},{colour}" for n, colour in enumerate(("red", "green", "blue") * 20)]
    path = tmp_path / "fruit.csv"
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    advised = engine.advise(engine.choose(engine.open_data(path)), "starter").plan
    changed = {"method": "lora", "options": {"rank": 2}, "epochs": 2, "batch_size": 8, "accumulation": 1}
    return engine.read_plan(advised.model_dump() | changed | {"max_length": 32})


def ended(engine, run_id):
    until = time.monotonic() + 400
    while time.monotonic() < until:
        said = [r.event for r in engine.since(run_id) if isinstance(r.event, StateChanged)]
        if said and said[-1].state.is_final:
            return said[-1]
        time.sleep(0.1)
    raise AssertionError("it did not end")


def test_a_full_memory_offers_a_smaller_plan_which_runs_in_the_same_server(engine, plan, monkeypatch, capsys):
    monkeypatch.setenv("FEWTUNE_TEST_ODD", "memory")
    engine.runner  # noqa: B018 - it takes its own memory before
    before = psutil.Process().memory_info().rss
    first = engine.start(plan)
    end = ended(engine, first)
    assert (end.state, end.cause) == (RunState.FAILED, "memory")
    assert "2.50 GiB" in end.reason
    assert "Set batch size to 4 and accumulation to 2" in end.fix
    grown = psutil.Process().memory_info().rss - before
    print(f"the server holds {grown / 2**20:.1f} MiB more")
    assert grown < 50 * 2**20
    view = follow(RunView(), engine.since(first))
    assert phrases.going_on_otherwise(view, plan) == "Go on with a smaller batch"
    second = on_started_again(Desk(engine), first)
    assert ended(engine, second).state is RunState.DONE
    then = engine.run(second).plan
    assert (then.batch_size, then.accumulation, then.start_from) == (4, 2, first)
    assert engine.run(second).row.name.endswith(", continued")
    # The same from the command line, from the weights of a run that is done.
    assert resume(engine, Namespace(run=second, new=True, smaller=False, json=True)) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["state"] == "DONE"
    assert engine.run(last["run"]).plan.start_from == second


def test_a_clock_that_jumps_back_an_hour_and_on_a_day_does_no_harm(engine, plan, monkeypatch):
    monkeypatch.setenv("FEWTUNE_TEST_ODD", "clock")
    run_id = engine.start(plan)
    assert ended(engine, run_id).state is RunState.DONE
    records = engine.since(run_id)
    walls = [record.at for record in records]
    assert min(later - earlier for earlier, later in pairwise(walls)) < -3000
    assert max(later - earlier for earlier, later in pairwise(walls)) > 80000
    for kind in (StepTaken, MemoryMeasured):
        seconds = [record.event.seconds for record in records if isinstance(record.event, kind)]
        assert seconds[0] >= 0
        assert all(earlier <= later < 3000 for earlier, later in pairwise(seconds))
    saved = [r.event.step for r in records if isinstance(r.event, CheckpointSaved) and r.event.folder != "best"]
    assert newest(engine.store.run_folder(run_id))[0].name == f"checkpoint-{max(saved)}"
    view = follow(RunView(), records)
    assert 0 <= view.seconds < 3000
    assert "-" not in words.duration(view.seconds)
    row = engine.run(run_id).row
    assert words.ago(row.updated_at) == words.ago(row.created_at) == "just now"
    earlier = read_run(row, engine.store.since(run_id, kind="train"))
    # A jump must not become a day of loading in the next forecast.
    for seconds in (earlier.speed.load_seconds, earlier.speed.validation_row_seconds):
        assert seconds is None or 0 <= seconds < 3000
