"""Several runs at once on one device: only where the forecasts fit, and none disturbs another."""

import dataclasses
import os
import signal
import sys

import pytest

from core.errors import ModelError, SettingsError
from core.events import Accompanied, MemoryMeasured, RunState, StateChanged
from core.job.control import Control
from core.job.launchers.process import ProcessLauncher
from core.job.launchers.thread import ThreadLauncher
from core.job.queue import Queue
from core.job.room import SPARE, Room
from core.job.runner import Patience, Runner
from core.store.store import Store
from core.strategy.gpus import Gpu, Holder
from core.strategy.machine import Machine
from tests.unit.job import fake_worker
from tests.unit.job.conftest import WORKER
from tests.unit.job.test_job_process import ended, kill, server, step, until

LONG = {"steps": 100_000, "pause": 0.01}
MACHINE = Machine(
    cpu_name="a processor", cpu_count=2, memory_total_gib=10.0, memory_available_gib=10.0, disk_free_gib=9.0,
    gpus=(), system="Linux",
)  # fmt: skip


def room_of(store, machine=MACHINE):
    """A room of 10 GiB, of which 9 are given away, that forecasts for a run what its plan says."""
    return Room(store, lambda run_id: forecast(store, run_id), lambda: machine)


def forecast(store, run_id):
    if "gib" not in (plan := store.run(run_id).plan):
        raise ModelError("Its model is gone.", "Take another.")
    return plan["gib"]


@pytest.fixture
def runner(store, launcher):
    runner = Runner(store, launcher, Patience(look=0.05, idle=0.05, stop_preparing=0.5), room=room_of(store))
    yield runner
    runner.close()


def add(store, name, gib, **plan):
    return store.add_run({"seed": name, "gib": gib, **LONG, **plan}, name)


def together(store, runner, *sizes, at_once=2):
    """Runs of so many GiB, when as many have taken steps as may be at work."""
    Queue(store).allow(at_once)
    jobs = [add(store, name, gib) for name, gib in zip("abcdef", sizes, strict=False)]
    runner.begin_next()
    until(lambda: all(step(store, job) for job in jobs[:at_once]))
    return jobs


def at_work(store):
    return [job.id for job in store.at_work()]


def test_two_runs_are_at_work_in_processes_of_their_own_and_both_say_so(store, runner):
    first, second = together(store, runner, 4.0, 4.0)
    workers = [store.job(job.id).worker for job in (first, second)]
    assert workers[0] != workers[1]
    assert all(worker.is_alive for worker in workers)
    for job, other in ((first, second), (second, first)):
        assert store.last(job.run_id, Accompanied) == Accompanied(run=other.run_id, name=store.run(other.run_id).name)
    for job in (first, second):
        store.request_stop(job.id)
        assert until(lambda job=job: ended(store, job)).state is RunState.STOPPED


def test_a_third_waits_for_a_place_and_takes_that_of_the_one_that_ends(store, runner):
    first, second, third = together(store, runner, 2.0, 2.0, 2.0)
    assert Queue(store).place_of(third.run_id).told == "behind 2 runs"
    store.request_stop(first.id)
    until(lambda: step(store, third))
    assert at_work(store) == [second.id, third.id]


def test_a_run_that_does_not_fit_waits_for_memory_and_says_how_much_it_lacks(store, runner):
    first, second, third = together(store, runner, 4.0, 3.0, 2.5, at_once=2)
    Queue(store).allow(3)
    told = until(lambda: Queue(store).place_of(third.run_id).lack)
    assert told == "for memory: it needs about 2.5 GiB, and 2.0 GiB are free beside 'a' and 'b'"
    assert Queue(store).place_of(third.run_id).told == told
    small = add(store, "small", 0.5)
    runner.begin_next()
    assert Queue(store).place_of(small.run_id).told == "behind 3 runs", "none passes one that waits for memory"
    store.request_stop(first.id)
    until(lambda: step(store, third) and step(store, small))
    assert at_work(store) == [second.id, third.id, small.id]


def test_less_memory_than_the_device_has_may_be_given_to_runs(store, runner):
    Queue(store).allow(2, 5.0)
    first, second = add(store, "a", 4.0), add(store, "b", 2.0)
    runner.begin_next()
    told = until(lambda: Queue(store).place_of(second.run_id).lack)
    assert "2.0 GiB, and 1.0 GiB are free" in told
    assert Queue(store).allow(room_gib=0).room_gib is None
    until(lambda: step(store, second))
    assert at_work(store) == [first.id, second.id]


def test_a_run_that_holds_more_than_was_forecast_is_counted_with_that(store, runner):
    first = add(store, "a", 1.0)
    runner.begin_next()
    until(lambda: step(store, first))
    store.append(first.id, MemoryMeasured(seconds=1.0, step=1, kind="process", used_gib=7.0, total_gib=10.0))
    Queue(store).allow(2)
    second = add(store, "b", 3.0)
    assert "3.0 GiB, and 2.0 GiB are free" in until(lambda: Queue(store).place_of(second.run_id).lack)


def test_on_a_gpu_what_runs_hold_already_is_not_counted_twice(store):
    gpu = Gpu("a GPU", total_gib=20.0, free_gib=12.0, holders=())
    Queue(store).allow(2)
    first, second = add(store, "a", 8.0), add(store, "b", 8.5)
    store.take()
    for state in (RunState.TRAINING,):
        store.append(first.id, StateChanged(state=state))
    store.claim(first.id, 4711, 1.0)
    alone = dataclasses.replace(MACHINE, gpus=(gpu,))
    assert room_of(store, alone).fitting(store.at_work()) is None
    assert "8.5 GiB, and 2.0 GiB are free" in store.job(second.id).waits
    held = dataclasses.replace(gpu, holders=(Holder(4711, "python", 7.5),))
    assert room_of(store, dataclasses.replace(MACHINE, gpus=(held,))).fitting(store.at_work()).job_id == second.id
    measured = MemoryMeasured(seconds=1.0, step=1, kind="gpu", used_gib=8.0, total_gib=20.0, reserved_gib=6.5)
    store.append(first.id, measured)
    assert room_of(store, alone).fitting(store.at_work()).job_id == second.id
    store.append(first.id, StateChanged(state=RunState.EVALUATING))
    assert room_of(store, alone).fitting(store.at_work()) is None, "what it had in training may be free already"


