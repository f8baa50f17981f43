import hashlib
import shutil

import pytest

from core.events import Exported, RunState, StateChanged
from core.export import exporters
from core.export.checksums import NAME, write_sums
from core.export.exporters import EXPORTERS, ExportTask
from core.export.forecast import forecast
from core.job.exports import Exports
from core.store.store import Store
from core.strategy.machine import Machine
from core.strategy.model_facts import read_facts

MACHINE = Machine(
    cpu_name="c",
    cpu_count=2,
    memory_total_gib=8.0,
    memory_available_gib=8.0,
    disk_free_gib=8.0,
    gpus=(),
    system="Linux",
)


def told(run, name, tmp_path, earlier=()):
    task = ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter=name, out=tmp_path)
    return forecast(EXPORTERS[name], task, read_facts(run.plan.model), MACHINE, earlier)


def test_the_time_of_an_export_is_told_once_one_of_its_form_was_timed(trained, tmp_path):
    run = trained("lora")
    weights = read_facts(run.plan.model).parameters
    assert told(run, "merged", tmp_path).seconds is None
    earlier = [
        (Exported(exporter="merged", folder="f", size_bytes=1, seconds=8.0), weights * 2),
        (Exported(exporter="adapter", folder="f", size_bytes=1, seconds=100.0), weights),
        (Exported(exporter="merged", folder="f", size_bytes=1), weights),
    ]
    assert told(run, "merged", tmp_path, earlier).seconds == pytest.approx(4.0)


def test_each_form_that_a_run_left_in_was_timed_and_not_only_the_last(trained, tmp_path):
    run, store = trained("lora"), Store(tmp_path / "home")
    run_id = store.add_run(run.plan.model_dump(mode="json"), "colours").run_id
    for state in (RunState.PREPARING, RunState.DONE):
        store.append(store.latest(run_id, "train").id, StateChanged(state=state))
    shutil.copytree(run.folder / "best", store.run_folder(run_id) / "best")
    exports = Exports(store)
    assert exports.forecast(run_id, "adapter", MACHINE).seconds is None
    for name, seconds in {"adapter": 3.0, "merged": 8.0}.items():
        job = store.add_job(run_id, "export", {"exporter": name, "out": str(tmp_path / name)})
        for state in (RunState.PREPARING, RunState.EXPORTING):
            store.append(job.id, StateChanged(state=state))
        store.append(job.id, Exported(exporter=name, folder="f", size_bytes=1, seconds=seconds))
        store.append(job.id, StateChanged(state=RunState.DONE))
    assert exports.forecast(run_id, "adapter", MACHINE).seconds == pytest.approx(3.0)
    assert exports.forecast(run_id, "merged", MACHINE).seconds == pytest.approx(8.0)
    store.close()


def test_a_form_that_is_converted_needs_the_disk_of_the_merged_model_too(trained, tmp_path):
    run = trained("lora")
    merged, small = told(run, "merged", tmp_path), told(run, "gguf", tmp_path)
    assert merged.disk_bytes == merged.size_bytes
    assert small.size_bytes < merged.size_bytes
    assert small.disk_bytes == small.size_bytes + merged.size_bytes


def test_merging_out_of_four_bits_holds_the_full_weights_besides(trained, tmp_path):
    weights = read_facts(trained("lora").plan.model).parameters * 4
    more = (
        told(trained("qlora"), "merged", tmp_path).memory_bytes - told(trained("lora"), "merged", tmp_path).memory_bytes
    )
    assert 0 < more < weights


def test_rounding_holds_the_model_in_a_second_process(trained, tmp_path):
    run = trained("lora")
    merged, rounded = told(run, "merged", tmp_path), told(run, "compressed", tmp_path)
    assert rounded.memory_bytes > merged.memory_bytes + 200 * 2**20
    assert rounded.disk_bytes == rounded.size_bytes + merged.size_bytes


def test_the_checksums_are_those_that_sha256sum_reads(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "sub" / "b.txt").write_bytes(b"two")
    sums = write_sums(tmp_path)
    assert sums == {"a.txt": hashlib.sha256(b"one").hexdigest(), "sub/b.txt": hashlib.sha256(b"two").hexdigest()}
    first, _ = (tmp_path / NAME).read_text(encoding="utf-8").splitlines()
    assert first == f"{sums['a.txt']}  a.txt"


def test_a_full_disk_leaves_nothing_under_the_final_name(trained, tmp_path, monkeypatch):
    import errno
    import threading

    from core.export import merged
    from tests.unit.export.tuned_runs import Told

    def full(model, *_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    run = trained("lora")
    monkeypatch.setattr(merged, "_merge", lambda model, best, quantised: type("M", (), {"save_pretrained": full})())
    task = ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter="merged", out=tmp_path / "out")
    with pytest.raises(OSError, match="No space"):
        exporters.export(task, Told(), threading.Event())
    assert list(tmp_path.iterdir()) == []
