"""A model of this computer writes rows in the frame that it is given, and is loaded only where it is asked."""

import json
import subprocess
import sys

import pytest

from core.augment.card import TaskCard
from core.augment.entries import Shape
from core.augment.order import Order
from core.augment.replies import read_rows
from core.augment.teachers import TEACHERS
from core.augment.teachers.local import _closed
from core.augment.teachers.teacher import Request
from core.augment.variation import Cell
from core.dataset.choice import DataChoice
from core.errors import BusyError, NotFoundError, SettingsError
from core.job.augmentations import Augmentations

LOCAL = TEACHERS["local"]


def question(shape, label=""):
    cell = Cell(cluster=0, label=label, length="short", style="plain", constraint="")
    prompt = 'Write a clause.\n{"text": "Consultant may not assign this Agreement.", "label": "Anti-Assignment"}'
    return Request(number=3, prompt=prompt, shots=(), cell=cell, shape=shape, rows=4, most_tokens=160)


@pytest.mark.slow
def test_the_starter_writes_rows_with_the_wanted_label_and_the_same_again_for_the_same_question():
    mapping = {"text": "text", "label": "label"}
    shape = Shape(format="labelled_text", mapping=mapping, instruction="", inputs=("text",), answers=("label",))
    ask = LOCAL.open(LOCAL.options(), "")
    reply = ask(question(shape, "Insurance"))
    rows = read_rows(reply.text, shape, frozenset({"Insurance"}))
    assert [row["label"] for row in rows if isinstance(row, dict)] == ["Insurance"] * 4
    assert len({row["text"] for row in rows}) > 1
    assert reply.prompt_tokens > 10
    assert 0 < reply.answer_tokens <= 160
    assert ask(question(shape, "Insurance")).text == reply.text


@pytest.mark.parametrize("text", ['All rise."}', 'All rise.", "label": "x"}', "All rise.\n{", "All rise."])
def test_a_row_ends_where_its_text_ends(text):
    assert json.loads(_closed('{"label": "a", "text": "', text, last=True)) == {"label": "a", "text": "All rise."}
    assert json.loads(_closed('{"text": "', 'He said "no" twice."}', last=True)) == {"text": 'He said "no" twice.'}


def test_a_model_that_is_not_here_is_refused_before_anything_is_loaded():
    with pytest.raises(SettingsError) as refused:
        LOCAL.open(LOCAL.options(model="/nowhere/at/all"), "")
    assert "model" in refused.value.problems
    script = "import sys; from core.augment.teachers import TEACHERS as T; T['local'].open(T['local'].options(), ''); "
    script += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_model_waits_for_the_end_of_a_run_and_an_endpoint_does_not(tmp_path):
    data = DataChoice(name="d", source="d", sha256="0", format="labelled_text", mapping={"text": "t", "label": "l"})
    card = TaskCard(description="t", family="classification", seeds=9, columns=())
    augmentations = Augmentations(tmp_path, active=lambda: "a run")
    with pytest.raises(BusyError):
        augmentations.begin_run(Order(data=data, card=card, teacher="local"), "", tmp_path / "augment" / "a")
    order = Order(data=data, card=card, teacher="openai", options={"model": "m", "url": "http://127.0.0.1:9/v1"})
    asking = augmentations.begin_try(order, "")
    with pytest.raises(NotFoundError):
        asking.answer(240)
