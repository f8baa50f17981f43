"""The queue: an order that can be changed, survives everything, and from which each job is taken once."""

import multiprocessing
import os
import random
import signal
import threading
import time

import pytest

from core.errors import BusyError
from core.events import RunState, StateChanged
from core.store.schema import VERSION
from core.store.store import Store
from tests.unit.store.conftest import queued
from tests.unit.store.older import make_older

FORK = multiprocessing.get_context("fork")


def line(store):
    return [job.id for job in store.waiting()]


def finish(store, job):
    store.append(job.id, StateChanged(state=RunState.DONE))


def test_runs_begin_in_the_order_in_which_they_came_one_at_a_time(store):
    jobs = queued(store, "a", "b", "c")
    for job_id in jobs:
        taken = store.take()
        assert (taken.id, taken.state) == (job_id, RunState.PREPARING)
        assert store.take() is None
        assert store.active().id == job_id
        finish(store, taken)
    assert store.take() is None


def test_any_sequence_of_moves_leaves_the_same_runs_in_the_order_that_was_asked_for(store):
    wanted, dice = queued(store, *"abcdef"), random.Random(5)
    for _ in range(60):
        job_id = dice.choice(wanted)
        step = dice.choice([-100, -1, 1, 100])
        place = max(0, min(len(wanted) - 1, wanted.index(job_id) + step))
        wanted.remove(job_id)
        wanted.insert(place, job_id)
        assert store.reorder(job_id, lambda now, step=step: now + step) == place
        assert line(store) == wanted
    newcomer = queued(store, "g")
    assert line(store) == wanted + newcomer


def test_a_run_that_has_begun_has_no_place_any_more(store):
    (job_id,) = queued(store, "a")
    store.take()
    with pytest.raises(BusyError, match="preparing"):
        store.reorder(job_id, lambda place: 0)
    with pytest.raises(BusyError, match="preparing"):
        store.postpone(job_id, held=True)


def test_a_paused_queue_begins_nothing_and_says_so_to_every_program(store):
    queued(store, "a", "b")
    store.pause_queue(paused=True)
    assert Store(store.home).queue_is_paused
    assert store.take() is None
    Store(store.home).pause_queue(paused=False)
    assert store.take() is not None


def test_a_run_begins_not_before_its_time_and_lets_others_pass(store, monkeypatch):
    clock = time.time()
    late = store.add_run({"seed": 1}, "late", clock + 3600)
    (soon,) = queued(store, "soon")
    taken = store.take()
    assert taken.id == soon
    finish(store, taken)
    for jump in (-86_400, 0, 3599):  # a clock that is set back or forth only moves the moment
        monkeypatch.setattr(time, "time", lambda jump=jump: clock + jump)
        assert store.take() is None
    monkeypatch.setattr(time, "time", lambda: clock + 3601)
    assert store.take().id == late.id


def test_a_held_run_waits_until_it_is_let_go(store):
    held, other = queued(store, "held", "other")
    store.postpone(held, held=True)
    assert store.take().id == other
    finish(store, store.job(other))
    assert store.take() is None
    store.postpone(held)
    assert store.take().id == held


def test_a_run_that_is_taken_out_is_stopped_and_the_next_moves_up(store):
    first, second = queued(store, "first", "second")
    assert store.request_stop(first) is RunState.STOPPED
    assert line(store) == [second]
    assert store.take().id == second


def test_the_same_plan_is_refused_under_any_name_and_a_different_one_waits(store):
    store.add_run({"seed": 1, "name": "a"}, "a")
    with pytest.raises(BusyError, match=r"already running or waiting: 'a' \(queued\)"):
        store.add_run({"name": "b", "seed": 1}, "b")
    store.add_run({"seed": 2, "name": "b"}, "b")
    assert len(line(store)) == 2


def test_a_program_whose_work_ends_with_it_leaves_to_others_what_living_programs_queued(store):
    ready, done = FORK.Event(), FORK.Event()

    def queue_and_live():
        queued(Store(store.home), "of another")
        ready.set()
        done.wait(100)

    process = FORK.Process(target=queue_and_live)
    process.start()
    assert ready.wait(100)
    assert store.take(only_own=True) is None
    (mine,) = queued(store, "mine")
    assert store.take(only_own=True).id == mine
    finish(store, store.job(mine))
    done.set()
    process.join()
    assert store.run(store.take(only_own=True).run_id).name == "of another"


RUNS = 40


def take_and_finish(home, path):
    """Take whatever comes, as a runner does, and write down what was got."""
    store = Store(home)
    with path.open("a") as got:
        while store.unfinished():
            job = store.take()
            if job is not None:
                got.write(f"{job.id}\n")
                got.flush()
                finish(store, job)


def test_of_several_processes_that_fight_over_the_queue_each_run_goes_to_one(store, tmp_path):
    jobs = queued(store, *map(str, range(RUNS)))
    notes = [tmp_path / f"{number}.txt" for number in range(3)]
    processes = [FORK.Process(target=take_and_finish, args=(store.home, note)) for note in notes]
    [process.start() for process in processes]
    [process.join() for process in processes]
    got = [int(number) for note in notes for number in note.read_text().split()]
    assert sorted(got) == jobs
    for job_id in jobs:
        states = [event.state for event in store.tail(job_id, StateChanged, 9)]
        assert states == [RunState.DONE, RunState.PREPARING, RunState.QUEUED]


def test_a_program_that_is_killed_while_it_takes_loses_at_most_the_run_that_it_had_begun(store, tmp_path):
    dice, jobs, killed = random.Random(11), queued(store, *map(str, range(RUNS))), 0
    while store.unfinished():
        process = FORK.Process(target=take_and_finish, args=(store.home, tmp_path / "got.txt"))
        process.start()
        process.join(dice.uniform(0.02, 0.1))
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            killed += 1
        store.mark_lost()
    states = [store.job(job_id).state for job_id in jobs]
    assert set(states) <= {RunState.DONE, RunState.LOST}
    assert states.count(RunState.LOST) <= killed


def test_of_many_threads_that_ask_at_once_one_gets_the_run(store):
    queued(store, "a")
    got, barrier = [], threading.Barrier(8)

    def take():
        barrier.wait()
        got.append(store.take())

    threads = [threading.Thread(target=take) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len([job for job in got if job]) == 1


def test_a_store_without_a_queue_gets_one_and_keeps_its_runs(tmp_path):
    store = Store(tmp_path)
    (old,) = queued(store, "old")
    store.append(old, StateChanged(state=RunState.LOST))
    store.close()
    make_older(tmp_path, 1)
    store = Store(tmp_path)
    assert store._rows("PRAGMA user_version")[0][0] == VERSION
    assert [row.name for row in store.runs()] == ["old"]
    assert store.job(old).state is RunState.LOST
    jobs = queued(store, "a", "b")
    assert line(store) == jobs
