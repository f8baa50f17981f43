import pytest

from core.backend.train import train
from core.events import CheckpointSaved, MemoryMeasured, Prepared, RunState, StateChanged, StepTaken, Validated


@pytest.mark.parametrize("method", ["lora", "qlora", "adapter", "full"])
def test_each_method_trains_and_keeps_its_best_weights(method, make_task, told):
    task = make_task(method=method)
    train(task, told, told.stopping)
    losses = [event.loss for event in told.of(Validated)]
    assert losses[-1] < losses[0] - 0.1
