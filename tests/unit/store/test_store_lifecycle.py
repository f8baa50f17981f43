"""P1: legal moves only, final states stay, one job at a time, a stop is idempotent."""

import itertools
import random
import tempfile
import threading
from pathlib import Path

import pytest

from core.errors import BusyError, NotFoundError
from core.events import CheckpointSaved, Noted, RunState, StateChanged, StepTaken
from core.store.lifecycle import NEXT, IllegalMove
from core.store.store import Store
from core.store.wishes import FREE, NOW


def states(store, job):
    """All states that the log says the job had, in order."""
    said = [record.event for record in store.since(job.run_id) if record.job_id == job.id]
    return [event.state for event in said if isinstance(event, StateChanged)]


def step(number, total=10):
    return StepTaken(
        step=number, total_steps=total, epoch=0.1, loss=1.0, learning_rate=0.1, grad_norm=None, tokens=1, seconds=number
    )


def try_something(dice, store, job):
    """Do one random thing to a job, whether it makes sense or not."""
    match dice.randrange(9):
        case 0 | 1 | 2:
            store.append(job.id, StateChanged(state=dice.choice(list(RunState))))
        case 3:
            store.append(job.id, dice.choice([step(1), Noted(text="x")]))
        case 4:
            wish = dice.choice(["", FREE, NOW])
            assert store.request_stop(job.id, wish) == store.request_stop(job.id, wish)
        case 5:
            store.claim(job.id, dice.choice([11, 12]), 1.0)
        case 6:
            store.lose(job.id, "The worker process ended")
        case 7:
            store.add_job(job.run_id, "train")
        case 8:
            wish_or_order(dice, store, job)


def wish_or_order(dice, store, job):
    """Wish something of a job that goes on, or order one that waits."""
    match dice.randrange(6):
        case 0:
            assert store.request_pause(job.id) == store.request_pause(job.id) == RunState.PAUSED
        case 1:
            assert store.request_go_on(job.id) == store.request_go_on(job.id) == RunState.TRAINING
        case 2:
            store.request_save(job.id)
            assert store.take_wish_to_save(job.id)
            assert not store.take_wish_to_save(job.id)
        case 3:
            taken = store.take()
            assert taken is None or (taken.run_id, taken.state) == (job.run_id, RunState.PREPARING)
        case 4:
            store.postpone(job.id, held=dice.random() < 0.5)
        case 5:
            assert store.reorder(job.id, lambda place: place + 1) == 0


@pytest.fixture
def fast_store():
    """A store in memory where the system has such a folder: it is the moves that are tested, not the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        store = Store(Path(folder))
        yield store
        store.close()


def test_of_a_thousand_random_histories_each_is_legal(fast_store):
    store, dice = fast_store, random.Random(7)
    for _ in range(1000):
        job = store.add_run({}, "any")
        workers = set()
        for _ in range(dice.randrange(1, 9)):
            before = store.job(job.id)
            try:
                try_something(dice, store, job)
            except (IllegalMove, BusyError):
                # What was refused left no trace.
                assert store.job(job.id) == before
            job = store.job(job.id)
            workers |= {job.pid} - {None}
            assert len(store._jobs("WHERE state NOT IN ('QUEUED', 'DONE', 'STOPPED', 'FAILED', 'LOST')")) <= 1
            if before.state.is_final:
                assert job.state == before.state
            assert len(store.unfinished()) <= 1
        for each in store.jobs(job.run_id):
            said = states(store, each)
            assert said[0] is RunState.QUEUED
            assert said[-1] == store.job(each.id).state
            assert all(then in NEXT[now] for now, then in itertools.pairwise(said))
            store.lose(each.id, "The test ended")
        assert len(workers) <= 1


def test_of_many_ends_at_once_one_is_told(store):
    for _ in range(20):
        job = store.add_run({}, "race")
        store.append(job.id, StateChanged(state=RunState.PREPARING))
        ends = [RunState.DONE, RunState.FAILED, RunState.LOST, RunState.STOPPING]
        line = threading.Barrier(len(ends))

        def end(state, job=job, line=line):
            line.wait()
            try:
                store.append(job.id, StateChanged(state=state))
            except IllegalMove:
                return

        threads = [threading.Thread(target=end, args=(state,)) for state in ends]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert sum(state.is_final for state in states(store, job)) == 1


def test_a_stop_before_the_start_ends_the_job_at_once(store):
    job = store.add_run({}, "early")
    assert store.request_stop(job.id) is RunState.STOPPED
    assert store.request_stop(job.id) is RunState.STOPPED
    assert states(store, job) == [RunState.QUEUED, RunState.STOPPED]


def test_resuming_makes_the_next_attempt_of_the_same_run(store):
    first = store.add_run({}, "again")
    with pytest.raises(BusyError, match="already running"):
        store.add_job(first.run_id, "train", {"resume": True})
    store.lose(first.id, "The worker process ended")
    second = store.add_job(first.run_id, "train", {"resume": True})
    assert (second.attempt, second.task, second.run_id) == (2, {"resume": True}, first.run_id)
    store.lose(second.id, "The worker process ended")
    scored = store.add_job(first.run_id, "evaluate")
    assert scored.attempt == 2
    assert store.latest(first.run_id, "train") == store.job(second.id)


def test_a_lost_job_says_how_far_it_came_and_where_to_go_on(store):
    job = store.add_run({}, "lost")
    store.append(job.id, StateChanged(state=RunState.PREPARING))
    store.append(job.id, StateChanged(state=RunState.TRAINING))
    for number in range(1, 8):
        store.append(job.id, step(number))
    store.append(job.id, CheckpointSaved(step=6, folder="checkpoint-6", size_bytes=1))
    store.append(job.id, CheckpointSaved(step=7, folder="best", size_bytes=1))  # weights alone: nothing to resume from
    store.lose(job.id, "The worker process ended")
    last = store.last(job.run_id, StateChanged)
    assert last.reason == "The worker process ended after step 7 of 10."
    assert last.fix == "Resume from step 6."


def test_a_job_that_trained_to_the_end_is_not_told_to_train_again(store):
    job = store.add_run({}, "scored")
    for state in (RunState.PREPARING, RunState.TRAINING, RunState.EVALUATING):
        store.append(job.id, StateChanged(state=state))
    store.lose(job.id, "The worker process ended")
    assert store.last(job.run_id, StateChanged).fix == "Start the evaluation again."


def test_a_second_worker_cannot_take_a_job(store):
    job = store.add_run({}, "one worker")
    assert store.claim(job.id, 11, 1.0).pid == 11
    assert store.claim(job.id, 11, 1.0).pid == 11
    with pytest.raises(IllegalMove, match="belongs to process 11"):
        store.claim(job.id, 12, 1.0)
    store.lose(job.id, "The worker process ended")
    with pytest.raises(IllegalMove, match="is over"):
        store.claim(job.id, 11, 1.0)


def test_what_does_not_exist_is_named(store):
    with pytest.raises(NotFoundError, match="no job 7"):
        store.append(7, Noted(text="x"))
    with pytest.raises(NotFoundError, match="no run 'r0000000000'"):
        store.add_job("r0000000000", "train")
