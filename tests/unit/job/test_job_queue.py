"""The queue with runners and real workers: the next begins by itself, whichever program lives."""

import os
import signal
import sys
import time
from datetime import datetime

import pytest

from core.errors import NotFoundError, SettingsError
from core.events import RunState, StateChanged, StepTaken
from core.job.launchers.process import ProcessLauncher
from core.job.launchers.thread import ThreadLauncher
from core.job.queue import Queue, clock, read_time
from core.job.runner import Patience, Runner
from core.store.store import Store
from tests.unit.job import fake_worker
from tests.unit.job.conftest import WORKER
from tests.unit.job.test_job_process import ended, kill, server, step, until


@pytest.fixture
def store(tmp_path):
    with_home = Store(tmp_path / "home")
    yield with_home
    with_home.close()


@pytest.fixture
def runner(store):
    launcher = ThreadLauncher(fake_worker.WORK)
    runner = Runner(store, launcher, Patience(look=0.05, idle=0.05))
    yield runner
    runner.close()
    launcher.close()


def add(store, *names, **plan):
    return [store.add_run({"seed": name, **plan}, name) for name in names]


def began(store, jobs):
    """The jobs in the order in which they began."""
    at = {
        job.id: store._rows("SELECT min(seq) s FROM events WHERE job_id = ? AND body LIKE '%PREPARING%'", job.id)
        for job in jobs
    }
    return sorted((job.id for job in jobs), key=lambda job_id: at[job_id][0]["s"])


def test_waiting_runs_begin_by_themselves_in_their_order(store, runner):
    queue = Queue(store)
    queue.pause()
    jobs = add(store, "a", "b", "c", "d")
    queue.first(jobs[3].run_id)
    queue.down(jobs[0].run_id)
    assert queue.up(jobs[2].run_id) == 3
    wanted = [waiting.job.id for waiting in queue.waiting()]
    queue.go_on()
    until(lambda: all(ended(store, job) for job in jobs))
    assert began(store, jobs) == wanted == [jobs[n].id for n in (3, 1, 2, 0)]
    assert all(store.job(job.id).state is RunState.DONE for job in jobs)


def test_what_a_run_waits_for_is_told(store, runner):
    queue = Queue(store)
    first, second, third = add(store, "a", "b", "c", steps=100_000, pause=0.01)
    until(lambda: step(store, first))
    assert queue.place_of(first.run_id) is None
    assert queue.place_of(second.run_id).told == "behind 1 run"
    assert queue.place_of(third.run_id).told == "behind 2 runs"
    queue.pause()
    assert queue.place_of(third.run_id).told == "behind 2 runs and until the queue goes on"
    at = time.time() + 7200
    queue.set_time(third.run_id, at)
    assert queue.place_of(third.run_id).told.startswith(f"until {clock(at)} and behind 2")
    assert queue.take_out(second.run_id) is RunState.STOPPED
    with pytest.raises(NotFoundError, match="does not wait"):
        queue.up(second.run_id)
    assert len(queue) == 1


def test_a_paused_queue_lets_the_run_at_work_go_on(store, runner):
    queue = Queue(store)
    first, second = add(store, "a", "b", steps=60, pause=0.01)
    until(lambda: step(store, first))
    queue.pause()
    assert until(lambda: ended(store, first)).state is RunState.DONE
    time.sleep(0.3)
    assert store.job(second.id).state is RunState.QUEUED
    queue.go_on()
    assert until(lambda: ended(store, second)).state is RunState.DONE


def test_a_run_that_goes_wrong_does_not_hold_up_the_next(store, runner):
    bad, good = add(store, "a", wrong="library") + add(store, "b")
    assert until(lambda: ended(store, bad)).state is RunState.FAILED
    assert until(lambda: ended(store, good)).state is RunState.DONE


def test_two_runners_of_one_home_share_the_queue_and_each_run_gets_one_worker(store):
    launchers = [ProcessLauncher([sys.executable, WORKER]) for _ in range(2)]
    stores = [Store(store.home) for _ in launchers]
    pairs = zip(stores, launchers, strict=True)
    runners = [Runner(each, launcher, Patience(look=0.02, idle=0.02)) for each, launcher in pairs]
    jobs = add(store, *"abcdef")
    until(lambda: all(ended(store, job) for job in jobs))
    [runner.close() for runner in runners]
    assert began(store, jobs) == [job.id for job in jobs]
    for job in jobs:
        assert [event.state for event in store.tail(job.id, StateChanged, 9)][::-1] == [
            *(RunState.QUEUED, RunState.PREPARING, RunState.TRAINING, RunState.EVALUATING, RunState.DONE),
        ]
        assert len(store.tail(job.id, StepTaken, 99)) == 5


def test_waiting_runs_of_a_killed_server_are_begun_by_the_next(store):
    process, job_id = server(store, steps=100_000, pause=0.02)
    second, third = add(store, "second", "third")
    until(lambda: step(store, store.job(job_id)))
    kill(process)
    assert [job.id for job in store.waiting()] == [second.id, third.id]
    launcher = ProcessLauncher([sys.executable, WORKER])
    runner = Runner(store, launcher, Patience(look=0.1, idle=0.1))
    os.kill(store.job(job_id).pid, signal.SIGKILL)
    for job in (second, third):
        assert until(lambda job=job: ended(store, job)).state is RunState.DONE
    assert store.job(job_id).state is RunState.LOST
    runner.close()


def test_a_time_is_read_as_the_clock_of_this_computer_shows_it():
    now = datetime.now().astimezone()
    for typed in ("00:00", "23:59", " 7:05 "):
        then = datetime.fromtimestamp(read_time(typed)).astimezone()
        assert then > now
        assert (then.hour, then.minute) == tuple(int(part) for part in typed.split(":"))
    assert clock(read_time("2199-03-04 05:06")) == datetime(2199, 3, 4).strftime("%a %d %b, 05:06")
    assert read_time("2199-03-04T05:06") == read_time("2199-03-04 05:06")
    assert read_time("  ") is None


@pytest.mark.parametrize(
    "typed", ["25:00", "noon", "1:2:3", "2199-02-30 10:00", "12", ":", "-1:30", "99999-01-01 00:00"]
)
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(SettingsError, match="no time"):
        read_time(typed)


def test_a_time_that_has_passed_is_refused():
    with pytest.raises(SettingsError, match="passed"):
        read_time("2001-01-01 10:00")
