"""P11: a disk that fills up ends the run with the numbers, and the last good checkpoint stays whole."""

import os
import subprocess
from dataclasses import replace

import pytest

from core.backend import keeper
from core.backend.checkpoints import examine, newest
from core.backend.train import train
from core.errors import MachineError
from core.events import CheckpointSaved, StepTaken
from core.strategy.disk import check_disk, disk_needed
from core.strategy.methods import METHODS, read_options
from core.strategy.model_facts import read_facts


@pytest.fixture
def make_disk(tmp_path):
    """A disk of so many kilobytes, where this user may mount one."""
    mounted = []

    def make(kilobytes):
        place = tmp_path / f"disk{kilobytes}"
        place.mkdir()
        try:
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)],
                capture_output=True,
                check=False,
            )
        except OSError:
            pytest.skip("there is no mount here")
        if done.returncode:
            pytest.skip("this user may not mount a disk")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("kilobytes", [60, 140, 220, 400])
def test_a_full_disk_ends_the_run_with_the_numbers_and_the_last_checkpoint_whole(
    kilobytes, make_disk, make_task, told, monkeypatch
):
    monkeypatch.setattr(keeper, "SAVING_SHARE", 1e9)
    task = replace(make_task(epochs=2), folder=make_disk(kilobytes) / "run")
    with pytest.raises(MachineError, match=r"The disk is full.* of .* MiB are free at ") as caught:
        train(task, told, told.stopping)
    assert "intact" in caught.value.fix
    place, damaged = newest(task.folder)
    saved = [event.step for event in told.of(CheckpointSaved) if event.folder != "best"]
    assert damaged == []
    assert (place is None) == (saved == [])
    assert place is None or int(place.name.removeprefix("checkpoint-")) == saved[-1]
    if any(event.folder == "best" for event in told.of(CheckpointSaved)):
        assert examine(task.folder / "best") is None
    # What was half-written is gone, so that the end can be written down.
    assert not list(task.folder.rglob(".*.partial"))


def test_a_run_that_filled_the_disk_goes_on_once_there_is_room(make_disk, make_task, told, monkeypatch):
    monkeypatch.setattr(keeper, "SAVING_SHARE", 1e9)
    place = make_disk(900)
    task = replace(make_task(epochs=2), folder=place / "run")
    filler = place / "filler"

    def fill(said):
        if isinstance(said, CheckpointSaved) and said.folder != "best":
            free = os.statvfs(place)
            filler.write_bytes(b"x" * max(0, free.f_bavail * free.f_bsize - 8192))

    told.hook = fill
    with pytest.raises(MachineError, match="The disk is full"):
        train(task, told, told.stopping)
    filler.unlink()
    later = type(told)()
    train(replace(task, resume=True), later, later.stopping)
    assert later.of(StepTaken)[0].step > 1
    assert later.of(StepTaken)[-1].step == 6


@pytest.mark.parametrize("method", METHODS)
def test_the_room_that_is_asked_for_before_the_start_is_what_a_run_takes_at_most(method, make_task, told, monkeypatch):
    monkeypatch.setattr(keeper, "SAVING_SHARE", 1e9)
    task = make_task(method=method, epochs=2)
    most = 0

    def look(said):
        nonlocal most
        files = [path for path in task.folder.rglob("*") if path.is_file()]
        most = max(most, sum(path.stat().st_size for path in files))

    told.hook = look
    train(task, told, told.stopping)
    plan = task.plan.model_copy(update={"options": read_options(method, {}).model_dump()})
    assert most <= disk_needed(plan, read_facts(plan.model))


def test_a_run_that_would_not_fit_on_the_disk_does_not_start(make_plan, tmp_path, monkeypatch):
    plan = make_plan(model="starter", method="full")
    facts = read_facts(plan.model)
    needed = disk_needed(plan, facts)
    free = type("Usage", (), {"free": needed - 1_500_000})
    monkeypatch.setattr("core.strategy.disk.shutil.disk_usage", lambda place: free)
    with pytest.raises(MachineError, match=r"needs about \d+ MB on the disk .* \d+ MB are free") as caught:
        check_disk(plan, facts, tmp_path / "runs" / "r1")
    assert "Free another 2 MB" in caught.value.fix
    # What the run wrote before counts as room that it has.
    (tmp_path / "runs" / "r1").mkdir(parents=True)
    (tmp_path / "runs" / "r1" / "old").write_bytes(b"x" * 1_600_000)
    check_disk(plan, facts, tmp_path / "runs" / "r1")
