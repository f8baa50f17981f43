import errno
import time

import pytest
import torch
from huggingface_hub.errors import OfflineModeIsEnabled

from core.backend.devices import choose_threads, precision_for
from core.backend.failures import explain
from core.backend.model import load_base
from core.backend.monitor import watching
from core.backend.pace import Clock, Pace
from core.backend.train import train
from core.errors import DataError, MachineError, ModelError, UserError
from core.events import CheckpointSaved, StepTaken

GPU = "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 10 GiB"
CPU = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 1073741824 bytes."


def test_a_full_gpu_is_told_with_numbers_and_a_smaller_plan(make_plan):
    told = explain(torch.OutOfMemoryError(GPU), plan=make_plan(batch_size=8, accumulation=2))
    assert isinstance(told, MachineError)
    assert "2.50 GiB" in told.what
    assert "Set batch size to 4 and accumulation to 4" in told.fix


def test_a_full_memory_is_told_with_numbers():
    told = explain(RuntimeError(CPU))
    assert isinstance(told, MachineError)
    assert "1.00 GiB" in told.what
    assert "batch size" in told.fix


def test_each_smaller_plan_is_smaller(make_plan):
    plans = [
        {"batch_size": 2},
        {"batch_size": 1},
        {"batch_size": 1, "gradient_checkpointing": True},
        {"batch_size": 1, "gradient_checkpointing": True, "method": "qlora"},
    ]
    fixes = [explain(MemoryError(), plan=make_plan(**plan)).fix for plan in plans]
    assert len(set(fixes)) == 4


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/x/model.safetensors"),
        RuntimeError("[enforce fail at inline_container.cc:603] . unexpected pos 64 vs 0"),
    ],
)
def test_a_full_disk_is_told_however_it_comes(error):
    told = explain(error)
    assert isinstance(told, MachineError)
    assert "disk is full" in told.what


def test_a_cause_is_found_behind_other_errors():
    outer = ValueError("outer")
    outer.__cause__ = torch.OutOfMemoryError(GPU)
    assert "memory is full" in explain(outer).what


def test_errors_made_for_people_come_back_as_they_are():
    error = DataError("what", "fix")
    assert explain(error) is error


def test_anything_else_becomes_a_sentence_with_the_log():
    told = explain(KeyError("weight"), log="runs/r1/worker.log")
    assert isinstance(told, UserError)
    assert "KeyError" in told.what
    assert "runs/r1/worker.log" in told.fix


def test_an_unreachable_hub_is_told_plainly():
    told = explain(OfflineModeIsEnabled("offline"))
    assert isinstance(told, ModelError)
    assert "starter" in told.fix


@pytest.mark.parametrize("event", [StepTaken, CheckpointSaved])
def test_a_run_out_of_memory_or_disk_ends_in_advice(make_task, told, event):
    def fail(said):
        if isinstance(said, event):
            raise (
                torch.OutOfMemoryError(GPU) if event is StepTaken else OSError(errno.ENOSPC, "No space left on device")
            )

    told.hook = fail
    with pytest.raises(MachineError, match="full"):
        train(make_task(epochs=1), told, told.stopping)


def test_a_missing_tensor_is_refused_and_not_made_up(tiny, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny, tmp_path / "broken")
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if "q_proj" in name)
    del weights[name]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="q_proj"):
        load_base(str(folder))


def test_weights_that_are_no_numbers_are_refused(tiny, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny, tmp_path / "broken")
    weights = load_file(folder / "model.safetensors")
    next(iter(weights.values()))[0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="not finite"):
        load_base(str(folder))


def test_pickled_weights_are_never_loaded(tiny, tmp_path):
    import shutil

    from safetensors.torch import load_file

    folder = shutil.copytree(tiny, tmp_path / "pickled")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError):
        load_base(str(folder))


def test_memory_is_measured_at_once_and_until_the_work_ends():
    samples = []
    with watching(samples.append, lambda: 7, every=0.01):
        until = time.monotonic() + 5
        while len(samples) < 3 and time.monotonic() < until:
            time.sleep(0.005)
    count = len(samples)
    assert count >= 3
    assert samples[0].step == 7
    assert 0 < samples[0].used_gib < samples[0].total_gib
    time.sleep(0.05)
    assert len(samples) == count


def test_the_pace_validates_often_enough_and_always_at_the_end():
    for rows in (1, 7, 50, 450, 5000):
        for epochs in (1, 3, 10, 60):
            pace = Pace.of(rows, 8, epochs)
            places = [step for step in range(1, pace.total_steps + 1) if pace.is_validation(step)]
            assert places[-1] == pace.total_steps
            assert len(places) >= min(epochs, pace.total_steps) - 1
            assert len(places) <= max(22, epochs + 1)


def test_the_clock_stands_still_while_paused():
    clock = Clock()
    clock.pause()
    assert clock.seconds == 0
    clock.run()
    time.sleep(0.01)
    clock.pause()
    stood = clock.seconds
    time.sleep(0.01)
    assert clock.seconds == stood >= 0.009


def test_auto_precision_asks_the_hardware(monkeypatch):
    monkeypatch.setattr("core.backend.devices.has_fast_bf16", lambda device: False)
    assert precision_for("auto", torch.device("cpu")) == "fp32"
    assert precision_for("bf16", torch.device("cpu")) == "bf16"


def test_runs_that_may_be_at_work_together_share_the_cores(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("core.backend.devices.psutil.cpu_count", lambda **_: 4)
    monkeypatch.setattr("core.backend.devices._rate", lambda count: count)  # each thread counts in full
    try:
        assert [choose_threads(at_once) for at_once in (1, 2, 3, 9)] == [4, 2, 1, 1]
    finally:
        torch.set_num_threads(before)


def test_the_environment_decides_the_threads_where_it_says_so(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert choose_threads() == 1
