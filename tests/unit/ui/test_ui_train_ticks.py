"""What an open training page is sent at each tick: what became other, and no more."""

import csv
import json

import gradio as gr
import pytest

from core.engine import Engine
from core.events import Noted, RunState, StateChanged, StepTaken
from core.store.identity import this_process
from ui.desk import Desk
from ui.pages import train
from ui.tab import TRAIN

LOG = 13


@pytest.fixture
def running(tmp_path):
    """A desk, and a run of it that seems to be trained by another program."""
    path = tmp_path / "data.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("question", "answer"), *((f"Question {n}?", f"Answer {n}.") for n in range(60))])
    engine = Engine(tmp_path / "home")
    plan = engine.advise(engine.choose(engine.open_data(path)), "starter").plan.model_dump(mode="json")
    engine.queue.pause()
    job = engine.store.add_run(plan, "long")
    me = this_process()
    engine.store.claim(job.id, me.pid, me.created)
    states = (RunState.PREPARING, RunState.TRAINING)
    engine.store.append_all(job.id, [(0.0, StateChanged(state=state)) for state in states])
    engine.store.append_all(job.id, [(0.0, Noted(text=f"Something of note, number {n}.")) for n in range(400)])
    yield Desk(engine), engine.store, job
    engine.close()


def taken(step):
    return StepTaken(
        step=step,
        total_steps=900,
        epoch=step / 9,
        loss=1.0,
        learning_rate=1e-3,
        grad_norm=0.5,
        tokens=step,
        seconds=step,
    )


def size(answer):
    """Bytes of it, about."""
    return sum(len(value if isinstance(value, str) else json.dumps(str(value))) for value in answer[:-1])


def test_the_log_is_sent_when_it_grew_and_not_at_each_tick(running, monkeypatch):
    desk, store, job = running
    monkeypatch.setattr(train, "_FIGURE_SECONDS", 1e9)
    first = train.on_looked(desk, job.run_id, TRAIN, train.Sent())
    assert "number 399" in first[LOG]
    store.append(job.id, taken(1))
    then = train.on_looked(desk, job.run_id, TRAIN, first[-1])
    assert then[LOG] == gr.skip()
    assert size(then) < 4_000 < size(first)
    store.append(job.id, Noted(text="Something new"))
    assert "Something new" in train.on_looked(desk, job.run_id, TRAIN, then[-1])[LOG]


def test_another_run_and_a_page_that_is_loaded_anew_are_drawn_whole(running):
    desk, _, job = running
    sent = train.on_looked(desk, job.run_id, TRAIN, train.Sent())[-1]
    assert gr.skip() not in train.on_looked(desk, "", TRAIN, sent)
    assert gr.skip() not in train.on_looked(desk, job.run_id, TRAIN, train.Sent())
