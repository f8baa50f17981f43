"""What a worker does with a job: how each end is told, and how events reach the store."""

import threading
import time

import pytest

from core.errors import MachineError, Stopped
from core.events import CheckpointSaved, MemoryMeasured, Noted, RunState, StateChanged, StepTaken
from core.job.journal import Journal
from core.job.launchers.thread import ThreadLauncher
from core.job.runner import Patience, Runner
from core.job.worker import LOG_NAME, perform
from core.store.steering import Steering
from core.store.store import Store
from tests.unit.job import fake_worker
from tests.unit.job.fake_worker import step_taken


@pytest.fixture
def store(tmp_path):
    with_home = Store(tmp_path / "home")
    yield with_home
    with_home.close()


def prepared(store, **plan):
    """A job that a runner has just begun."""
    job = store.add_run(plan, "mine")
    store.append(job.id, StateChanged(state=RunState.PREPARING))
    return store.job(job.id)


def run(store, **plan):
    job = prepared(store, **plan)
    perform(job, store, Steering(), fake_worker.WORK)
    return store.job(job.id)


def last(store, job):
    return store.last(job.run_id, StateChanged)


def test_a_run_goes_from_training_to_done_and_tells_every_step_once(store):
    job = run(store, steps=50)
    said = [record.event for record in store.since(job.run_id)]
    states = [event.state.value for event in said if isinstance(event, StateChanged)]
    assert states == ["QUEUED", "PREPARING", "TRAINING", "EVALUATING", "DONE"]
    assert [event.step for event in said if isinstance(event, StepTaken)] == list(range(1, 51))
    # What comes after the steps is written after them.
    assert isinstance(said[-4], StepTaken)


def test_a_users_mistake_is_told_as_it_is(store):
    job = run(store, wrong="data")
    assert (last(store, job).state, last(store, job).reason) == (RunState.FAILED, "Row 3 of train.csv is empty.")
    assert last(store, job).fix == "Remove the row."


def test_what_a_library_raises_becomes_a_sentence_and_its_traceback_stays_in_the_log(store):
    job = run(store, wrong="library")
    assert last(store, job).state is RunState.FAILED
    assert fake_worker.LIBRARY_BUG in last(store, job).reason
    log = (store.run_folder(job.run_id) / LOG_NAME).read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "go_wrong" in log


def test_the_models_of_a_failed_run_are_let_go(store):
    held = []

    class Model:
        def __del__(self):
            held.remove("model")

    def work(job, store, emit, stopping):
        model = Model()
        held.append("model")
        raise RuntimeError(f"{type(model)} does not fit")

    perform(prepared(store), store, Steering(), {"train": work})
    assert held == []


def test_a_stop_that_came_before_the_work_ends_it_before_it_begins(store):
    job = prepared(store)
    store.request_stop(job.id)
    perform(job, store, Steering(), {"train": pytest.fail})
    assert store.job(job.id).state is RunState.STOPPED


def test_a_stop_during_training_is_told_with_the_step(store):
    job = prepared(store, steps=10_000, pause=0.01, save_every=5)
    worker = threading.Thread(target=perform, args=(job, store, Steering(), fake_worker.WORK))
    worker.start()
    while store.last(job.run_id, CheckpointSaved) is None:
        time.sleep(0.01)
    assert store.request_stop(job.id) is RunState.STOPPING
    worker.join(100)
    end, step = last(store, job), store.last(job.run_id, StepTaken).step
    assert end.state is RunState.STOPPED
    assert end.reason == f"Stopped after step {step} of 10000."
    assert end.fix == f"Resume from step {store.last(job.run_id, CheckpointSaved).step}."


def test_work_that_goes_on_to_the_next_state_after_a_stop_is_stopped_there(store):
    def work(job, store, emit, stopping):
        emit(StateChanged(state=RunState.TRAINING))
        store.request_stop(job.id)
        emit(StateChanged(state=RunState.EVALUATING))
        pytest.fail("it went on")

    job = prepared(store)
    perform(job, store, Steering(), {"train": work})
    assert store.job(job.id).state is RunState.STOPPED


def test_work_that_was_done_when_the_stop_came_says_so(store):
    def work(job, store, emit, stopping):
        store.request_stop(job.id)

    job = prepared(store)
    perform(job, store, Steering(), {"train": work})
    assert store.job(job.id).state is RunState.DONE


def test_a_move_that_the_table_does_not_have_is_a_failure_not_a_stop(store):
    def work(job, store, emit, stopping):
        emit(StateChanged(state=RunState.TRAINING))
        emit(StateChanged(state=RunState.EXPORTING))

    job = prepared(store)
    perform(job, store, Steering(), {"train": work})
    assert "cannot go from TRAINING to EXPORTING" in last(store, job).reason


def test_work_whose_job_was_given_up_or_deleted_ends(store):
    for give_up in (lambda job: store.lose(job.id, "Lost"), lambda job: (store.lose(job.id, ""), delete(store, job))):
        job, stopping = prepared(store, steps=1_000_000, pause=0.01), Steering()
        worker = threading.Thread(target=perform, args=(job, store, stopping, fake_worker.WORK))
        worker.start()
        while store.last(job.run_id, StepTaken) is None:
            time.sleep(0.01)
        give_up(job)
        worker.join(100)
        assert not worker.is_alive()
        assert [job.state for job in store.jobs(job.run_id)] in ([RunState.LOST], [])


