"""P5 and P6 with real processes: killed workers, killed servers, stops that are heard and stops that are not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from core.events import Advanced, CheckpointSaved, Noted, RunState, StateChanged, StepTaken
from core.job.launchers.process import ProcessLauncher
from core.job.runner import Patience, Runner
from core.job.worker import LOG_NAME
from core.store.identity import identify
from tests.unit.job.conftest import WORKER

HERE = Path(__file__).parent

ROOT = HERE.parents[2]


def until(condition, seconds=100.0):
    """Wait for `condition` to say something true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def start(store, runner, **plan):
    job = store.add_run(plan, "mine")
    runner.begin_next()
    return job


def step(store, job):
    """The step that the job has reported last, 0 before the first."""
    taken = store.tail(job.id, StepTaken, 1)
    return taken[0].step if taken else 0


def ended(store, job):
    """How the job ended, or None."""
    state = store.tail(job.id, StateChanged, 1)[0]
    return state if state.state.is_final else None


def test_a_run_in_a_process_is_done_and_its_output_lies_in_its_folder(store, launcher, runner):
    job = start(store, runner, steps=30)
    assert until(lambda: ended(store, job)).state is RunState.DONE
    assert step(store, job) == 30
    assert (store.run_folder(job.run_id) / LOG_NAME).exists()
    worker = store.job(job.id).worker
    assert worker.pid != os.getpid()
    until(lambda: not psutil.pid_exists(worker.pid))  # reaped: no zombie is left
    export = store.add_job(job.run_id, "export")
    runner.begin_next()
    assert until(lambda: ended(store, export)).state is RunState.DONE


def test_a_killed_worker_is_lost_and_says_where_to_resume(store, runner):
    job = start(store, runner, steps=100_000, pause=0.01, save_every=10)
    until(lambda: step(store, job) >= 25)
    os.kill(store.job(job.id).pid, signal.SIGKILL)
    end = until(lambda: ended(store, job))
    assert end.state is RunState.LOST
    assert f"after step {step(store, job)} of 100000" in end.reason
    assert "killed" in end.reason
    assert end.fix == f"Resume from step {store.last(job.run_id, CheckpointSaved).step}."
    again = store.add_job(job.run_id, "train", {"resume": True})
    assert again.attempt == 2
    store.request_stop(again.id)


def test_a_worker_that_crashes_is_lost_with_its_exit_code(store, runner):
    job = start(store, runner, wrong="exit")
    assert "exit code 3" in until(lambda: ended(store, job)).reason


def test_a_worker_that_cannot_even_begin_is_lost(store):
    launcher = ProcessLauncher([sys.executable, "-c", "import sys; sys.stdin.readline(); sys.exit(1)"])
    runner = Runner(store, launcher, Patience(look=0.1))
    job = start(store, runner)
    end = until(lambda: ended(store, job))
    runner.close()
    assert end.reason == "The worker process ended with exit code 1 before the first step."


def test_a_stop_is_heard_within_a_step(store, runner):
    job = start(store, runner, steps=100_000, pause=0.02)
    until(lambda: step(store, job))
    store.request_stop(job.id)
    assert until(lambda: ended(store, job)).state is RunState.STOPPED


def test_a_stop_while_it_prepares_ends_a_worker_that_does_not_hear(store, runner):
    job = start(store, runner, prepare=300)
    until(lambda: store.last(job.run_id, Noted))
    worker = store.job(job.id).worker
    store.request_stop(job.id)
    end = until(lambda: ended(store, job))
    assert end.state is RunState.STOPPED
    assert "by force" in end.reason
    assert not worker.is_alive


def test_a_stop_before_the_worker_took_the_job_ends_it_too(store):
    launcher = ProcessLauncher([sys.executable, "-c", "import time; time.sleep(300)"])
    runner = Runner(store, launcher, Patience(look=0.1, stop_preparing=0.3))
    job = start(store, runner)
    assert store.request_stop(job.id) is RunState.STOPPING
    assert until(lambda: ended(store, job)).state is RunState.STOPPED
    runner.close()


