"""Several jobs at work: as many as the operator allows, each taken once, and never one that was not reckoned for."""

import multiprocessing
import sqlite3

import pytest

from core.events import RunState, StateChanged
from core.store.queue import Fitting, Limit
from core.store.schema import VERSION
from core.store.store import Store
from tests.unit.store.conftest import queued
from tests.unit.store.older import make_older

FORK = multiprocessing.get_context("fork")


def fitting(store):
    """The next job, as if it fitted beside all that are at work."""
    after = store.next_up()
    return after and Fitting(after.id, frozenset(job.id for job in store.at_work()))


def test_without_an_operators_word_one_job_is_at_work(store):
    first, _ = queued(store, "a", "b")
    assert store.limit == Limit(1, None)
    assert store.take().id == first
    assert store.take() is None
    assert store.take(fitting=fitting(store)) is None


def test_as_many_are_at_work_as_are_allowed_and_each_lane_is_used_again(store):
    jobs = queued(store, *"abcd")
    store.set_limit(Limit(2, 5.0))
    assert Store(store.home).limit == Limit(2, 5.0)
    assert store.take().id == jobs[0]
    assert store.take() is None, "beside another only what was reckoned"
    assert store.take(fitting=fitting(store)).id == jobs[1]
    assert store.take(fitting=fitting(store)) is None
    assert [job.id for job in store.soon()] == jobs[:2]
    store.append(jobs[0], StateChanged(state=RunState.DONE))
    assert [job.id for job in store.soon()] == jobs[1:3]
    assert store.take(fitting=fitting(store)).id == jobs[2]
    assert sorted(row["lane"] for row in store._rows("SELECT lane FROM jobs WHERE state = 'PREPARING'")) == [0, 1]


def test_what_was_reckoned_for_others_does_not_begin(store):
    a, b, c = queued(store, *"abc")
    store.set_limit(Limit(3))
    store.take()
    reckoned = fitting(store)
    store.reorder(c, lambda _: 0)
    assert store.take(fitting=reckoned) is None, "another is the next now"
    assert store.take(fitting=Fitting(c, frozenset({a}))).id == c
    assert store.take(fitting=reckoned) is None, "one more is at work now"
    store.append(a, StateChanged(state=RunState.DONE))
    store.append(c, StateChanged(state=RunState.DONE))
    assert store.take(fitting=reckoned) is None
    store.pause_queue(paused=True)
    assert store.take(fitting=Fitting(b, frozenset())) is None


def test_the_database_itself_refuses_two_jobs_in_one_lane(store):
    queued(store, "a", "b")
    store.take()
    with pytest.raises(sqlite3.IntegrityError):
        store._connection.execute("UPDATE jobs SET state = 'PREPARING'")


def test_what_a_job_lacks_changes_the_queues_stamp_and_is_forgotten_when_it_begins(store):
    (job,) = queued(store, "a")
    before = store.queue_stamp()
    store.say_lack(job, "for memory")
    assert store.queue_stamp() != before
    assert store.job(job).waits == "for memory"
    assert store.take().waits == ""
    store.say_lack(job, "for memory")
    assert store.job(job).waits == ""


def take_and_finish(home, path, most):
    """Take whatever comes, two at a time, and note how many were at work."""
    store = Store(home)
    with path.open("a") as got:
        while store.unfinished():
            job = store.take() or ((wanted := fitting(store)) and store.take(fitting=wanted))
            if job:
                got.write(f"{job.id}\n")
                got.flush()
                with most.get_lock():
                    most.value = max(most.value, len(store.at_work()))
                store.append(job.id, StateChanged(state=RunState.DONE))


def test_of_several_processes_that_fight_over_two_lanes_each_run_goes_to_one(store, tmp_path):
    jobs = queued(store, *map(str, range(30)))
    store.set_limit(Limit(2))
    most = FORK.Value("i", 0)
    notes = [tmp_path / f"{number}.txt" for number in range(3)]
    processes = [FORK.Process(target=take_and_finish, args=(store.home, note, most)) for note in notes]
    [process.start() for process in processes]
    [process.join() for process in processes]
    assert sorted(int(number) for note in notes for number in note.read_text().split()) == jobs
    assert most.value <= 2
    for job_id in jobs:
        states = [event.state for event in store.tail(job_id, StateChanged, 9)]
        assert states == [RunState.DONE, RunState.PREPARING, RunState.QUEUED]


def test_a_store_of_one_lane_gets_more_and_the_run_that_is_at_work_goes_on(tmp_path):
    old = Store(tmp_path)
    begun, waiting = queued(old, "a", "b")
    old.take()
    old.pause_queue(paused=True)
    old.close()
    make_older(tmp_path, 5)
    store = Store(tmp_path)
    assert store._rows("PRAGMA user_version")[0][0] == VERSION
    assert (store.limit, store.queue_is_paused) == (Limit(), True)
    assert [job.id for job in store.at_work()] == [begun]
    store.set_limit(Limit(2))
    store.pause_queue(paused=False)
    assert store.take(fitting=fitting(store)).id == waiting
