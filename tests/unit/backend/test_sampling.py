"""Samples on the way: shown, cheap, and without a trace in the training."""

import random

import numpy as np
import pytest
import torch

from core.backend import sampling
from core.backend.sampling import LONGEST, Sampler
from core.backend.train import prepare, train
from core.events import SampleWritten, StepTaken


@pytest.fixture
def free(monkeypatch):
    """Samples are never too dear."""
    monkeypatch.setattr(sampling, "SHARE", 1e9)


def test_samples_are_written_at_validations_and_change_nothing(make_task, told, free, monkeypatch):
    train(make_task(options={"dropout": 0.1}), told, told.stopping)
    samples = told.of(SampleWritten)
    assert len(samples) >= 2
    assert {sample.reference for sample in samples} <= {"red", "green", "blue"}
    assert all(len(sample.prompt) <= LONGEST for sample in samples)
    monkeypatch.setattr(sampling, "SHARE", 0.0)
    without = type(told)()
    train(make_task(options={"dropout": 0.1}, folder="without"), without, without.stopping)
    assert without.of(SampleWritten) == []
    taken = [[(event.loss, event.grad_norm) for event in one.of(StepTaken)] for one in (told, without)]
    assert taken[0] == taken[1]


def _sampler(work, split, told, seconds):
    return Sampler(work.loaded, split.validation, told, lambda: seconds, 128)


def test_random_numbers_and_the_mode_of_every_layer_stay_as_they_were(make_task, told):
    work, split, _ = prepare(make_task(), told, told.stopping)
    model = work.loaded.model
    model.train()
    next(iter(model.children())).eval()
    before = {name: module.training for name, module in model.named_modules()}
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    _sampler(work, split, told, 1e6).write(model, 4)
    assert len(told.of(SampleWritten)) == sampling.PROMPTS
    assert {name: module.training for name, module in model.named_modules()} == before
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states[1:]


def test_nothing_is_written_where_it_would_cost_more_than_its_share(make_task, told):
    work, split, _ = prepare(make_task(), told, told.stopping)
    _sampler(work, split, told, 1.0).write(work.loaded.model, 4)
    assert told.of(SampleWritten) == []
