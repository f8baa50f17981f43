"""What Fewtune is for, from the command line: legal clauses, the starter model, two cores, no network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def fewtune(home, *words, check=True):
    """The JSON objects that one command prints."""
    command = [sys.executable, str(ROOT / "app.py"), *words, "--home", str(home), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home)
    assert not check or done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def run(home):
    """The events of one run with the recommended plan, and its last line."""
    return fewtune(home, "train", "legal_clauses", "--model", "starter")


@pytest.mark.timeout(900)
def test_the_recommended_plan_teaches_the_starter_model_the_kinds_of_clauses(run):
    last = run[-1]
    assert last["state"] == "DONE"
    accuracy = last["metrics"]["accuracy"]
    # 0.877 was measured; the rest is room for other processors, which round otherwise.
    assert accuracy["tuned"] >= 0.83
    assert accuracy["tuned"] - accuracy["base"] >= 0.60
    low, high = accuracy["interval"]
    assert 0 < low <= accuracy["tuned"] - accuracy["base"] <= high


def test_the_events_of_a_run_tell_its_whole_story(run):
    kinds = [line.get("event") for line in run[:-1]]
    assert {"state_changed", "prepared", "step_taken", "validated", "memory_measured", "evaluated"} <= set(kinds)
    assert {line["run"] for line in run} == {run[-1]["run"]}
    steps = [line["step"] for line in run if line.get("event") == "step_taken"]
    assert steps == list(range(1, len(steps) + 1))
    states = [line["state"] for line in run if line.get("event") == "state_changed"]
    assert states == ["QUEUED", "PREPARING", "TRAINING", "EVALUATING", "DONE"][-len(states) :]


def test_the_scores_can_be_asked_for_again(home, run):
    (scores,) = fewtune(home, "evaluate", run[-1]["run"])
    assert scores["rows"] == 300
    assert scores["wins"] + scores["losses"] + scores["ties"] == 300
    assert scores["metrics"] == run[-1]["metrics"]


@pytest.mark.parametrize("exporter", ["adapter", "merged"])
def test_an_export_is_the_model_that_was_scored(home, run, tmp_path, exporter):
    (exported,) = fewtune(home, "export", run[-1]["run"], "--to", exporter, "--out", str(tmp_path / exporter))
    assert exported["exporter"] == exporter
    assert exported["largest_logit_difference"] < 1e-3
    names = {path.name for path in (tmp_path / exporter).iterdir()}
    assert "tokenizer.json" in names
    assert "training_args.bin" not in names


def test_the_run_stands_in_the_list(home, run):
    listed = fewtune(home, "runs")
    assert run[-1]["run"] in json.dumps(listed)
