"""A long run is opened by its landmarks: the extremes are there, nothing that happened seldom is missing."""

import random
import shutil
import sqlite3

import pytest

from core.events import MemoryMeasured, Noted, RunState, StateChanged, StepTaken, Validated
from core.store.landmarks import MANY, STRETCH
from core.store.schema import FILE_NAME, VERSION
from core.store.store import Store
from tests.unit.store.older import make_older
from ui.present import RunView, follow


def step(number, loss=1.0, norm=0.5):
    return StepTaken(
        step=number, total_steps=10**6, epoch=number / 1e3, loss=loss, learning_rate=1e-3, grad_norm=norm,
        tokens=700 * number, seconds=0.05 * number,
    )  # fmt: skip


def memory(number, gib):
    return MemoryMeasured(kind="ram", used_gib=gib, total_gib=24.0, seconds=float(number), step=number)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def begun(store):
    job = store.add_run({}, "long")
    store.append_all(job.id, [(0.0, StateChanged(state=state)) for state in (RunState.PREPARING, RunState.TRAINING)])
    return job


def write(store, job, events):
    events = list(events)
    for start in range(0, len(events), 997):
        store.append_all(job.id, [(1.0, event) for event in events[start : start + 997]])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A home with a run of more steps than are read one by one, with a peak, a dip and a gap that no other step has."""
    store = Store(tmp_path_factory.mktemp("written"))
    job, chance = begun(store), random.Random(3)
    strange = {12_345: step(12_345, loss=9.0), 20_001: step(20_001, loss=0.1), 7_777: step(7_777, loss=None)}
    norms = {23_456: step(23_456, norm=50.0)}
    told = []
    for number in range(1, MANY + 251):
        told.append((strange | norms).get(number) or step(number, 1 + chance.random(), chance.random()))
        if number % 3000 == 0:
            told.append(Validated(step=number, epoch=1.0, loss=2.0, best=number == 3000))
        if number % 10 == 0:
            told.append(memory(number, 5.0 if number == 15_000 else 1 + chance.random()))
    told.append(Noted(text="Something happened."))
    write(store, job, told)
    store.close()
    return store.home, job


@pytest.fixture
def opened(written, tmp_path):
    """The store of a home of the test's own, and the run in it."""
    home, job = written
    return Store(shutil.copytree(home, tmp_path / "home")), job


def test_a_short_run_is_read_whole(store):
    job = begun(store)
    write(store, job, map(step, range(1, 3 * STRETCH)))
    assert store.overview(job.run_id) == store.since(job.run_id)


def test_a_long_run_is_read_by_a_small_part_of_its_records(opened):
    store, long = opened
    assert len(store.overview(long.run_id)) < len(store.since(long.run_id)) / 20


def test_no_extreme_no_gap_and_nothing_seldom_is_missing(opened):
    store, long = opened
    records = store.overview(long.run_id)
    steps = {record.event.step for record in records if isinstance(record.event, StepTaken)}
    assert {1, 7_777, 12_345, 20_001, 23_456, MANY + 250} <= steps
    assert max(record.event.used_gib for record in records if isinstance(record.event, MemoryMeasured)) == 5.0
    seldom = (StateChanged, Validated, Noted)
    whole = store.since(long.run_id)
    assert [r for r in records if isinstance(r.event, seldom)] == [r for r in whole if isinstance(r.event, seldom)]
    assert [record.seq for record in records] == sorted({record.seq for record in records})


def test_a_page_opened_late_shows_what_one_that_followed_shows(opened):
    store, long = opened
    late = follow(RunView(), store.overview(long.run_id))
    early = follow(RunView(), store.since(long.run_id))
    same = (
        "seq",
        "jobs",
        "step",
        "epoch",
        "tokens",
        "seconds",
        "first_step",
        "validation",
        "best_step",
        "log",
        "peak_gib",
    )
    assert [getattr(late, name) for name in same] == [getattr(early, name) for name in same]
    for name in ("loss", "norm"):
        known = [[value for _, value in getattr(view, name) if value is not None] for view in (late, early)]
        assert (min(known[0]), max(known[0])) == (min(known[1]), max(known[1]))
    assert late.tempo.mean == pytest.approx(early.tempo.mean)


def test_following_goes_on_where_an_overview_ended(opened):
    store, long = opened
    view = follow(RunView(), store.overview(long.run_id))
    write(store, long, [step(MANY + 251), StateChanged(state=RunState.EVALUATING)])
    news = store.since(long.run_id, view.seq)
    assert [type(record.event) for record in news] == [StepTaken, StateChanged]
    assert follow(view, news).step == MANY + 251


def test_steps_that_a_resumed_attempt_took_again_are_its_own(opened):
    store, long = opened
    store.append(long.id, StateChanged(state=RunState.LOST))
    again = store.add_job(long.run_id, "train")
    store.append_all(again.id, [(2.0, StateChanged(state=state)) for state in (RunState.PREPARING, RunState.TRAINING)])
    write(store, again, (step(number, loss=0.5) for number in range(12_001, MANY + 1)))
    view = follow(RunView(), store.overview(long.run_id))
    assert view.first_step == 12_000
    assert {value for at, value in view.loss if at > 12_000} == {0.5}
    assert 9.0 not in {value for _, value in view.loss}


def test_a_deleted_run_leaves_no_landmark(opened):
    store, long = opened
    store.append(long.id, StateChanged(state=RunState.LOST))
    store.delete_run(long.run_id)
    with sqlite3.connect(store.home / FILE_NAME) as database:
        assert database.execute("SELECT COUNT(*) FROM landmarks").fetchone()[0] == 0


def test_a_store_of_the_version_before_gets_its_table_and_its_runs_stay(tmp_path):
    store = Store(tmp_path)
    job = begun(store)
    store.append(job.id, step(1))
    store.close()
    make_older(tmp_path, 2)
    again = Store(tmp_path)
    assert again._rows("PRAGMA user_version")[0][0] == VERSION
    write(again, job, map(step, range(2, 2 * STRETCH)))
    assert len(again.overview(job.run_id)) == 2 * STRETCH - 1 + 3


def test_a_long_run_written_before_there_were_landmarks_is_still_whole(opened):
    store, long = opened
    with sqlite3.connect(store.home / FILE_NAME) as database:
        database.execute("DELETE FROM landmarks")
    assert store.overview(long.run_id) == store.since(long.run_id)
