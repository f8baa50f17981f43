"""The engine's side of the playground: real processes, and a run that was really trained."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from core.backend.train import TrainTask, train
from core.engine import Engine
from core.errors import BusyError, DataError, MachineError, ModelError, NotFoundError, SettingsError, UserError
from core.events import RunState, StateChanged
from core.job.playground import playground as door
from core.job.playground.question import Question
from core.strategy.drawing import Drawing, read_drawing
from tests.unit.export.tuned_runs import rows, tiny_model

__all__ = ["tiny_model"]

pytestmark = pytest.mark.timeout(600)
SHORT = Drawing(most_tokens=24)
LONG = Drawing(most_tokens=200, temperature=1.0, repetition_penalty=1.0)


@pytest.fixture(scope="module")
def home(tmp_path_factory, tiny_model):
    """A home with a run that was really trained, on labels."""
    home = tmp_path_factory.mktemp("played") / "home"
    file = home.parent / "colours.csv"
    file.write_text("text,label\n" + "\n".join(f'"{text}",{label}' for text, label in rows()), encoding="utf-8")
    engine = Engine(home, launcher="thread")
    choice = engine.choose(engine.open_data(file))
    raw = engine.advise(choice, str(tiny_model)).plan.model_dump()
    raw |= {"method": "lora", "options": {"rank": 4}, "epochs": 4, "learning_rate": 1e-2, "precision": "fp32"}
    plan = engine.read_plan(raw)
    job = engine.store.add_run(plan.model_dump(mode="json"), "colours")
    folder = engine.store.run_folder(job.run_id)
    train(TrainTask(plan, home, folder, resume=False), lambda _: None, threading.Event())
    for state in (RunState.PREPARING, RunState.TRAINING, RunState.EVALUATING, RunState.DONE):
        engine.store.append(job.id, StateChanged(state=state))
    engine.close()
    return home


@pytest.fixture
def engine(home):
    engine = Engine(home, launcher="thread")
    yield engine
    engine.close()


@pytest.fixture
def run_id(engine):
    return engine.runs()[-1].row.id


def settled(engine, run_id, until=lambda standing: standing.is_over, seconds=200):
    end = time.monotonic() + seconds
    while not until(standing := engine.playground.standing(run_id)):
        assert time.monotonic() < end, standing
        time.sleep(0.02)
    return standing


def ask(engine, run_id, text="It is red.", **values):
    engine.playground.ask(Question(run_id=run_id, text=text, **({"drawing": SHORT} | values)))
    return settled(engine, run_id)


def children():
    found = set()
    for one in psutil.Process().children():
        with contextlib.suppress(psutil.Error):  # it is just ending
            if any("playground" in word for word in one.cmdline()):
                found.add(one.pid)
    return found


def test_both_models_answer_and_stay_loaded_for_the_next_question(engine, run_id):
    held = engine.playground.ground(run_id).held_out(1)
    first = ask(engine, run_id, held.text, place=1)
    assert first.error is None
    assert first.asked.reference == held.reference
    assert set(first.sides) == set(first.shares) == {"base", "tuned"}
    assert all(side.how in {"itself", "longest", "circles"} and side.seconds > 0 for side in first.sides.values())
    assert sum(first.shares["tuned"]) == pytest.approx(1)
    assert first.labels == ("blue", "green", "red")
    assert first.step > 0
    assert first.prompt.tokens == first.prompt.whole
    processes = children()
    assert len(processes) == 1
    second = ask(engine, run_id, "Something else.")
    assert second.asked.reference is None
    assert second.number > first.number
    assert children() == processes
    assert engine.playground.holds == run_id
    only = ask(engine, run_id, weights="base")
    assert set(only.sides) == {"base"}
    assert not children() & processes
    newest = next(one for one in engine.playground.weights(run_id) if one.name.startswith("checkpoint-"))
    assert ask(engine, run_id, weights=newest.name).step == newest.step
    engine.playground.leave()
    assert engine.playground.holds == ""
    assert children() == set()


def test_a_held_out_row_is_asked_as_it_is_and_other_words_behind_the_same_instruction(engine, run_id):
    ground = engine.playground.ground(run_id)
    plan = engine.run(run_id).plan
    split = engine.split(plan.data, plan.seed)
    held = ground.held_out(2)
    assert held.turns == split.test[1].turns
    assert ground.held_out(2 + len(split.test)) == held
    asked = ground.asked(Question(run_id=run_id, text=held.text, place=2))
    assert (asked.turns, asked.reference, asked.row) == (split.test[1].turns, split.test[1].answer, split.test[1].row)
    other = ground.asked(Question(run_id=run_id, text=held.text + "!", place=2))
    assert other.reference is None
    assert other.turns[-1].content == f"{plan.data.instruction}\n\n{held.text}!"


def test_a_second_question_waits_for_nobody_and_a_stop_ends_the_first(engine, run_id):
    engine.playground.ask(Question(run_id=run_id, text="x", drawing=LONG))
    with pytest.raises(BusyError, match="Another answer"):
        engine.playground.ask(Question(run_id=run_id, text="y"))
    engine.playground.stop()  # while it is loaded
    assert settled(engine, run_id).was_stopped
    ask(engine, run_id)
    process = children()
    engine.playground.ask(Question(run_id=run_id, text="x", drawing=LONG))
    engine.playground.stop()
    engine.playground.stop()
    standing = settled(engine, run_id)
    assert standing.was_stopped
    assert standing.error is None
    assert all(side.how != "longest" for side in standing.sides.values())
    assert children() == process, "the models stay"
    assert ask(engine, run_id).error is None


def test_what_cannot_be_asked_is_said_in_words(engine, run_id, monkeypatch):
    playground = engine.playground
    with pytest.raises(NotFoundError):
        playground.ask(Question(run_id="rnothing", text="x"))
    with pytest.raises(UserError, match="no prompt yet"):
        playground.ask(Question(run_id=run_id, text=" \n"))
    with pytest.raises(NotFoundError, match="not there any more"):
        playground.ask(Question(run_id=run_id, text="x", weights="checkpoint-../../best"))
    long = ask(engine, run_id, "word " * 4000, drawing=Drawing(shorten=False, most_tokens=24))
    assert isinstance(long.error, DataError)
    assert "the model can hold 256" in long.error.what
    assert ask(engine, run_id).error is None, "and the next question is answered"
    playground.leave()
    monkeypatch.setattr(door, "refuse_unfit", lambda *_: (_ for _ in ()).throw(MachineError("too little", "wait")))
    with pytest.raises(MachineError, match="too little"):
        playground.ask(Question(run_id=run_id, text="x"))


def test_a_run_whose_model_or_weights_are_gone_says_what_is_missing(engine, run_id, tiny_model, tmp_path):
    plan = engine.run(run_id).plan
    moved = shutil.copytree(tiny_model, tmp_path / "moved")
    raw = plan.model_copy(update={"model": str(moved)}).model_dump(mode="json")
    bare = engine.store.add_run(raw, "bare").run_id
    with pytest.raises(NotFoundError, match="no weights yet"):
        engine.playground.ask(Question(run_id=bare, text="x"))
    shutil.copytree(engine.store.run_folder(run_id) / "best", engine.store.run_folder(bare) / "best")
    shutil.rmtree(moved)
    with pytest.raises(ModelError, match="There is no model folder at"):
        engine.playground.ask(Question(run_id=bare, text="x"))
    weights = engine.store.run_folder(bare) / "best" / "adapter_model.safetensors"
    shutil.copytree(tiny_model, moved)
    weights.write_bytes(weights.read_bytes()[:-1])
    standing = ask(engine, bare)
    assert "adapter_model.safetensors has changed since it was written" in standing.error.what
    engine.store.request_stop(engine.store.latest(bare, "train").id)
    engine.delete(bare)
    with pytest.raises(NotFoundError):
        engine.playground.ask(Question(run_id=bare, text="x"))


def test_rows_whose_data_are_gone_come_from_the_scores_or_say_what_is_wrong(engine, run_id, monkeypatch):
    def gone(choice, seed):
        raise DataError("The data are gone.", "Take them in again.")

    playground = door.Playground(engine.store, gone)
    ground = playground.ground(run_id)
    with pytest.raises(DataError, match="are gone"):
        ground.held_out(1)
    assert ground.asked(Question(run_id=run_id, text="x", place=3)).reference is None


def test_models_that_nobody_asks_are_let_go_and_loaded_again(engine, run_id):
    engine.playground._idle = 0.5
    assert ask(engine, run_id).error is None
    settled(engine, run_id, until=lambda _: not children() and not engine.playground.holds)
    assert ask(engine, run_id).error is None


def test_a_process_that_is_killed_is_reported_and_the_next_question_starts_another(engine, run_id):
    ask(engine, run_id)
    engine.playground.ask(Question(run_id=run_id, text="x", drawing=LONG))
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    standing = settled(engine, run_id)
    assert "was ended by the system" in standing.error.what
    assert ask(engine, run_id).error is None


def test_the_models_make_room_for_a_run_that_begins(engine, run_id):
    ask(engine, run_id)
    assert children()
    plan = engine.run(run_id).plan
    job = engine.store.add_run(plan.model_dump(mode="json"), "next")
    engine.store.append(job.id, StateChanged(state=RunState.PREPARING))
    settled(engine, run_id, until=lambda _: not children())
    beside = ask(engine, run_id)
    assert "A run is going on" in beside.caution
    assert beside.error is None
    engine.store.append(job.id, StateChanged(state=RunState.FAILED))


def test_the_models_end_with_the_program_that_loaded_them(home, run_id):
    code = f"""
