"""The mean of the weights that validated best is kept where it validates better than each of them, and only there."""

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from core.backend import averaging
from core.backend.averaging import FOLDER, Averaging
from core.backend.checkpoints import facts
from core.backend.sameness import decides
from core.backend.tokenised import Part, Rows
from core.backend.train import train
from core.backend.trainer import RowTrainer
from core.events import Averaged, CheckpointSaved, StepTaken, Validated
from tests.unit.backend.test_resume_exact import STOP_AT, _sums

LOSSES = (4.0, 1.0, 3.0, 1.0, 2.0, 9.0)


class Few(nn.Module):
    """One weight in a hundred learns."""

    def __init__(self):
        super().__init__()
        self.frozen = nn.Parameter(torch.zeros(99), requires_grad=False)
        self.learned = nn.Parameter(torch.zeros(1))


def set_to(model, value):
    with torch.no_grad():
        model.learned.fill_(value)


@pytest.fixture
def validated(tmp_path):
    """A model and what was kept of its validations, where the weight was ten times the step."""
    model = Few()
    kept = Averaging(tmp_path, model)
    for step, loss in enumerate(LOSSES):
        set_to(model, 10.0 * step)
        kept.validated(model, step, loss)
    return model, kept


def test_the_mean_is_of_the_three_best_validations_and_never_of_the_start(validated):
    model, kept = validated
    assert kept.put_mean(model) == [1, 3, 4]
    assert float(model.learned) == pytest.approx((10 + 30 + 40) / 3)
    assert float(model.frozen.sum()) == 0


def test_with_fewer_or_damaged_weights_there_is_no_mean(validated, tmp_path):
    model, kept = validated
    (tmp_path / FOLDER / "step-3" / "learned.safetensors").write_bytes(b"damaged")
    assert kept.put_mean(model) == []
    kept.forget()
    assert kept.put_mean(model) == []
    assert float(model.learned) == 50, "the model is as it was"


def test_nothing_is_kept_where_much_of_the_model_learns(tmp_path):
    model = nn.Linear(3, 3)
    kept = Averaging(tmp_path, model)
    kept.validated(model, 1, 1.0)
    assert not kept.applies
    assert not (tmp_path / FOLDER).exists()


@pytest.fixture
def everything(monkeypatch):
    """Of a tiny model an adapter is more than a tenth."""
    monkeypatch.setattr(averaging, "LARGEST_SHARE", 1.0)


@pytest.fixture
def mean_loss(monkeypatch):
    """Sets what the last validation of a run, that of the mean, finds."""
    plain = RowTrainer.average

    def average(self, loss):
        monkeypatch.setattr(self, "_validation_loss", lambda: loss)
        plain(self)

    return lambda loss: monkeypatch.setattr(RowTrainer, "average", lambda self: average(self, loss))


def test_a_better_mean_is_kept_in_place_of_the_best_weights(make_task, told, everything, mean_loss):
    mean_loss(0.001)
    task = make_task(epochs=4, patience=50)
    learned = {}
    told.hook = lambda said: learned.update(seen(task.folder)) if isinstance(said, Validated) else None
    train(task, told, told.stopping)
    (found,) = told.of(Averaged)
    best = sorted((said.loss, said.step) for said in told.of(Validated) if said.step)[:3]
    assert found.steps == sorted(step for _, step in best)
    assert found.loss == 0.001
    assert facts(task.folder / "best")["mean_of"] == found.steps
    adapter = load_file(task.folder / "best" / "adapter_model.safetensors")
    parts = [learned[step] for step in found.steps]
    for name, weight in adapter.items():
        (own,) = (key for key in parts[0] if key.replace(".default", "") == name)
        assert torch.allclose(weight, torch.stack([part[own] for part in parts]).mean(0))
    assert not (task.folder / FOLDER).exists(), "the room is given back"


def seen(folder):
    """The weights that are kept for the mean, by step."""
    return {
        int(place.name.removeprefix("step-")): load_file(place / "learned.safetensors")
        for place in (folder / FOLDER).glob("step-*")
    }


def test_without_the_wish_for_a_mean_the_best_weights_are_kept(make_task, told, everything, mean_loss):
    mean_loss(0.001)
    task = make_task(epochs=4, patience=50, averaging=False)
    kept = []
    told.hook = lambda said: kept.extend(seen(task.folder)) if isinstance(said, Validated) else None
    train(task, told, told.stopping)
    assert kept == []
    assert told.of(Averaged) == []
    last = [said for said in told.of(CheckpointSaved) if said.folder == "best"][-1]
    assert facts(task.folder / "best")["step"] == last.step


def test_a_worse_mean_leaves_the_best_weights(make_task, told, everything, mean_loss):
    mean_loss(1e9)
    task = make_task(epochs=4, patience=50)
    train(task, told, told.stopping)
    assert told.of(Averaged) == []
    last = [said for said in told.of(CheckpointSaved) if said.folder == "best"][-1]
    assert facts(task.folder / "best")["step"] == last.step
    assert "mean_of" not in facts(task.folder / "best")


def test_a_run_that_was_stopped_and_goes_on_keeps_the_same_mean(make_task, told, everything, mean_loss):
    mean_loss(0.001)
    whole, later = type(told)(), type(told)()
    train(make_task(folder="whole", epochs=4, patience=50), whole, whole.stopping)
    told.hook = lambda said: told.stopping.set() if isinstance(said, StepTaken) and said.step == STOP_AT else None
    task = make_task(epochs=4, patience=50)
    train(task, told, told.stopping)
    assert told.of(Averaged) == [], "a stop keeps the best weights"
    task = make_task(resume=True, epochs=4, patience=50)
    train(task, later, later.stopping)
    assert later.of(Averaged) == whole.of(Averaged) != []
    assert _sums(task.folder) == _sums(task.folder.with_name("whole"))


def test_checkpoints_of_before_there_was_the_wish_can_be_gone_on_with(make_plan):
    nothing = Rows(Part([], 0, 0, 0), Part([], 0, 0, 0))
    assert decides(make_plan(averaging=False), nothing, "") == decides(make_plan(), nothing, "")
