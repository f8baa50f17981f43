"""An export whose process or disk goes away leaves nothing under its name, says so, and works the next time."""

import contextlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.events import Exported, RunState, StateChanged
from core.export import exporters, fidelity
from core.export.place import place
from core.job.launchers.process import ProcessLauncher
from core.job.runner import Patience, Runner
from core.job.worker import perform
from core.store.steering import Steering
from core.store.store import Store

WORKER = str(Path(__file__).parent / "killed_worker.py")


@pytest.fixture
def exporting(tmp_path, trained, monkeypatch):
    """A store with a run that has its best weights, and a function that queues an export of it."""
    run = trained("lora")
    store = Store(tmp_path / "home")
    job = store.add_run(run.plan.model_dump(mode="json"), "colours")
    for state in (RunState.PREPARING, RunState.DONE):
        store.append(job.id, StateChanged(state=state))
    shutil.copytree(run.folder / "best", store.run_folder(job.run_id) / "best")
    monkeypatch.setattr(fidelity, "_run", faithful)
    yield store, lambda out: store.add_job(job.run_id, "export", {"exporter": "merged", "out": str(out)})
    store.close()


def faithful(folder, stopping):
    """The check of the export, which takes seconds and is known in other tests."""
    (folder / "answer.json").write_text('{"difference": 0.0}', encoding="utf-8")
    return ""


def ended(store, job):
    """How the job ended, once it has."""
    until = time.monotonic() + 200
    while time.monotonic() < until:
        state = store.tail(job.id, StateChanged, 1)[0]
        if state.state.is_final:
            return state
        time.sleep(0.05)
    raise AssertionError("it did not end")


def test_a_killed_export_leaves_nothing_under_its_name_says_so_and_works_the_next_time(exporting, tmp_path):
    store, queue = exporting
    out = tmp_path / "exports" / "merged"
    launcher = ProcessLauncher([sys.executable, WORKER])
    runner = Runner(store, launcher, Patience(look=0.1, idle=0.1))
    job = queue(out)
    runner.begin_next()
    end = ended(store, job)
    runner.close()
    launcher.close()
    assert end.state is RunState.LOST
    assert "killed" in end.reason
    assert "before the export was done" in end.reason
    assert "Start the export again" in end.fix
    assert not out.exists()
    [left] = out.parent.iterdir()
    assert (left.name, (left / "model.safetensors").is_file()) == (".merged.partial", True)
    assert store.last(job.run_id, Exported) is None
    again = queue(out)
    perform(store.take(only_own=False), store, Steering())
    assert ended(store, again).state is RunState.DONE
    assert [path.name for path in out.parent.iterdir()] == ["merged"], "what was half written is gone too"
    assert (out / "model.safetensors").is_file()


def test_an_export_that_was_killed_between_two_names_leaves_the_earlier_one(tmp_path):
    out, old = tmp_path / "merged", tmp_path / ".merged.old"
    old.mkdir()
    (old / "model.safetensors").write_bytes(b"the earlier one")
    with pytest.raises(OSError, match="the disk went away"), place(out):
        raise OSError("the disk went away")
    assert (out / "model.safetensors").read_bytes() == b"the earlier one"
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]
    with place(out) as partial:
        (partial / "model.safetensors").write_bytes(b"the new one")
    assert (out / "model.safetensors").read_bytes() == b"the new one"
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 36 MB, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=36m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_disk_that_fills_up_ends_an_export_with_the_numbers_and_leaves_nothing(exporting, small_disk, monkeypatch):
    store, queue = exporting

    def filled(*given):
        with (small_disk / "somebody.else").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(2**16)):
                pass
        return write_card(*given)

    write_card = exporters.write_card
    monkeypatch.setattr(exporters, "write_card", filled)
    job = queue(small_disk / "merged")
    perform(store.take(only_own=False), store, Steering())
    end = ended(store, job)
    assert end.state is RunState.FAILED
    assert "The disk is full" in end.reason
    assert f"of 36.0 MiB are free at {small_disk}" in end.reason
    assert "export again" in end.fix
    assert [path.name for path in small_disk.iterdir()] == ["somebody.else"]
