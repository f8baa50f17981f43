"""The queue from the command line: a second run waits, says so, and begins by itself."""

import json
import os
import signal
import subprocess
import sys

import pytest

from core.store.store import Store
from tests.e2e.served import ROOT, run_app, the_rest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PLAN = ("--model", "starter", "--method", "lora", "--set", "rank=4")
ENDLESS = (*PLAN, "--set", "epochs=100", "--set", "patience=50", "--set", "batch_size=1")


def begin(home, rows, *words):
    return subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "train", str(rows), *words, "--home", str(home), "--json"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def home(tmp_path):
    yield tmp_path / "home"
    store = Store(tmp_path / "home")
    for job in store.unfinished():
        store.request_stop(job.id)


def test_a_second_run_waits_says_so_and_begins_when_the_first_is_stopped(home, tmp_path):
    rows = tmp_path / "fruit.csv"
    texts = [f"a {colour} fruit from tree {number},{colour}" for number, colour in enumerate(("red", "blue") * 24)]
    rows.write_text("text,label\n" + "\n".join(texts) + "\n")
    with begin(home, rows, *ENDLESS) as first, begin_after(first, home, rows, *PLAN, "--set", "epochs=1") as second:
        run = json.loads(second.stdout.readline())["run"]
        assert f"Run {run} waits behind 1 run." in second.stderr.readline()
        twin = run_app(home, "train", str(rows), *PLAN, "--set", "epochs=1", "--json")
        assert twin.returncode == 2
        assert "already running or waiting" in json.loads(twin.stdout)["error"]["what"]
        queue = json.loads(run_app(home, "queue", "--pause", "--json").stdout)
        assert (queue["paused"], [each["run"] for each in queue["waiting"]]) == (True, [run])
        assert json.loads(run_app(home, "runs", "--json").stdout)["runs"][0]["place"] == 1
        running = json.loads(run_app(home, "runs", "--json").stdout)["runs"][1]["id"]
        assert json.loads(run_app(home, "pause", running, "--json").stdout) == {"run": running, "state": "PAUSED"}
        assert "saves a checkpoint" in run_app(home, "save", running).stdout
        first.send_signal(signal.SIGINT)
        assert json.loads(the_rest(first)[0].splitlines()[-1])["state"] == "STOPPED"
        assert run in run_app(home, "queue").stdout
        assert "goes on" in run_app(home, "queue", "--go-on").stderr
        last = json.loads(the_rest(second)[0].splitlines()[-1])
    assert (last["run"], last["state"]) == (run, "DONE")
    assert run_app(home, "queue").stdout == "Nothing waits.\n"
    refused = run_app(home, "queue", "--first", run, "--json")
    assert refused.returncode == 2
    assert "does not wait" in json.loads(refused.stdout)["error"]["what"]


def begin_after(first, home, rows, *words):
    for line in first.stdout:
        if json.loads(line)["event"] == "step_taken":
            break
    return begin(home, rows, *words)


def test_how_many_runs_may_be_at_work_together_is_said_and_kept(home):
    told = run_app(home, "queue", "--at-once", "2", "--room", "5")
    assert "Up to 2 runs are at work at once, as far as their forecasts fit into 5 GiB of memory." in told.stderr
    known = json.loads(run_app(home, "queue", "--room", "0", "--json").stdout)
    assert (known["at_once"], known["room_gib"]) == (2, None)
    assert "One run is at work at a time." in run_app(home, "queue", "--at-once", "1").stderr
    refused = run_app(home, "queue", "--at-once", "0", "--json")
    assert refused.returncode == 2
    assert "at_once" in json.loads(refused.stdout)["error"]["problems"]
