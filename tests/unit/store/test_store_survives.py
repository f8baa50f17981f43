"""P15: the store opens after a kill at any moment; one dashboard per home."""

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import stat
import threading
import time

import pytest

from core.errors import BusyError, MachineError, NotFoundError
from core.events import Noted, RunState, StateChanged
from core.store.lock import ServerLock
from core.store.schema import FILE_NAME, VERSION
from core.store.store import Store

FORK = multiprocessing.get_context("fork")


def write_for_ever(home):
    store = Store(home)
    while True:
        job = store.add_run({"big": "x" * 5000}, "écrit")
        store.append(job.id, StateChanged(state=RunState.PREPARING))
        for number in range(20):
            store.append_all(job.id, [(time.time(), Noted(text=f"{number}")), (time.time(), Noted(text=f"{number}'"))])
        store.append(job.id, StateChanged(state=RunState.DONE))
        store.save_draft("walk", {"last": job.run_id})


def test_after_a_kill_at_any_moment_the_store_shows_the_old_or_the_new_state(tmp_path):
    dice = random.Random(3)
    for _ in range(30):
        process = FORK.Process(target=write_for_ever, args=(tmp_path,))
        process.start()
        time.sleep(dice.uniform(0.01, 0.12))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        store = Store(tmp_path)
        assert store._rows("PRAGMA integrity_check")[0][0] == "ok"
        store.mark_lost()
        for job in store.waiting():  # it was written and not begun: it would wait for the next program
            store.request_stop(job.id)
        for run in store.runs()[:3]:
            (job,) = store.jobs(run.id)
            said = [record.event for record in store.since(run.id)]
            assert [event.state for event in said if isinstance(event, StateChanged)][-1] is job.state
            notes = [event.text for event in said if isinstance(event, Noted)]
            assert notes == [f"{n}{mark}" for n in range(len(notes) // 2) for mark in ("", "'")]
            assert len(notes) == 40 or job.state in {RunState.LOST, RunState.STOPPED}
        store.close()
    assert Store(tmp_path).runs()


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path):
    store = Store(tmp_path)
    job = store.add_run({}, "full")
    pages = store._rows("PRAGMA page_count")[0][0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(MachineError, match="full") as caught:
        store.append(job.id, Noted(text="long " * 10_000))
    assert "Free some disk space" in caught.value.fix
    store._connection.execute("PRAGMA max_page_count = 100000")
    written = len(store.since(job.run_id))
    store.append(job.id, Noted(text="again"))
    assert len(store.since(job.run_id)) == written + 1


def test_the_home_is_for_its_owner_only(tmp_path):
    home = tmp_path / "new" / "home"
    store = Store(home)
    run_id = store.add_run({}, "private").run_id
    for folder in (home, home / "runs", store.run_folder(run_id)):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in home.glob(f"{FILE_NAME}*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_store_of_a_newer_version_is_left_alone(tmp_path):
    Store(tmp_path).close()
    database = sqlite3.connect(tmp_path / FILE_NAME)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    with pytest.raises(MachineError, match="newer Fewtune") as caught:
        Store(tmp_path)
    assert "Update" in caught.value.fix


def test_what_is_no_store_is_refused(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"<html>not a database</html>" * 100)
    with pytest.raises(MachineError, match="cannot be used"):
        Store(tmp_path)
    (tmp_path / FILE_NAME).unlink()
    foreign = sqlite3.connect(tmp_path / FILE_NAME)
    foreign.execute("CREATE TABLE recipes (name TEXT)")
    foreign.close()
    with pytest.raises(MachineError, match="something else"):
        Store(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(MachineError, match="cannot be written"):
        Store(tmp_path / "file")


def test_many_may_create_the_same_store_at_once(tmp_path):
    line, failures = threading.Barrier(8), []

    def open_it():
        line.wait()
        try:
            Store(tmp_path / "home").draft("walk")
        except MachineError as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert failures == []


def test_a_closed_store_refuses_and_does_not_hang(tmp_path):
    store = Store(tmp_path)
    store.close()
    store.close()
    with pytest.raises(MachineError, match="closed"):
        store.runs()


def test_a_draft_comes_back_as_typed(tmp_path):
    typed = {"name": "Größe 🦙 \ud800", "number": 0.1, "list": [1, None, True]}
    store = Store(tmp_path)
    assert store.draft("walk") == {}
    store.save_draft("walk", typed)
    store.close()
    assert Store(tmp_path).draft("walk") == typed


NAMES = ["Größe 🦙", "../../etc/passwd", "a\x00b", "x'; DROP TABLE runs; --", " ", "<script>alert(1)</script>"]


def test_names_are_shown_as_typed_and_make_no_paths(tmp_path):
    store = Store(tmp_path)
    for name in NAMES:
        job = store.add_run({}, name)
        assert store.run(job.run_id).name == name
        assert store.run_folder(job.run_id).parent == tmp_path / "runs"
        store.request_stop(job.id)
    store.rename(job.run_id, "half \ud800 pair")
    store.set_note(job.run_id, "why")
    assert store.run(job.run_id).name == "half ? pair"
    assert store.run(job.run_id).note == "why"
    with pytest.raises(NotFoundError):
        store.rename("r0000000000", "x")
    for wrong in ("../x", "", "r", "R0000000000", "r000000000/"):
        with pytest.raises(NotFoundError):
            store.run_folder(wrong)


def test_run_ids_sort_by_age_even_when_the_clock_was_set_back(tmp_path, monkeypatch):
    store, clock = Store(tmp_path), time.time()
    for number in range(60):
        monkeypatch.setattr(time, "time", lambda n=number: clock - 3600 * (n % 3))
        store.request_stop(store.add_run({}, f"{number}").id)
    rows = store.runs()
    assert [row.name for row in rows] == [f"{number}" for number in reversed(range(60))]
    assert len({row.id for row in rows}) == 60


def test_reading_on_gives_each_record_once(tmp_path):
    store = Store(tmp_path)
    job = store.add_run({}, "read")
    for number in range(50):
        store.append(job.id, Noted(text=f"{number}"))
    whole = store.since(job.run_id)
    parts, seq = [], 0
    while part := store.since(job.run_id, seq, limit=7):
        parts += part
        seq = part[-1].seq
    assert parts == whole
    assert len(whole) == 51
    assert store.since(job.run_id, kind="export") == []
    assert store.last(job.run_id, Noted) == Noted(text="49")


def test_a_failed_export_does_not_make_a_good_run_look_failed(tmp_path):
    store = Store(tmp_path)
    job = store.add_run({}, "good")
    for state in (RunState.PREPARING, RunState.DONE):
        store.append(job.id, StateChanged(state=state))
    export = store.add_job(job.run_id, "export", {"exporter": "merged"})
    assert store.run(job.run_id).state is RunState.QUEUED
    store.append(export.id, StateChanged(state=RunState.FAILED, reason="no"))
    assert store.run(job.run_id).state is RunState.DONE


def test_deleting_a_run_frees_its_folder(tmp_path):
    store = Store(tmp_path)
    job = store.add_run({}, "big")
    folder = store.run_folder(job.run_id)
    (folder / "best").mkdir()
    (folder / "best" / "model.safetensors").write_bytes(b"x" * 10_000)
    (folder / "away").symlink_to(tmp_path)
    with pytest.raises(BusyError, match="still going on"):
        store.delete_run(job.run_id)
    store.request_stop(job.id)
    assert 10_000 <= store.delete_run(job.run_id) < 11_000
    assert not folder.exists()
    assert (tmp_path / FILE_NAME).exists()
    assert store.runs() == []
    with pytest.raises(NotFoundError):
        store.delete_run(job.run_id)


def test_a_deletion_that_was_cut_short_is_finished_by_the_next(tmp_path, monkeypatch):
    store = Store(tmp_path)
    kept = []
    for name in ("first", "second"):
        job = store.add_run({}, name)
        (store.run_folder(job.run_id) / "model").write_bytes(b"x" * 1000)
        store.request_stop(job.id)
        kept.append(job.run_id)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(MachineError, match="cannot be removed"):
            store.delete_run(kept[0])
    assert [row.id for row in store.runs()] == [kept[1]]
    assert store.delete_run(kept[1]) == 2000
    assert list((tmp_path / "runs").iterdir()) == []


def refuse(path):
    raise PermissionError(13, "in use", str(path))


def test_a_second_dashboard_on_the_same_home_is_refused(tmp_path):
    with ServerLock(tmp_path, "http://127.0.0.1:7860") as lock:
        with pytest.raises(MachineError, match=r"127\.0\.0\.1:7860"):
            ServerLock(tmp_path)
        lock.set_address("http://127.0.0.1:7861")
        with pytest.raises(MachineError, match="7861"):
            ServerLock(tmp_path)
    ServerLock(tmp_path).release()


def hold_lock(home, ready):
    ServerLock(home)
    ready.set()
    time.sleep(300)


def test_the_lock_of_a_killed_dashboard_is_taken_over_by_one(tmp_path):
    ready = FORK.Event()
    process = FORK.Process(target=hold_lock, args=(tmp_path, ready))
    process.start()
    assert ready.wait(100)
    with pytest.raises(MachineError, match="serves"):
        ServerLock(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    taken, line = [], threading.Barrier(6)

    def take():
        line.wait()
        try:
            taken.append(ServerLock(tmp_path))
        except MachineError:
            return

    threads = [threading.Thread(target=take) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(taken) == 1