import os, pathlib, signal, sys, time
from core.engine import Engine
from core.job.playground.question import Question
engine = Engine(pathlib.Path({str(home)!r}))
engine.playground.ask(Question(run_id={run_id!r}, text="x"))
while not engine.playground.standing({run_id!r}).is_over: time.sleep(0.05)
print(engine.playground._session._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    pid = int(done.stdout)
    end = time.monotonic() + 60
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_prompts_are_kept_under_their_names_for_everybody(engine, home):
    saved, before = engine.playground.saved, engine.playground.stamp
    assert saved.save("  the  <b>first</b> ", "a prompt\nof two lines") == "the <b>first</b>"
    saved.save("second", "b")
    saved.save("second", "c")
    assert engine.playground.stamp != before
    other = Engine(home)
    assert other.playground.saved.all == {"second": "c", "the <b>first</b>": "a prompt\nof two lines"}
    other.close()
    with pytest.raises(SettingsError) as caught:
        saved.save(" ", "x" * 20_001)
    assert set(caught.value.problems) == {"name", "prompt"}
    saved.delete("second")
    for act in (saved.delete, saved.get):
        with pytest.raises(NotFoundError):
            act("second")
    saved.delete("the <b>first</b>")


def test_wrong_settings_of_an_answer_are_told_all_at_once():
    with pytest.raises(SettingsError) as caught:
        read_drawing(
            {"temperature": -1, "top_p": 0, "top_k": None, "repetition_penalty": 0.5, "most_tokens": 10**6, "x": 1}
        )
    assert set(caught.value.problems) == {"temperature", "top_p", "top_k", "repetition_penalty", "most_tokens", "x"}
    assert caught.value.problems["repetition_penalty"].startswith("below 1 it would reward repetition")
    assert read_drawing({}).is_greedy