def test_a_worker_that_hangs_while_stopping_is_ended_in_the_end(store, launcher):
    runner = Runner(store, launcher, Patience(look=0.1, stop=0.5))
    job = start(store, runner, steps=100_000, pause=0.02, deaf=True)
    until(lambda: step(store, job))
    store.request_stop(job.id)
    end = until(lambda: ended(store, job))
    assert end.state is RunState.STOPPED
    assert "did not stop in time, after step" in end.reason
    assert not store.job(job.id).worker.is_alive
    runner.close()


def server(store, **plan):
    """Another program that starts a run, and what it printed."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "fake_server.py"), str(store.home), WORKER, json.dumps(plan)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    return process, int(process.stdout.readline())


def kill(process):
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_killed_server_does_not_kill_the_run_and_the_next_can_stop_it(store, launcher):
    process, job_id = server(store, steps=100_000, pause=0.02)
    job = store.job(job_id)
    before = until(lambda: step(store, job))
    kill(process)
    until(lambda: step(store, job) > before + 20)
    runner = Runner(store, launcher, Patience(look=0.1))
    worker = store.job(job_id).worker
    assert store.active().id == job_id
    assert store.active().is_answered
    store.request_stop(job_id)
    assert until(lambda: ended(store, job)).state is RunState.STOPPED
    until(lambda: not worker.is_alive)
    runner.close()


def test_the_next_server_ends_a_left_behind_worker_that_does_not_hear(store, launcher):
    process, job_id = server(store, prepare=300)
    until(lambda: store.tail(job_id, Noted, 1))
    worker = store.job(job_id).worker
    kill(process)
    store.request_stop(job_id)
    runner = Runner(store, launcher, Patience(look=0.1, stop_preparing=0.3))
    assert until(lambda: ended(store, store.job(job_id))).state is RunState.STOPPED
    assert not worker.is_alive
    runner.close()


def test_a_worker_that_died_without_a_server_is_lost_when_the_next_comes(store, launcher):
    process, job_id = server(store, steps=100_000, pause=0.02)
    job = store.job(job_id)
    until(lambda: step(store, job))
    kill(process)
    os.kill(store.job(job_id).pid, signal.SIGKILL)
    until(lambda: not store.job(job_id).worker.is_alive)
    runner = Runner(store, launcher)
    assert until(lambda: ended(store, job)).state is RunState.LOST
    runner.close()


def test_a_stranger_with_the_workers_process_id_is_left_alone(store, runner):
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    store.pause_queue(paused=True)
    job = store.add_run({}, "reused")
    store.append(job.id, StateChanged(state=RunState.PREPARING))
    store.claim(job.id, stranger.pid, identify(stranger.pid).created - 1.0)
    assert until(lambda: ended(store, job)).state is RunState.LOST
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def worker_that(doing):
    """A launcher of real workers that do `doing` before they begin."""
    return ProcessLauncher([sys.executable, "-c", f"import importlib, sys, core.job.worker as w; {doing}; w.main()"])


def test_a_worker_that_gets_its_job_before_its_libraries_says_that_it_loads_them(store):
    launcher = worker_that("importlib.import_module = lambda name: __import__('time').sleep(300)")
    runner = Runner(store, launcher, Patience(look=0.1, stop_preparing=0.1))
    job = start(store, runner)
    assert until(lambda: store.last(job.run_id, Advanced)).what == "Loading the training libraries"
    store.request_stop(job.id)
    assert until(lambda: ended(store, job)).state is RunState.STOPPED
    runner.close()


def test_a_worker_whose_inbox_breaks_ends_and_its_job_is_lost(store):
    launcher = worker_that("w.this_process = None; w.WORK = {}")
    runner = Runner(store, launcher, Patience(look=0.1))
    job = start(store, runner)
    assert "exit code 1" in until(lambda: ended(store, job)).reason
    runner.close()
