"""Every tuning method either trains a classification head, or refuses it with its reason before anything loads."""

import threading

import pytest
import torch

from core.backend.model import load_tuned
from core.backend.train import TrainTask, train
from core.dataset.choice import DataChoice
from core.dataset.example import Example, Split, Turn
from core.errors import SettingsError
from core.events import Validated
from core.strategy.complete_plan import complete_plan
from core.strategy.methods import METHODS
from tests.unit.export.tuned_runs import make_tokenizer
from tests.unit.shapes import save_shape

DATA = DataChoice(name="d", source="s", sha256="0" * 64, format="labelled_text", mapping={})


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    torch.set_num_threads(1)
    return save_shape("bert", tmp_path_factory.mktemp("models") / "bert", make_tokenizer())


@pytest.mark.parametrize("name", METHODS)
def test_a_method_trains_a_head_or_says_why_not_before_anything_loads(name, encoder, tmp_path, monkeypatch):
    raw = {"data": DATA.model_dump(), "model": str(encoder), "method": name, "head": "class", "epochs": 1}
    if not METHODS[name].heads:
        monkeypatch.setattr("core.backend.train.load_for", pytest.fail)
        with pytest.raises(SettingsError) as caught:
            complete_plan(raw)
        assert METHODS[name].title in caught.value.problems["method"]
        return
    words = ("red", "green")
    rows = [Example(at, (Turn("user", f"{words[at % 2]} {at}"),), words[at % 2], words[at % 2]) for at in range(16)]
    monkeypatch.setattr("core.backend.train.load", lambda choice, home, seed: Split(rows[:10], rows[10:], ()))
    plan = complete_plan(raw | {"max_length": 32, "precision": "fp32"})
    said = []
    train(TrainTask(plan, tmp_path, tmp_path / "run"), said.append, threading.Event())
    assert any(isinstance(event, Validated) and event.best for event in said)
    assert load_tuned(plan, tmp_path / "run").labels == ("green", "red")
