"""A few real steps tell how fast a plan trains, and leave nothing behind."""

import time

import pytest
import torch

from core.backend import probe
from core.backend.probe import measure_speed
from core.backend.train import train
from core.backend.trainer import RowTrainer
from core.errors import MachineError
from core.events import StepTaken
from core.strategy.machine import Machine
from core.strategy.pace import Pace
from core.strategy.time_forecast import Amount, forecast_time

MACHINE = Machine("A processor", 2, 16.0, 12.0, 50.0, (), "Linux")


def _silent(about: str, share: float) -> None: ...


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(probe, "SHORTEST", 0.3)


@pytest.mark.parametrize("method", ["lora", "qlora", "adapter", "full"])
def test_each_method_is_measured_by_its_own_steps(method, make_task, tmp_path):
    plan = make_task(method=method).plan
    speed = measure_speed(plan, tmp_path, MACHINE, _silent)
    assert speed.steps >= probe.FEWEST_STEPS
    assert 0 < speed.slow <= speed.tokens_per_second <= speed.fast
    assert speed.load_seconds > 0
    assert speed.validation_row_seconds > 0
    assert speed.saving_seconds > 0
    assert speed.peak_gib > 0.1
    assert speed.watts is None, "of a processor nothing is known"
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_the_forecast_of_a_run_holds(make_task, told, tmp_path, split):
    """Thirty steps; the time of each is compared with its tokens, in the same minute, within a factor of two."""
    task = make_task(epochs=10, patience=50)
    for tries_left in (2, 1, 0):  # another program may take the processor in between
        speed = measure_speed(task.plan, tmp_path, MACHINE, _silent)
        told.events.clear()
        train(task, told, told.stopping)
        last = told.of(StepTaken)[-1]
        amount = Amount(
            train_rows=len(split.train),
            validation_rows=len(split.validation),
            test_rows=0,
            tokens_per_row=speed.tokens_per_row,
            counted=True,
        )
        forecast = forecast_time(task.plan, amount, speed)
        assert last.step == Pace.of(24, 8, 10).total_steps == 30
        assert speed.tokens_per_row * 24 * 10 == pytest.approx(last.tokens)
        if 0.5 < forecast.parts["training"] / last.seconds < 2 or not tries_left:
            break
    assert forecast.parts["training"] == pytest.approx(last.seconds, rel=1.0)
    assert forecast.parts["training"] > last.seconds / 2


def test_steps_that_take_very_long_are_measured_by_the_first(make_task, tmp_path, monkeypatch):
    monkeypatch.setattr(probe, "LONGEST", 0.0)
    speed = measure_speed(make_task().plan, tmp_path, MACHINE, _silent)
    assert speed.steps == 1
    assert speed.slow == speed.tokens_per_second == speed.fast


def test_it_says_what_goes_on(make_task, tmp_path):
    said = []
    measure_speed(make_task().plan, tmp_path, MACHINE, lambda about, share: said.append((about, share)))
    assert [about for about, _ in said][:3] == ["reading the rows", "loading the model", "turning rows into tokens"]
    shares = [share for _, share in said]
    assert shares == sorted(shares)
    assert any(about.startswith("taking step") for about, _ in said)


def test_a_plan_that_does_not_fit_is_told_as_in_training(make_task, told, tmp_path, monkeypatch):
    def full(self, *_, **__):
        return torch.empty(2**55)

    monkeypatch.setattr(RowTrainer, "compute_loss", full)
    task = make_task()
    with pytest.raises(MachineError) as measured:
        measure_speed(task.plan, tmp_path, MACHINE, _silent)
    with pytest.raises(MachineError) as trained:
        train(task, told, told.stopping)
    assert measured.value.what.split(".")[0] == trained.value.what.split(".")[0] == "The computer's memory is full"
    assert measured.value.fix == trained.value.fix
    assert "Set batch size to 4" in measured.value.fix
    assert not (tmp_path / "probes").exists()


def test_weights_too_large_to_be_written_twice_are_reckoned(make_task, tmp_path, monkeypatch):
    monkeypatch.setattr(probe, "WRITTEN", 2**20)
    began = time.monotonic()
    monkeypatch.setattr("core.backend.keeper.Keeper.keep", lambda *_: pytest.fail("it was written whole"))
    big = torch.nn.Linear(1024, 1024)

    class Trainer:
        model = big

    seconds = probe._saving(Trainer(), None, tmp_path)
    assert 0 < seconds <= 5 * (time.monotonic() - began)


def test_what_an_ended_probe_left_is_removed_by_the_next(make_task, tmp_path):
    left = tmp_path / "probes" / "999999999"
    left.mkdir(parents=True)
    (left / "weights").write_text("x")
    measure_speed(make_task().plan, tmp_path, MACHINE, _silent)
    assert not (tmp_path / "probes").exists()
