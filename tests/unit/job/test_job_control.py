"""Pause, go on, save and stop at once, with real worker processes."""

import os
import signal
import sys
import threading
import time

import pytest

from core.errors import BusyError, NotFoundError
from core.events import CheckpointSaved, RunState, StateChanged
from core.job.control import Control
from core.job.launchers.process import ProcessLauncher
from core.job.runner import Patience, Runner
from core.store.steering import Steering
from core.store.store import Store
from tests.unit.job.conftest import WORKER
from tests.unit.job.test_job_process import ended, start, step, until


@pytest.fixture
def store(tmp_path):
    with_home = Store(tmp_path / "home")
    yield with_home
    with_home.close()


@pytest.fixture
def runner(store):
    launcher = ProcessLauncher([sys.executable, WORKER])
    runner = Runner(store, launcher, Patience(look=0.05, idle=0.05))
    yield runner
    for job in store.unfinished():
        store.request_stop(job.id, "now")
    until(lambda: not store.unfinished())
    runner.close()
    launcher.close()


@pytest.fixture
def run(store, runner):
    """A run past its first step that would take minutes."""
    job = start(store, runner, steps=100_000, pause=0.01, save_every=20)
    until(lambda: step(store, job))
    return job


def rests(store, job):
    """Wait until no step comes any more, and return the last."""
    until(lambda: (before := step(store, job)) and (time.sleep(0.6) or step(store, job) == before))
    return step(store, job)


def said(store, job):
    return [event.state.value for event in store.tail(job.id, StateChanged, 20)][::-1]


def test_a_paused_run_takes_no_step_keeps_its_worker_and_goes_on(store, run):
    control = Control(store)
    assert control.pause(run.run_id) is RunState.PAUSED
    assert control.pause(run.run_id) is RunState.PAUSED
    at = rests(store, run)
    assert store.job(run.id).worker.is_alive
    assert control.go_on(run.run_id).state is RunState.TRAINING
    until(lambda: step(store, run) > at + 5)
    assert said(store, run) == ["QUEUED", "PREPARING", "TRAINING", "PAUSED", "TRAINING"]


def test_a_paused_run_keeps_the_next_one_waiting(store, runner, run):
    Control(store).pause(run.run_id)
    second = store.add_run({"seed": 2}, "second")
    time.sleep(0.5)
    assert store.job(second.id).state is RunState.QUEUED
    Control(store).stop(run.run_id)
    assert until(lambda: ended(store, second)).state is RunState.DONE
    assert ended(store, run).state is RunState.STOPPED


def test_a_worker_that_is_killed_in_a_pause_is_lost_and_can_be_resumed(store, run):
    until(lambda: store.last(run.run_id, CheckpointSaved))
    Control(store).pause(run.run_id)
    rests(store, run)
    assert store.job(run.id).state is RunState.PAUSED  # waiting long is not being lost
    os.kill(store.job(run.id).pid, signal.SIGKILL)
    end = until(lambda: ended(store, run))
    assert end.state is RunState.LOST
    assert end.fix.startswith("Resume from step")


def test_a_pause_that_frees_memory_lets_the_next_run_begin_and_goes_on_as_the_next_attempt(store, runner, run):
    control = Control(store)
    second = store.add_run({"seed": 2}, "second")
    assert control.pause(run.run_id, free=True) is RunState.STOPPING
    assert until(lambda: ended(store, second)).state is RunState.DONE
    end = ended(store, run)
    assert end.reason.startswith("Paused after step")
    again = store.latest(run.run_id, "train")
    assert (again.attempt, again.held, again.task, again.state) == (2, True, {"resume": True}, RunState.QUEUED)
    assert not store.job(run.id).worker.is_alive
    time.sleep(0.3)
    assert control.go_on(run.run_id).held is False
    until(lambda: step(store, again) > 3)


def test_a_stop_after_a_wish_to_free_memory_does_not_put_the_run_back(store, run):
    control = Control(store)
    control.pause(run.run_id, free=True)
    assert control.stop(run.run_id) is RunState.STOPPING  # it had not ended yet, so this wish is the last one
    until(lambda: ended(store, run))
    worker = store.job(run.id).worker
    until(lambda: not worker.is_alive)
    assert [job.id for job in store.jobs(run.run_id)] == [run.id]


def test_a_checkpoint_is_saved_on_request_once(store, runner):
    job = start(store, runner, steps=100_000, pause=0.02)
    until(lambda: step(store, job))
    Control(store).save(job.run_id)
    assert until(lambda: store.last(job.run_id, CheckpointSaved)).step <= step(store, job)
    time.sleep(0.8)
    assert len(store.tail(job.id, CheckpointSaved, 9)) == 1


def test_a_stop_at_once_ends_even_a_worker_that_hears_nothing(store, runner):
    job = start(store, runner, steps=100_000, pause=0.02, deaf=True)
    until(lambda: step(store, job))
    worker = store.job(job.id).worker
    Control(store).stop(job.run_id)
    Control(store).stop(job.run_id, now=True)
    end = until(lambda: ended(store, job), 20)
    assert end.state is RunState.STOPPED
    assert end.reason.startswith("Stopped at once after step")
    assert not worker.is_alive


def test_what_does_not_train_is_neither_paused_nor_saved(store, runner):
    job, control = start(store, runner, prepare=300), Control(store)
    until(lambda: store.job(job.id).state is RunState.PREPARING)
    for wish in (control.pause, control.save):
        with pytest.raises(BusyError, match="preparing"):
            wish(job.run_id)
    assert control.go_on(job.run_id) is None
    control.stop(job.run_id, now=True)
    until(lambda: ended(store, job))
    with pytest.raises(NotFoundError, match="Nothing of run"):
        control.pause(job.run_id)


def test_a_waiting_run_can_be_held_and_let_go_on_as_the_next(store, runner, run):
    control = Control(store)
    second, third = (store.add_run({"seed": seed}, str(seed)) for seed in (2, 3))
    control.pause(third.run_id)
    assert store.job(third.id).held
    control.go_on(third.run_id)
    assert [job.id for job in store.waiting()] == [third.id, second.id]


def test_a_pause_ends_with_a_stop():
    steering = Steering()
    steering.pause()
    threading.Timer(0.2, steering.set).start()
    steering.wait_while_paused()
    assert steering.is_paused
