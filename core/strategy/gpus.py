"""NVIDIA devices, asked of the driver: what they are, what they do, and who holds their memory."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil

GIB = 1024**3
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds memory of a device."""

    pid: int
    name: str
    """Of its program; empty where another user's process may not be asked."""
    gib: float | None
    """None where the driver does not tell, as in containers."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA device that a run may use."""

    name: str
    total_gib: float
    free_gib: float
    bf16: bool = True
    """Whether it multiplies bf16 in hardware (compute capability 8.0 and above)."""
    temperature: float | None = None
    """Degrees Celsius; None where the device does not tell, like the two below."""
    busy: float | None = None
    """Share of the last moments in which it computed, from 0 to 1."""
    power_watts: float | None = None
    holders: tuple[Holder, ...] = ()
    """Other processes that hold its memory."""


@dataclass(frozen=True, slots=True)
class Devices:
    """What the driver says."""

    gpus: tuple[Gpu, ...]
    driver: str = ""
    """Its version; empty where there is none."""
    trouble: str = ""
    """What is wrong, in a sentence, where there is a driver that does not work."""


def ask_driver() -> Devices:
    """The devices that CUDA_VISIBLE_DEVICES leaves; none and no trouble on a machine that simply has no GPU."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError_LibraryNotFound:  # no driver: this machine trains on its processor
        return Devices(())
    except pynvml.NVMLError as error:
        return Devices((), trouble=_trouble(str(error)))
    try:
        driver = _text(_told(pynvml.nvmlSystemGetDriverVersion) or "")
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        seen = _visible([_text(pynvml.nvmlDeviceGetUUID(handle)) for handle in handles])
        return Devices(tuple(_gpu(handles[index]) for index in seen), driver)
    except pynvml.NVMLError as error:
        return Devices((), trouble=_trouble(str(error)))
    finally:
        pynvml.nvmlShutdown()


def _trouble(said: str) -> str:
    return f"There is an NVIDIA driver, but it does not answer ({said}): training would run on the processor."


def _gpu(handle: object) -> Gpu:
    import pynvml

    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    major, _ = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    rates = _told(pynvml.nvmlDeviceGetUtilizationRates, handle)
    milliwatts = _told(pynvml.nvmlDeviceGetPowerUsage, handle)
    return Gpu(
        _text(pynvml.nvmlDeviceGetName(handle)),
        memory.total / GIB,
        memory.free / GIB,
        bf16=major >= 8,
        temperature=_told(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU),
        busy=None if rates is None else rates.gpu / 100,
        power_watts=None if milliwatts is None else milliwatts / 1000,
        holders=_holders(_told(pynvml.nvmlDeviceGetComputeRunningProcesses, handle) or ()),
    )


def _holders(processes: Any) -> tuple[Holder, ...]:  # noqa: ANN401 - the library has no types
    own = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    found = []
    for process in processes:
        if process.pid not in own:
            name = ""
            with contextlib.suppress(psutil.Error):
                name = psutil.Process(process.pid).name()[:_LONGEST_NAME]
            used = getattr(process, "usedGpuMemory", None)
            found.append(Holder(process.pid, name, None if used is None else used / GIB))
    return tuple(found)


def _told(ask: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - whatever the driver answers
    """The answer, or None from a device that does not know the question."""
    import pynvml

    try:
        return ask(*arguments)
    except pynvml.NVMLError:
        return None


def _text(value: Any) -> str:  # noqa: ANN401 - older drivers answer in bytes
    return value.decode() if isinstance(value, bytes) else str(value)


def _visible(ids: list[str]) -> list[int]:
    """Indices of the devices that CUDA_VISIBLE_DEVICES leaves, in its order: the driver's library ignores it."""
    setting = os.environ.get("CUDA_VISIBLE_DEVICES")
    if setting is None:
        return list(range(len(ids)))
    seen: list[int] = []
    for word in (part.strip() for part in setting.split(",")):
        index = (
            int(word)
            if word.isdigit()
            else next((i for i, uuid in enumerate(ids) if word and uuid.startswith(word)), -1)
        )
        if not 0 <= index < len(ids):  # CUDA, too, ignores everything from the first wrong entry on
            break
        seen.append(index)
    return seen
