"""A worker that waits for a job has its libraries loaded already, and goes when nobody is left to send one."""

import time

import psutil

from core.events import RunState
from core.job.worker import LOG_NAME
from core.store.wishes import NOW
from tests.unit.job.test_job_process import ended, kill, server, start, until, worker_that


def test_a_waiting_worker_takes_the_next_job(store, launcher, runner):
    launcher.warm_up(store.home)
    waiting = launcher._waiting[1].pid
    launcher.warm_up(store.home)
    assert launcher._waiting[1].pid == waiting
    job = start(store, runner)
    assert until(lambda: ended(store, job)).state is RunState.DONE
    assert store.job(job.id).pid == waiting


def test_while_a_run_is_scored_a_worker_gets_ready_for_the_one_that_waits(store, launcher, runner):
    first = start(store, runner, score=300)
    until(lambda: store.job(first.id).state is RunState.EVALUATING)
    time.sleep(0.5)
    assert launcher._waiting is None, "nothing waits"
    second = store.add_run({}, "next")
    ready = until(lambda: launcher._waiting)[1]
    time.sleep(0.5)
    assert launcher._waiting[1] is ready, "one is enough"
    store.request_stop(first.id, NOW)
    assert until(lambda: ended(store, second)).state is RunState.DONE
    assert store.job(second.id).pid == ready.pid


def test_for_a_run_that_is_held_no_worker_gets_ready(store, launcher, runner):
    first = start(store, runner, score=300)
    until(lambda: store.job(first.id).state is RunState.EVALUATING)
    store.pause_queue(paused=True)
    store.add_run({}, "held")
    time.sleep(0.5)
    assert launcher._waiting is None
    store.request_stop(first.id, NOW)


def test_a_waiting_worker_that_died_is_replaced(store, launcher, runner):
    launcher.warm_up(store.home)
    launcher._waiting[1].kill()
    launcher._waiting[1].wait()
    job = start(store, runner)
    assert until(lambda: ended(store, job)).state is RunState.DONE


def test_a_waiting_worker_goes_when_its_server_is_killed(store):
    process, pid = server(store, warm_only=True)
    assert psutil.pid_exists(pid)
    kill(process)
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_a_closed_launcher_leaves_no_waiting_worker(store, launcher):
    launcher.warm_up(store.home)
    process = launcher._waiting[1]
    launcher.close()
    assert process.returncode == 0


def test_a_waiting_worker_loads_the_training_libraries(store):
    launcher = worker_that("importlib.import_module = lambda name: print('loads', name, flush=True)")
    launcher.warm_up(store.home)
    log = store.home / LOG_NAME
    assert until(lambda: log.read_text(encoding="utf-8")) == "loads core.backend.train\n"
    launcher.close()
