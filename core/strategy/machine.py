"""What this computer has, asked of the operating system and the driver: torch is not loaded for it."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA device that a run may use."""

    name: str
    total_gib: float
    free_gib: float
    bf16: bool = True
    """Whether it multiplies bf16 in hardware (compute capability 8.0 and above)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The computer that runs Fewtune, at one moment."""

    cpu_name: str
    cpu_count: int
    """Cores that this process may use."""
    memory_total_gib: float
    memory_available_gib: float
    disk_free_gib: float
    """Where the home folder lies."""
    gpus: tuple[Gpu, ...]
    system: str
    cpu_bf16: bool = False
    """Whether the CPU multiplies bf16 in hardware."""

    @property
    def accelerator_gib(self) -> float | None:
        """Free memory of the first GPU in GiB; None where there is no GPU."""
        return self.gpus[0].free_gib if self.gpus else None

    @property
    def bf16(self) -> bool:
        """Whether the device that a run would use multiplies bf16 in hardware."""
        return self.gpus[0].bf16 if self.gpus else self.cpu_bf16

    @property
    def headline(self) -> str:
        """The machine in one line: "NVIDIA H200, 139 GiB" or "CPU, 2 cores, 23.4 GiB memory"."""
        if self.gpus:
            more = f" and {len(self.gpus) - 1} more" if len(self.gpus) > 1 else ""
            return f"{self.gpus[0].name}, {self.gpus[0].total_gib:.3g} GiB{more}"
        cores = "1 core" if self.cpu_count == 1 else f"{self.cpu_count} cores"
        return f"CPU, {cores}, {self.memory_total_gib:.3g} GiB memory"


def probe(home: Path) -> Machine:
    """Ask what there is now; `home` names the disk that counts and need not exist yet."""
    memory = psutil.virtual_memory()
    limit = _cgroup_limit("memory.max") or memory.total
    total = min(memory.total, limit)
    name, flags = _cpu()
    return Machine(
        cpu_name=name,
        cpu_count=_cpu_count(),
        memory_total_gib=total / GIB,
        memory_available_gib=min(memory.available, total) / GIB,
        disk_free_gib=psutil.disk_usage(str(_nearest(home))).free / GIB,
        gpus=_gpus(),
        system=f"{platform.system()} {platform.release()}",
        cpu_bf16=bool({"avx512_bf16", "amx_bf16"} & flags),
    )


def _nearest(folder: Path) -> Path:
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if path.exists())


def _cpu_count() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_words("cpu.max")
    if len(quota) == 2 and quota[0].isdigit():
        cores = min(cores, max(1, int(quota[0]) // int(quota[1])))
    return cores


def _cgroup_limit(name: str) -> int | None:
    words = _cgroup_words(name)
    return int(words[0]) if words and words[0].isdigit() else None


def _cgroup_words(name: str) -> list[str]:
    """A container's limit, which neither psutil nor os.cpu_count knows; empty where there is none."""
    try:
        return Path("/sys/fs/cgroup", name).read_text(encoding="ascii").split()
    except OSError:
        return []


def _cpu() -> tuple[str, frozenset[str]]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine(), frozenset()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    name = facts.get("model name") or platform.processor() or platform.machine()
    return name, frozenset(facts.get("flags", "").split())


def _gpus() -> tuple[Gpu, ...]:
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver, or no device: this machine trains on its CPU
        return ()
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        seen = _visible([str(pynvml.nvmlDeviceGetUUID(handle)) for handle in handles])
        return tuple(_gpu(handles[index]) for index in seen)
    except pynvml.NVMLError:
        return ()
    finally:
        pynvml.nvmlShutdown()


def _gpu(handle: object) -> Gpu:
    import pynvml

    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    major, _ = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    name = pynvml.nvmlDeviceGetName(handle)
    text = name.decode() if isinstance(name, bytes) else str(name)
    return Gpu(text, memory.total / GIB, memory.free / GIB, bf16=major >= 8)


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
