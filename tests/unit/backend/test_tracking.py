"""A run with an experiment tracker: it hears every step, and a run does not end for it."""

import importlib.util

import pytest

from core.backend.train import train
from core.errors import SettingsError
from core.events import Noted, StepTaken, Validated
from core.strategy.complete_plan import complete_plan
from core.strategy.trackers import TRACKERS

VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "TRACKIO_DIR", "WANDB_DIR", "WANDB_MODE", "WANDB_PROJECT")


@pytest.fixture(autouse=True)
def _own_variables(monkeypatch):
    # What a run sets for its tracker must not outlive the test.
    for name in (*VARIABLES, "TENSORBOARD_LOGGING_DIR"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def curves(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder))
    read.Reload()
    return {name: [(one.step, one.value) for one in read.Scalars(name)] for name in read.Tags()["scalars"]}


def test_tensorboard_hears_every_step_and_every_validation(make_task, told):
    task = make_task(tracker="tensorboard")
    train(task, told, told.stopping)
    heard = curves(task.folder / "tensorboard")
    assert heard["train/loss"] == [(event.step, pytest.approx(event.loss)) for event in told.of(StepTaken)]
    assert heard["eval/loss"] == [(event.step, pytest.approx(event.loss)) for event in told.of(Validated) if event.step]
    assert any("tensorboard --logdir" in event.text for event in told.of(Noted))


def test_a_tracker_that_fails_costs_a_word_and_not_the_run(make_task, told):
    task = make_task(tracker="tensorboard")
    task.folder.mkdir()
    (task.folder / "tensorboard").write_text("in the way", encoding="utf-8")
    train(task, told, told.stopping)
    (warning,) = [event.text for event in told.of(Noted) if event.severity == "warning"]
    assert "TensorBoard failed" in warning
    assert "goes on" in warning
    assert (task.folder / "best").is_dir()


@pytest.mark.parametrize("name", [name for name in TRACKERS if name != "tensorboard"])
def test_the_other_trackers_hear_of_a_run_where_they_are_installed(name, make_task, told):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    task = make_task(tracker=name)
    train(task, told, told.stopping)
    assert not [event.text for event in told.of(Noted) if event.severity == "warning"]
    assert any(TRACKERS[name].title in event.text for event in told.of(Noted))


def test_a_tracker_that_is_not_installed_is_refused_beside_its_field(make_task, monkeypatch):
    raw = make_task().plan.model_dump() | {"tracker": "wandb"}
    monkeypatch.setattr("core.strategy.trackers.find_spec", lambda _: None)
    with pytest.raises(SettingsError) as refused:
        complete_plan(raw)
    assert "pip install wandb" in refused.value.problems["tracker"]


def test_the_trackers_of_the_menu_are_those_that_the_trainer_knows():
    from typing import get_args

    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    from core.strategy.plan import Plan

    assert {"none", *TRACKERS} == set(get_args(Plan.model_fields["tracker"].annotation))
    assert set(TRACKERS) <= set(INTEGRATION_TO_CALLBACK)
