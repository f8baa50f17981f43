"""`fewtune study`: what it will take, the events of its runs, what it found; stopped by Ctrl+C and gone on with."""

import json
import re
from types import SimpleNamespace

import pytest

import app
from core.study.kinds import KINDS
from ui.command import study, study_words


@pytest.fixture
def run(tmp_path, capsys):
    def perform(*words):
        code = app.main([*words, "--home", str(tmp_path / "home"), "--launcher", "thread"])
        return code, capsys.readouterr()

    return perform


@pytest.fixture
def quick(write_data, tiny_model):
    settings = ("--set", "epochs=1", "--set", "learning_rate=0.005", "--set", "precision=fp32")
    wanted = ("--kind", "rank", "--values", "2,4", "--method", "lora", "--model", str(tiny_model))
    return ("study", str(write_data()), *wanted, *settings)


def test_the_parser_knows_the_kinds():
    assert tuple(KINDS) == study_words.KINDS


def test_a_study_says_what_it_takes_then_its_runs_then_what_it_found(run, quick):
    code, said = run(*quick, "--forecast")
    assert code == 0
    assert said.out.startswith("2 runs to train.\nTime not known, because nothing like it was measured here: rank 2,")
    code, said = run(*quick, "--json")
    first, *lines, last = map(json.loads, said.out.splitlines())
    events = [line for line in lines if "run" in line]
    assert (first["study"], first["kind"], first["forecast"]["runs"]) == ("s1", "rank", 2)
    assert {event["run"] for event in events} == {it["run"] for it in last["variants"] if it["run"]}
    assert [it["label"] for it in last["variants"]] == ["Untuned", "rank 2", "rank 4"]
    assert all(it["interval"][0] <= it["score"] <= it["interval"][1] for it in last["variants"])
    assert (code, last["can_go_on"], last["metric"]) == (0, False, "accuracy")
    # The same again trains nothing; its time is known by now.
    code, said = run(*quick)
    assert code == 0
    assert "0 runs to train.\nThere already, and not trained again: rank 2, rank 4." in said.err
    assert last["finding"] in said.out
    code, said = run("study")
    assert [line.split()[0] for line in said.out.splitlines()] == ["study", "s2", "s1"]
    assert run("study", "--forget", "s2")[0] == 0
    assert run("study", "--show", "s2", "--json")[0] == 2


def test_after_each_run_but_the_last_it_is_said_what_is_left(run, quick):
    code, said = run(*quick)
    assert code == 0
    (told,) = (line for line in said.err.splitlines() if " over, " in line)
    assert re.fullmatch(r"1 of 2 runs over, (about .+|.+ to .+) left\.", told)
    assert said.err.index("rank 2: done.") < said.err.index(told) < said.err.index("rank 4: done.")
    _, said = run(*quick, "--set", "seed=11", "--json")
    (line,) = (line for line in map(json.loads, said.out.splitlines()) if "left" in line)
    left = line["left"]
    assert (line["study"], left["known"], left["unknown"], left["behind"]) == ("s2", 1, 0, False)
    assert 0 < left["seconds"][0] <= left["seconds"][1]


def test_ctrl_c_stops_the_study_and_it_can_be_gone_on_with(run, quick, monkeypatch):
    pressed = []

    def press(seconds):
        if not pressed:
            pressed.append(seconds)
            raise KeyboardInterrupt

    monkeypatch.setattr(study, "time", SimpleNamespace(sleep=press))
    code, said = run(*quick)
    assert code == 1
    assert "'fewtune study --go-on s1' goes on with it." in said.err
    code, said = run("study", "--go-on", "s1", "--json")
    last = json.loads(said.out.splitlines()[-1])
    assert code == 0
    assert [it["state"] for it in last["variants"] if it["run"]] == ["DONE", "DONE"]


def test_what_was_not_said_is_asked_for(run, write_data):
    code, said = run("study", str(write_data()), "--model", "starter")
    assert code == 2
    assert "Add --kind with one of: methods, rank, rows, augmentation, folds, seeds." in said.err
    assert run("study", "--show", "nothing")[0] == 2
