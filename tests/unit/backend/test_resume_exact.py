"""P7: a run that was stopped and goes on equals one that was never stopped, bit for bit."""

import hashlib

import pytest
import torch

from core.backend import keeper, rows
from core.backend.checkpoints import newest
from core.backend.train import train
from core.events import StepTaken
from core.strategy.methods import METHODS

STOP_AT = 4
CASES = {
    "fp32 with dropout": {"options": {"dropout": 0.1}},
    "bf16": {"precision": "bf16"},
    "accumulation 3": {"batch_size": 3, "accumulation": 3},
    "recomputed activations": {"gradient_checkpointing": True},
    "nf4 in bf16": {"method": "qlora", "precision": "bf16", "options": {"dropout": 0.1}},
    "nf4 with recomputed activations": {"method": "qlora", "gradient_checkpointing": True},
    "DoRA, a faster second matrix": {"options": {"dora": True, "b_rate": 8}},
    "PiSSA": {"options": {"init": "pissa"}},
    "OLoRA at a rank-stabilised scale": {"options": {"init": "olora", "rslora": True}},
    "PiSSA and DoRA": {"options": {"init": "pissa", "dora": True}},
    "EVA": {"options": {"init": "eva"}},
    "LoftQ": {"method": "qlora", "options": {"init": "loftq"}},
    "fp4": {"method": "qlora", "options": {"quantisation": "fp4", "double_quantisation": False}},
    "8 bits in bf16": {"method": "qlora", "precision": "bf16", "options": {"quantisation": "int8"}},
    "constant rate with decay": {"schedule": "constant", "weight_decay": 0.1},
} | {f"method {name}": {"method": name} for name in METHODS}


def _told_of_steps(told):
    return [(event.step, event.loss, event.grad_norm, event.learning_rate) for event in told.of(StepTaken)]


def _sums(folder):
    """The sha256 of everything that was trained and kept as the best."""
    kept = sorted((folder / "best").glob("*.safetensors"))
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in kept]


def _assert_resumed_equals_whole(make_task, told, **values):
    wanted = {"epochs": 3, "patience": 50} | values
    whole, later = type(told)(), type(told)()
    train(make_task(folder="whole", **wanted), whole, whole.stopping)
    told.hook = lambda said: told.stopping.set() if isinstance(said, StepTaken) and said.step == STOP_AT else None
    train(make_task(**wanted), told, told.stopping)
    # What another program did in this process meanwhile must not matter.
    torch.rand(7)
    task = make_task(resume=True, **wanted)
    train(task, later, later.stopping)
    assert later.of(StepTaken)[0].step == told.of(StepTaken)[-1].step + 1 > STOP_AT
    assert _told_of_steps(told) + _told_of_steps(later) == _told_of_steps(whole)
    assert _sums(task.folder) == _sums(task.folder.with_name("whole")) != []


@pytest.mark.parametrize("case", CASES)
def test_a_resumed_run_equals_an_uninterrupted_one(case, make_task, told):
    _assert_resumed_equals_whole(make_task, told, **CASES[case])


@pytest.mark.parametrize("joined", [True, False], ids=["laid end to end", "padded"])
def test_a_resumed_run_equals_an_uninterrupted_one_however_rows_share_a_pass(joined, make_task, told, monkeypatch):
    monkeypatch.setattr("core.backend.train.choose_layout", lambda *_, **__: rows.Layout(joined=joined))
    _assert_resumed_equals_whole(make_task, told, options={"dropout": 0.1})


def test_a_run_resumed_with_other_threads_takes_those_it_began_with(make_task, told, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    whole, later = type(told)(), type(told)()
    train(make_task(epochs=3, folder="whole"), whole, whole.stopping)
    told.hook = lambda said: told.stopping.set() if isinstance(said, StepTaken) and said.step == STOP_AT else None
    train(make_task(epochs=3), told, told.stopping)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    train(make_task(epochs=3, resume=True), later, later.stopping)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)
    assert _told_of_steps(told) + _told_of_steps(later) == _told_of_steps(whole)


def test_a_run_that_was_ended_after_its_last_checkpoint_trains_those_steps_again_alike(make_task, told, monkeypatch):
    monkeypatch.setattr(keeper, "SAVING_SHARE", 1e9)
    whole, later = type(told)(), type(told)()
    train(make_task(epochs=4, folder="whole"), whole, whole.stopping)

    def die(said):
        if isinstance(said, StepTaken) and said.step == 8:
            raise KeyboardInterrupt

    told.hook = die
    task = make_task(epochs=4, resume=True)
    with pytest.raises(KeyboardInterrupt):
        train(task, told, told.stopping)
    saved = int(newest(task.folder)[0].name.removeprefix("checkpoint-"))
    train(task, later, later.stopping)
    assert later.of(StepTaken)[0].step == saved + 1 <= 8
    assert _told_of_steps(later) == _told_of_steps(whole)[saved:]
    assert _sums(task.folder) == _sums(task.folder.with_name("whole"))
