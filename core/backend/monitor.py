"""Samples memory and device load beside the work, in a thread that never holds it up."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import torch

from core.events import Emit, MemoryMeasured

GIB = 2**30
EVERY = 1.0
"""Seconds between samples."""
_SHORTEST_COUNT = 1.0
"""Seconds; over less the meter, which counts ten times a second or so, says little."""


@contextlib.contextmanager
def watching(emit: Emit, step: Callable[[], int], every: float = EVERY) -> Iterator[None]:
    """Emit a sample at once and then every `every` seconds, as long as the block runs."""
    done = threading.Event()
    measure = _Gpu() if torch.cuda.is_available() else _Process()
    began = time.monotonic()

    def watch() -> None:
        while True:
            emit(measure(time.monotonic() - began, step()))
            if done.wait(every):
                return

    thread = threading.Thread(target=watch, name="memory monitor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5)
        measure.close()


class _Process:
    """Resident memory of this process and its share of the processors."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._cores = psutil.cpu_count() or 1
        self._process.cpu_percent()  # the first call only starts the measurement

    def __call__(self, seconds: float, step: int) -> MemoryMeasured:
        load = self._process.cpu_percent() / self._cores
        return MemoryMeasured(
            seconds=seconds,
            step=step,
            kind="process",
            used_gib=self._process.memory_info().rss / GIB,
            total_gib=psutil.virtual_memory().total / GIB,
            utilisation_percent=min(100.0, load) if seconds > 0.1 else None,
        )

    def close(self) -> None:
        """Nothing is held."""


class _Gpu:
    """The whole device as the driver sees it: other programs' memory counts too."""

    def __init__(self) -> None:
        import pynvml

        self._nvml = pynvml
        self._device = _open(pynvml)

    def __call__(self, seconds: float, step: int) -> MemoryMeasured:
        memory = self._nvml.nvmlDeviceGetMemoryInfo(self._device)
        return MemoryMeasured(
            seconds=seconds,
            step=step,
            kind="gpu",
            used_gib=memory.used / GIB,
            total_gib=memory.total / GIB,
            reserved_gib=torch.cuda.memory_reserved(0) / GIB,
            allocated_gib=torch.cuda.memory_allocated(0) / GIB,
            others_gib=self._others(),
            utilisation_percent=self._ask(lambda: self._nvml.nvmlDeviceGetUtilizationRates(self._device).gpu),
            temperature_celsius=self._ask(
                lambda: self._nvml.nvmlDeviceGetTemperature(self._device, self._nvml.NVML_TEMPERATURE_GPU)
            ),
            power_watts=self._ask(lambda: self._nvml.nvmlDeviceGetPowerUsage(self._device) / 1000),
        )

    def _others(self) -> float | None:
        """What other programs hold; None where the driver names no amounts, or this process by another number."""
        try:
            holders = self._nvml.nvmlDeviceGetComputeRunningProcesses(self._device)
        except self._nvml.NVMLError:
            return None
        held = {holder.pid: holder.usedGpuMemory for holder in holders}
        if None in held.values() or held.pop(os.getpid(), None) is None:
            return None
        return sum(held.values()) / GIB

    def close(self) -> None:
        """Let the driver's library go."""
        with contextlib.suppress(self._nvml.NVMLError):
            self._nvml.nvmlShutdown()

    def _ask(self, question: Callable[[], float]) -> float | None:
        """The answer, or None: slices of a device (MIG) know neither load nor temperature."""
        try:
            return float(question())
        except self._nvml.NVMLError:
            return None


class Energy:
    """What the GPU draws between two moments, by the driver's own meter; of a processor nothing is known."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._from: tuple[float, float] | None = None

    def start(self) -> None:
        """Begin to count."""
        if torch.cuda.is_available():
            import pynvml

            self._nvml = pynvml
            self._from = self._read()

    def watts(self) -> float | None:
        """Mean power since the start; None where the device has no meter, as slices of one (MIG) have none."""
        if self._from is None:
            return None
        now = self._read()
        if now is None or now[0] - self._from[0] < _SHORTEST_COUNT:
            return None
        return (now[1] - self._from[1]) / (now[0] - self._from[0])

    def _read(self) -> tuple[float, float] | None:
        """Seconds (monotonic) and joules."""
        try:
            device = _open(self._nvml)
            try:
                return time.monotonic(), self._nvml.nvmlDeviceGetTotalEnergyConsumption(device) / 1000
            finally:
                self._nvml.nvmlShutdown()
        except self._nvml.NVMLError:
            return None


def _open(nvml: Any) -> Any:  # noqa: ANN401 - the library has no types
    """Begin to talk to the driver, and return the device that torch uses."""
    nvml.nvmlInit()
    return nvml.nvmlDeviceGetHandleByUUID(_uuid(torch.cuda.get_device_properties(0).uuid))


def _uuid(uuid: object) -> str:
    text = str(uuid)
    return text if text.startswith(("GPU-", "MIG-")) else f"GPU-{text}"
