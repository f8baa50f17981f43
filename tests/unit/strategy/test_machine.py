import sys
import types
from dataclasses import replace

import psutil
import pynvml
import pytest

from core.strategy import machine as machine_module
from core.strategy.gpus import GIB, Holder
from core.strategy.machine import Gpu, probe


def test_this_machine_is_described_in_plausible_numbers(tmp_path):
    found = probe(tmp_path)
    assert 1 <= found.cpu_count <= psutil.cpu_count()
    assert 0 < found.memory_available_gib <= found.memory_total_gib
    assert found.memory_total_gib <= psutil.virtual_memory().total / 1024**3
    assert found.disk_free_gib > 0
    assert found.cpu_name


def test_a_home_that_does_not_exist_yet_is_on_the_disk_of_its_parent(tmp_path):
    assert probe(tmp_path / "not" / "there").disk_free_gib == pytest.approx(probe(tmp_path).disk_free_gib, rel=0.1)


def test_the_headline_of_a_machine_without_a_gpu_names_cores_and_memory(machine):
    assert machine.headline == "CPU, 2 cores, 23.5 GiB memory"
    assert machine.accelerator_gib is None


def test_the_headline_of_a_machine_with_a_gpu_names_it(gpu_machine):
    assert gpu_machine.headline == "NVIDIA H200, 140 GiB"
    assert gpu_machine.accelerator_gib == 138.0


class FakeDriver(types.ModuleType):
    """NVML with two devices: one that multiplies bf16 and an older one."""

    NVMLError = pynvml.NVMLError
    NVMLError_LibraryNotFound = pynvml.NVMLError_LibraryNotFound
    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU

    def nvmlInit(self):  # noqa: N802
        pass

    nvmlShutdown = nvmlInit  # noqa: N815

    def nvmlDeviceGetCount(self):  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def nvmlDeviceGetUUID(self, handle):  # noqa: N802
        return f"GPU-{handle}abc"

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return f"Device {handle}"

    def nvmlDeviceGetMemoryInfo(self, handle):  # noqa: N802
        return types.SimpleNamespace(total=16 * 1024**3, free=(15 - handle) * 1024**3)

    def nvmlDeviceGetCudaComputeCapability(self, handle):  # noqa: N802
        return (8 - handle, 0)

    def nvmlSystemGetDriverVersion(self):  # noqa: N802
        return b"570.1"

    def nvmlDeviceGetUtilizationRates(self, handle):  # noqa: N802
        return types.SimpleNamespace(gpu=25)

    def nvmlDeviceGetTemperature(self, handle, sensor):  # noqa: N802
        return 41

    def nvmlDeviceGetPowerUsage(self, handle):  # noqa: N802
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    def nvmlDeviceGetComputeRunningProcesses(self, handle):  # noqa: N802
        return [types.SimpleNamespace(pid=1, usedGpuMemory=GIB), types.SimpleNamespace(pid=2**30, usedGpuMemory=None)]


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        (None, ["Device 0", "Device 1"]),
        ("", []),
        ("-1", []),
        ("1", ["Device 1"]),
        ("1,0", ["Device 1", "Device 0"]),
        ("GPU-1", ["Device 1"]),
        ("0,7,1", ["Device 0"]),
    ],
)
def test_only_the_devices_that_a_run_may_use_are_counted(visible, names, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pynvml", FakeDriver("pynvml"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [gpu.name for gpu in probe(tmp_path).gpus] == names


def test_a_device_reports_its_memory_and_whether_it_multiplies_bf16(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pynvml", FakeDriver("pynvml"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = probe(tmp_path)
    assert [(gpu.name, gpu.total_gib, gpu.free_gib, gpu.bf16) for gpu in found.gpus] == [
        ("Device 0", 16, 15, True),
        ("Device 1", 16, 14, False),
    ]
    first = found.gpus[0]
    assert (first.temperature, first.busy, first.power_watts, found.driver) == (41, 0.25, None, "570.1")


def test_a_device_names_who_holds_its_memory(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pynvml", FakeDriver("pynvml"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    known, unknown = probe(tmp_path).gpus[0].holders
    assert (known.pid, known.name, known.gib) == (1, psutil.Process(1).name(), 1)
    assert (unknown.name, unknown.gib) == ("", None)


def test_memory_that_others_hold_is_told_in_words(machine):
    holder = Holder(77, "python", 30.0)
    busy = replace(machine, gpus=(Gpu("NVIDIA A10", 48.0, 18.0, holders=(holder,)),))
    assert busy.told == "30 of 48 GiB of NVIDIA A10 are taken by python (process 77, 30 GiB)."
    assert replace(machine, gpus=(Gpu("NVIDIA A10", 48.0, 47.0),)).told == ""
    assert "no NVIDIA GPU" in machine.told


def test_a_driver_that_does_not_answer_is_told_in_words(monkeypatch, tmp_path):
    class Broken(FakeDriver):
        def nvmlInit(self):  # noqa: N802
            raise pynvml.NVMLError(pynvml.NVML_ERROR_DRIVER_NOT_LOADED)

    monkeypatch.setitem(sys.modules, "pynvml", Broken("pynvml"))
    found = probe(tmp_path)
    assert found.gpus == ()
    assert "does not answer" in found.told


def test_a_containers_limits_count_where_there_are_some(monkeypatch, tmp_path):
    limits = {"memory.max": [str(2 * 1024**3)], "cpu.max": ["100000", "100000"]}
    monkeypatch.setattr(machine_module, "_cgroup_words", lambda name: limits[name])
    found = probe(tmp_path)
    assert (found.memory_total_gib, found.cpu_count) == (2, 1)
    assert found.memory_available_gib <= 2
