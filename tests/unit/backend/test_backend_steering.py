"""A training that is paused, saved and stopped on the way, with real steps."""

import threading
import time
from dataclasses import replace

import pytest

from core.backend.checkpoints import newest
from core.backend.train import train
from core.errors import Stopped
from core.events import CheckpointSaved, MemoryMeasured, StepTaken
from core.store.steering import Steering


def losses(told):
    return [(event.step, event.loss, event.grad_norm) for event in told.of(StepTaken)]


def steered(make_task, told, at_step):
    """Train; `at_step` gets the steering after each step."""
    steering = Steering()

    def hook(event):
        if isinstance(event, StepTaken):
            at_step(event.step, steering)

    told.hook = hook
    task = replace(make_task(epochs=2), steering=steering)
    train(task, told, steering)
    return task


def test_a_pause_changes_no_step_and_counts_for_no_time(make_task, told):
    train(make_task(epochs=2), told, told.stopping)
    whole, seconds = losses(told), told.of(StepTaken)[-1].seconds
    told.events.clear()
    pause = 3 + 2 * seconds

    def at_step(step, steering):
        if step == 2:
            steering.pause()
            threading.Timer(pause, steering.go_on).start()
            paused.append(len(told.of(MemoryMeasured)))
            threading.Timer(pause - 0.3, lambda: paused.append(len(told.of(MemoryMeasured)))).start()

    paused = []
    began = time.monotonic()
    steered(make_task, told, at_step)
    assert time.monotonic() - began > pause
    assert losses(told) == whole
    assert told.of(StepTaken)[-1].seconds < pause
    assert paused[1] - paused[0] <= 1, "a pause fills no log"


def test_a_wish_to_save_writes_one_checkpoint_at_the_next_step(make_task, told):
    def at_step(step, steering):
        if step == 2:
            steering.ask_to_save()

    steered(make_task, told, at_step)
    saved = [event.step for event in told.of(CheckpointSaved) if event.folder != "best"]
    assert 3 in saved
    assert saved.count(3) == 1


def test_a_stop_at_once_saves_nothing_of_the_steps_after_it(make_task, told):
    def at_step(step, steering):
        if step == 2:
            steering.at_once = True
            steering.set()

    with pytest.raises(Stopped):
        steered(make_task, told, at_step)
    assert told.of(StepTaken)[-1].step <= 3
    assert max(event.step for event in told.of(CheckpointSaved)) <= 2


def test_a_stop_ends_a_pause(make_task, told):
    def at_step(step, steering):
        if step == 2:
            steering.pause()
            threading.Timer(0.5, steering.set).start()

    task = steered(make_task, told, at_step)
    assert told.of(StepTaken)[-1].step <= 3
    assert newest(task.folder)[0] is not None
