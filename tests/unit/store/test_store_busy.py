"""P3: of many starts at once, one is a run."""

import multiprocessing
import os
import threading

import pytest

from core.errors import BusyError
from core.events import RunState, StateChanged
from core.store.identity import ProcessIdentity, identify, this_process
from core.store.store import Store

STARTS = 20


def try_to_start(home, line, outcomes):
    """Start a run at the same moment as the others."""
    store = Store(home)
    line.wait()
    try:
        outcomes.append(store.add_run({}, "mine").run_id)
    except BusyError as error:
        outcomes.append(str(error))
    store.close()


def check(home, outcomes):
    store = Store(home)
    refused = [text for text in outcomes if "already running" in text]
    assert len(outcomes) == STARTS
    assert len(refused) == STARTS - 1
    assert "'mine'" in refused[0]
    (run,) = store.runs()
    assert [run.id] == [text for text in outcomes if text not in refused]
    assert len(store.since(run.id)) == 1
    assert [folder.name for folder in (home / "runs").iterdir()] == [run.id]


def test_of_twenty_threads_one_starts_a_run(tmp_path):
    outcomes, line = [], threading.Barrier(STARTS)
    threads = [threading.Thread(target=try_to_start, args=(tmp_path, line, outcomes)) for _ in range(STARTS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    check(tmp_path, outcomes)


def start_and_tell(home, line, path):
    outcomes = []
    try_to_start(home, line, outcomes)
    path.write_text(outcomes[0], encoding="utf-8")
    line.wait()  # an owner that ended would leave its run to the next


def test_of_twenty_processes_one_starts_a_run(tmp_path):
    fork = multiprocessing.get_context("fork")
    line, home = fork.Barrier(STARTS), tmp_path / "home"
    notes = [tmp_path / f"{number}.txt" for number in range(STARTS)]
    processes = [fork.Process(target=start_and_tell, args=(home, line, note)) for note in notes]
    [process.start() for process in processes]
    [process.join() for process in processes]
    check(home, [note.read_text(encoding="utf-8") for note in notes])


def queued_by_a_program_that_died(home):
    process = multiprocessing.get_context("fork").Process(target=lambda: Store(home).add_run({}, "orphan"))
    process.start()
    process.join()
    store = Store(home)
    return store, store.waiting()[0]


def test_a_job_that_was_begun_by_a_program_that_died_blocks_nobody(tmp_path):
    store, orphan = queued_by_a_program_that_died(tmp_path)
    store.append(orphan.id, StateChanged(state=RunState.PREPARING))
    second = store.add_run({}, "second")
    assert store.job(orphan.id).state is RunState.LOST
    assert store.take().id == second.id


def test_a_job_that_waits_needs_no_program(tmp_path):
    store, orphan = queued_by_a_program_that_died(tmp_path)
    store.add_run({"seed": 2}, "second")
    assert store.take().id == orphan.id
    assert store.job(orphan.id).owner == this_process()


def test_a_worker_that_lives_blocks_even_when_its_program_died(tmp_path):
    store, orphan = queued_by_a_program_that_died(tmp_path)
    store.append(orphan.id, StateChanged(state=RunState.PREPARING))
    store.claim(orphan.id, *_pair(this_process()))
    with pytest.raises(BusyError):
        store.add_run({}, "second")
    store.add_run({"seed": 2}, "third")
    assert store.take() is None


def test_a_stranger_with_the_workers_process_id_does_not_count(tmp_path):
    store = Store(tmp_path)
    job = store.add_run({}, "reused")
    store.append(job.id, StateChanged(state=RunState.PREPARING))
    me = this_process()
    store.claim(job.id, me.pid, me.created - 5)
    assert not store.job(job.id).is_answered
    store.add_run({}, "second")
    assert store.job(job.id).state is RunState.LOST


def test_a_zombie_counts_as_dead():
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert identify(child) is None
    os.waitpid(child, 0)
    assert this_process().is_alive
    assert not ProcessIdentity(2**22 + 1, 1.0).is_alive


def _pair(process):
    return process.pid, process.created
