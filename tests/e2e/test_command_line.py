"""The whole way on the command line, with real runs of the starter model on a few short rows."""

import json
import os
import signal
import subprocess
import sys

import pytest

from tests.e2e.recorder import Recorder
from tests.e2e.served import PATIENCE, ROOT, run_app, the_rest

pytestmark = pytest.mark.timeout(900)

CANARY = "canary-51d0b7e8"
QUICK = ("--model", "starter", "--method", "lora", "--set", "epochs=1", "--set", "rank=4")
ENDLESS = (
    "--model",
    "starter",
    "--method",
    "lora",
    "--set",
    "epochs=100",
    "--set",
    "patience=50",
    "--set",
    "batch_size=1",
)
ENV = {"HF_TOKEN": f"hf_{CANARY}"}


def lines(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("command") / "home"


@pytest.fixture(scope="module")
def rows(home):
    path = home.parent / "fruit.csv"
    texts = [
        f"{number},a {colour} fruit from tree {number},{colour}"
        for number, colour in enumerate(("red", "green", "blue") * 16)
    ]
    path.write_text("id,text,label\n" + "\n".join(texts) + "\n")
    return path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return Recorder(tmp_path_factory.mktemp("recorder"))


@pytest.fixture(scope="module")
def trained(home, rows, recorded):
    """What `train --json` printed."""
    done = run_app(home, "train", str(rows), *QUICK, "--json", env=ENV | recorded.env)
    assert done.returncode == 0, done.stdout + done.stderr
    return lines(done.stdout)


@pytest.fixture(scope="module")
def run_id(trained):
    return trained[-1]["run"]


@pytest.mark.slow
def test_train_prints_its_events_one_per_line_and_last_the_scores(trained, run_id):
    *events, last = trained
    assert {event["run"] for event in events} == {run_id}
    steps = [event["step"] for event in events if event["event"] == "step_taken"]
    assert steps == list(range(1, len(steps) + 1))
    assert set(last) == {"run", "state", "metrics"}
    assert last["state"] == "DONE"
    for values in last["metrics"].values():
        assert {"base", "tuned", "interval", "p_value"} <= set(values)


@pytest.mark.slow
def test_evaluate_answers_with_the_stored_scores(home, trained, run_id):
    done = run_app(home, "evaluate", run_id, "--json")
    [scores] = lines(done.stdout)
    assert done.returncode == 0
    assert set(scores) >= {
        "rows",
        "metrics",
        "wins",
        "losses",
        "ties",
        "told",
        "rows_needed",
        "per_label",
        "reliability",
    }
    assert scores["wins"] + scores["losses"] + scores["ties"] == scores["rows"]
    assert scores["metrics"] == trained[-1]["metrics"]
    assert run_app(home, "evaluate", run_id).stdout.startswith("on ")


@pytest.mark.slow
def test_evaluate_again_scores_anew_and_finds_the_same(home, trained, run_id):
    done = run_app(home, "evaluate", run_id, "--again", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    [scores] = lines(done.stdout)
    for name, values in trained[-1]["metrics"].items():
        assert scores["metrics"][name]["tuned"] == pytest.approx(values["tuned"], rel=1e-4), name


@pytest.mark.slow
def test_export_writes_the_folder_that_it_names(home, run_id, tmp_path):
    done = run_app(home, "export", run_id, "--to", "adapter", "--out", str(tmp_path / "out"), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    [answer] = lines(done.stdout)
    assert answer["folder"] == str(tmp_path / "out")
    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()


@pytest.mark.slow
def test_runs_lists_the_run_for_programs_and_for_people(home, run_id):
    [answer] = lines(run_app(home, "runs", "--json").stdout)
    assert [run["id"] for run in answer["runs"]] == [run_id]
    assert answer["runs"][0]["state"] == "DONE"
    assert run_id in run_app(home, "runs").stdout


@pytest.mark.slow
def test_no_secret_of_the_environment_is_written_down(home, trained):
    assert trained
    assert not [path for path in home.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


@pytest.mark.slow
def test_a_run_of_the_starter_model_looks_up_no_address(trained, recorded):
    assert trained
    assert recorded.elsewhere() == set()


@pytest.mark.slow
def test_a_done_run_can_neither_be_stopped_nor_resumed_and_the_answer_says_why(home, run_id):
    for command in ("stop", "resume"):
        done = run_app(home, command, run_id, "--json")
        assert done.returncode == 2
        [answer] = lines(done.stdout)
        assert run_id in answer["error"]["what"]


@pytest.mark.slow
def test_an_unknown_form_of_export_is_answered_with_those_that_there_are(home, run_id):
    done = run_app(home, "export", run_id, "--to", "adaptor", "--json")
    assert done.returncode == 2
    assert "'adapter'" in json.loads(done.stdout)["error"]["fix"]


@pytest.fixture
def endless(home, rows, trained):
    """A run that ends when it is told to, past its first step."""
    del trained
    with subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "train", str(rows), *ENDLESS, "--home", str(home), "--json"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "step_taken":
                break
        yield process, json.loads(line)["run"]
        process.kill()


@pytest.mark.slow
def test_ctrl_c_stops_the_run_and_says_so_last(endless):
    process, run = endless
    process.send_signal(signal.SIGINT)
    out, err = the_rest(process)
    last = lines(out)[-1]
    assert (last["run"], last["state"]) == (run, "STOPPED")
    assert process.returncode == 1
    assert "Stopping" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_reader_that_goes_away_leaves_the_run_alone_and_stop_ends_it(endless, home):
    process, run = endless
    process.stdout.close()
    assert process.wait(PATIENCE) == 1
    assert "Traceback" not in process.stderr.read()
    done = run_app(home, "stop", run, "--json")
    assert lines(done.stdout) == [{"run": run, "state": "STOPPED"}]
    assert done.returncode == 0


def test_all_mistakes_in_the_settings_are_listed_at_once_and_nothing_is_begun(tmp_path):
    wrong = ("epochs=0", "rnak=4", "dropout=2", "seed=-1", "schedule=zigzag")
    words = ("--model", "starter", *(word for setting in wrong for word in ("--set", setting)))
    done = run_app(tmp_path / "home", "train", "legal_clauses", *words, "--json")
    assert done.returncode == 2
    problems = json.loads(done.stdout)["error"]["problems"]
    assert set(problems) == {"epochs", "rnak", "options.dropout", "seed", "schedule"}
    assert "'rank'" in problems["rnak"]
    assert lines(run_app(tmp_path / "home", "runs", "--json").stdout) == [{"runs": []}]


def test_an_advised_plan_can_be_kept_in_a_file_and_trained_from_it(tmp_path):
    from app import build_parser
    from core.engine import Engine
    from ui.command.train import make_plan

    done = run_app(tmp_path / "home", "advise", "legal_clauses", "--model", "starter", "--json")
    answer = json.loads(done.stdout)
    assert {"plan", "reasons", "augment", "memory", "alternatives", "cautions"} <= set(answer)
    plan_file = tmp_path / "plan.yaml"
    plan_file.write_text(done.stdout)
    engine = Engine(tmp_path / "home")
    try:
        plan = make_plan(engine, build_parser().parse_args(["train", str(plan_file), "--set", "seed=3"]))
        assert plan.model_dump(mode="json") == answer["plan"] | {"seed": 3}
        plan_file.write_text("data: legal_clauses\nmodel: starter\nmethod: lora\nepochs: 2\noptions: {rank: 4}\n")
        plan = make_plan(engine, build_parser().parse_args(["train", str(plan_file)]))
        assert (plan.data.source, plan.epochs, plan.options["rank"]) == ("legal_clauses", 2, 4)
    finally:
        engine.close()


@pytest.mark.parametrize(
    "text", ["- a\n- b\n", "data: [unclosed", "a: &x [*x]", "!!python/object/apply:os.system [id]", "", "\x00"]
)
def test_a_file_that_is_no_plan_is_refused_in_words(tmp_path, text):
    plan = tmp_path / "plan.yaml"
    plan.write_text(text)
    done = run_app(tmp_path / "home", "train", str(plan), "--json")
    assert done.returncode == 2
    assert str(plan) in json.loads(done.stdout)["error"]["what"]
    assert done.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        ("check", "nothing.csv"),
        ("advise", "legal_clauses", "--model", "no-such-folder/x"),
        ("train", "nothing"),
        ("evaluate", "r1"),
        ("export", "r1", "--to", "adapter"),
        ("stop", "r1"),
        ("resume", "r1"),
        ("runs", "--launcher", "rocket"),
    ],
)
def test_what_cannot_be_found_exits_with_2_and_one_error(tmp_path, words):
    done = run_app(tmp_path / "home", *words, "--json", env={"HF_HUB_OFFLINE": "1"})
    assert done.returncode == 2
    [answer] = lines(done.stdout)
    assert set(answer) == {"error"}
    assert answer["error"]["what"]
    assert answer["error"]["fix"]


def loaded_by(*words: str) -> set[str]:
    """The modules that a command loads, in an interpreter of its own."""
    code = f"""
import sys, app
try:
    app.main({list(words)!r})
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_a_list_of_runs_loads_neither_gradio_nor_a_training_library(tmp_path):
    heavy = {"gradio", "torch", "transformers", "peft", "trl", "pandas", "plotly", "datasets", "polars", "scipy"}
    assert heavy.isdisjoint(loaded_by("runs", "--home", str(tmp_path / "home")))


def test_help_does_not_even_load_the_engine():
    assert "core.engine" not in loaded_by("--help")


def test_a_closed_pipe_is_no_error_message(tmp_path):
    with subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "runs", "--home", str(tmp_path / "home")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        process.stdout.close()
        process.wait(PATIENCE)
        assert process.stderr.read() == ""