def delete(store, job):
    store.delete_run(job.run_id)


def test_work_on_a_closed_store_ends(tmp_path):
    store = Store(tmp_path)
    job = prepared(store, steps=1_000_000, pause=0.01)
    worker = threading.Thread(target=perform, args=(job, store, Steering(), fake_worker.WORK))
    worker.start()
    while store.last(job.run_id, StepTaken) is None:
        time.sleep(0.01)
    store.close()
    worker.join(100)
    assert not worker.is_alive()


def test_the_journal_keeps_the_order_of_what_several_threads_say(store):
    job = prepared(store)
    store.append(job.id, StateChanged(state=RunState.TRAINING))
    journal = Journal(store, job.id, threading.Event())

    def measure():
        for number in range(300):
            journal.emit(MemoryMeasured(seconds=number, step=0, kind="process", used_gib=1.0, total_gib=2.0))

    sampler = threading.Thread(target=measure)
    sampler.start()
    for number in range(1, 301):
        journal.emit(step_taken(number, 300, float(number)))
        if number % 100 == 0:
            journal.emit(Noted(text=f"{number}"))
    sampler.join()
    journal.close(StateChanged(state=RunState.DONE))
    said = [record.event for record in store.since(job.run_id)]
    assert [event.seconds for event in said if isinstance(event, MemoryMeasured)] == list(range(300))
    mine = [event for event in said if isinstance(event, StepTaken | Noted)]
    assert [event.text if isinstance(event, Noted) else event.step for event in mine] == [
        each for number in range(1, 301) for each in ([number, f"{number}"] if number % 100 == 0 else [number])
    ]
    assert said[-1] == StateChanged(state=RunState.DONE)


def test_frequent_events_are_written_soon_though_nothing_else_is_said(store):
    job = prepared(store)
    journal = Journal(store, job.id, threading.Event())
    journal.emit(step_taken(1, 2, 0.1))
    until = time.monotonic() + 100
    while store.last(job.run_id, StepTaken) is None and time.monotonic() < until:
        time.sleep(0.02)
    assert store.last(job.run_id, StepTaken).step == 1
    journal.close(StateChanged(state=RunState.DONE))


def test_what_a_full_disk_refused_is_written_when_there_is_room(store, monkeypatch):
    job = prepared(store)
    journal, refused = Journal(store, job.id, threading.Event()), []
    write = store.append_all

    def full(job_id, said):
        refused.append(said)
        if len(refused) < 3:
            raise MachineError("The disk is full.")
        return write(job_id, said)

    monkeypatch.setattr(store, "append_all", full)
    journal.emit(step_taken(1, 2, 0.1))
    journal.emit(step_taken(2, 2, 0.2))
    journal.close(StateChanged(state=RunState.DONE))
    said = [record.event for record in store.since(job.run_id)]
    assert [event.step for event in said if isinstance(event, StepTaken)] == [1, 2]
    assert store.job(job.id).state is RunState.DONE


def test_a_journal_of_a_job_that_is_over_says_stopped(store):
    job, stopping = prepared(store), threading.Event()
    store.lose(job.id, "Lost")
    journal = Journal(store, job.id, stopping)
    with pytest.raises(Stopped):
        journal.emit(Noted(text="x"))
    assert stopping.is_set()
    journal.close(StateChanged(state=RunState.DONE))
    assert store.job(job.id).state is RunState.LOST


def test_a_thread_launcher_that_closes_stops_its_work(store):
    launcher = ThreadLauncher(fake_worker.WORK)
    runner = Runner(store, launcher, Patience(look=0.05))
    job = store.add_run({"steps": 1_000_000, "pause": 0.01}, "thread")
    runner.begin_next()
    while store.last(job.run_id, StepTaken) is None:
        time.sleep(0.01)
    runner.close()
    launcher.close()
    assert store.job(job.id).state is RunState.STOPPED


def test_a_thread_that_does_not_listen_is_not_called_stopped(store):
    begun, let_go = threading.Event(), threading.Event()

    def work(job, store, emit, stopping):
        begun.set()
        let_go.wait(100)
        raise Stopped

    launcher = ThreadLauncher({"train": work})
    runner = Runner(store, launcher, Patience(look=0.02, stop_preparing=0.0))
    job = store.add_run({}, "deaf")
    runner.begin_next()
    assert begun.wait(100)
    store.request_stop(job.id)
    time.sleep(0.2)  # some looks of the runner, which can do nothing about it
    assert store.job(job.id).state is RunState.STOPPING
    let_go.set()
    runner.close()
    launcher.close()
    assert store.job(job.id).state is RunState.STOPPED


def test_a_job_that_was_stopped_before_it_was_submitted_is_not_started(store):
    launcher = ThreadLauncher({"train": pytest.fail})
    runner = Runner(store, launcher)
    job = store.add_run({}, "early")
    store.request_stop(job.id)
    runner.begin_next()
    runner.close()
    assert store.job(job.id).state is RunState.STOPPED


def test_a_launcher_that_cannot_start_says_why(store):
    class NoRoom(ThreadLauncher):
        def start(self, job, store):
            raise OSError(12, "Cannot allocate memory")

    runner = Runner(store, NoRoom())
    job = store.add_run({}, "big")
    runner.begin_next()
    runner.close()
    assert last(store, job).state is RunState.FAILED
    assert "Cannot allocate memory" in last(store, job).reason