def test_a_killed_run_is_lost_and_the_one_beside_it_goes_on(store, runner):
    first, second = together(store, runner, 2.0, 2.0)
    os.kill(store.job(first.id).pid, signal.SIGKILL)
    assert until(lambda: ended(store, first)).state is RunState.LOST
    before = step(store, second)
    until(lambda: step(store, second) > before + 10)
    third = add(store, "third", 2.0)
    until(lambda: step(store, third))
    assert at_work(store) == [second.id, third.id]


def test_each_of_two_runs_is_paused_saved_and_stopped_alone(store, runner):
    first, second = together(store, runner, 2.0, 2.0)
    control = Control(store)
    control.pause(first.run_id)
    until(lambda: store.job(first.id).state is RunState.PAUSED)
    before = step(store, second)
    until(lambda: step(store, second) > before + 10)
    control.go_on(first.run_id)
    before = step(store, first)
    until(lambda: step(store, first) > before + 10)
    control.stop(second.run_id, now=True)
    assert until(lambda: ended(store, second)).state is RunState.STOPPED
    assert store.job(first.id).state is RunState.TRAINING
    control.pause(first.run_id, free=True)
    assert "Paused after step" in until(lambda: ended(store, first)).reason


def test_the_worker_that_waits_goes_to_the_second_run(store, launcher, runner):
    Queue(store).allow(2)
    first = add(store, "a", 2.0)
    runner.begin_next()
    until(lambda: step(store, first))
    launcher.warm_up(store.home)
    ready = launcher._waiting[1].pid
    second = add(store, "b", 2.0)
    until(lambda: step(store, second))
    assert store.job(second.id).pid == ready != store.job(first.id).pid


def test_two_runs_of_a_killed_server_go_on_and_the_next_server_can_stop_each(store, launcher):
    process, job_id = server(store, gib=2.0, **LONG)
    first = store.job(job_id)
    until(lambda: step(store, first))
    Queue(store).allow(2)
    runner = Runner(store, launcher, Patience(look=0.05, idle=0.05), room=room_of(store))
    second = add(store, "b", 2.0)
    until(lambda: step(store, second))
    kill(process)
    before = step(store, first)
    until(lambda: step(store, first) > before + 10)
    for job in (first, second):
        store.request_stop(job.id)
        assert until(lambda job=job: ended(store, job)).state is RunState.STOPPED
    runner.close()


def test_two_runners_of_one_home_never_begin_more_than_are_allowed(store):
    Queue(store).allow(2)
    launchers = [ProcessLauncher([sys.executable, WORKER]) for _ in range(2)]
    stores = [Store(store.home) for _ in launchers]
    pairs = zip(stores, launchers, strict=True)
    runners = [Runner(one, launcher, Patience(look=0.02, idle=0.02), room=room_of(one)) for one, launcher in pairs]
    jobs = [add(store, name, 1.0, steps=5, pause=0.02) for name in "abcdef"]
    most = 0
    while not all(ended(store, job) for job in jobs):
        most = max(most, len(store.at_work()))
    [runner.close() for runner in runners]
    assert most == 2
    assert {store.job(job.id).state for job in jobs} == {RunState.DONE}


def test_beside_an_export_nothing_begins_and_it_begins_beside_nothing(store, runner):
    first, second = together(store, runner, 2.0, 2.0)
    store.request_stop(second.id)
    until(lambda: ended(store, second))
    export = store.add_job(second.run_id, "export")
    told = until(lambda: Queue(store).place_of(second.run_id).lack)
    assert told == "until nothing else is at work: only of trainings the memory is forecast"
    store.request_stop(first.id)
    assert until(lambda: ended(store, export)).state is RunState.DONE


def test_a_run_whose_memory_cannot_be_forecast_begins_alone(store, runner):
    Queue(store).allow(2)
    first = add(store, "a", 2.0)
    runner.begin_next()
    until(lambda: step(store, first))
    second = store.add_run({"seed": 2}, "b")
    told = until(lambda: Queue(store).place_of(second.run_id).lack)
    assert told == "until nothing else is at work: the memory cannot be forecast (Its model is gone.)"
    store.request_stop(first.id)
    assert until(lambda: ended(store, second)).state is RunState.DONE


def test_threads_of_one_program_train_one_after_the_other(store):
    launcher = ThreadLauncher(fake_worker.WORK)
    runner = Runner(store, launcher, Patience(look=0.02, idle=0.02), room=room_of(store))
    Queue(store).allow(2)
    jobs = [add(store, name, 1.0, steps=5, pause=0.02) for name in "ab"]
    runner.begin_next()
    most = 0
    while not all(ended(store, job) for job in jobs):
        most = max(most, len(store.at_work()))
    runner.close()
    launcher.close()
    assert most == 1


def test_limits_out_of_range_are_told_together(store):
    with pytest.raises(SettingsError) as refused:
        Queue(store).allow(0, -1.0)
    assert set(refused.value.problems) == {"at_once", "room"}
    assert Queue(store).limit.at_once == 1
    assert SPARE * MACHINE.memory_total_gib == 1.0, "what the numbers above count with"
