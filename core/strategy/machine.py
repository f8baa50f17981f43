"""What this computer has, asked of the operating system and the driver: torch is not loaded for it."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.strategy.gpus import Gpu, Holder, ask_driver

__all__ = ["Gpu", "Machine", "probe"]

GIB = 1024**3
_MUCH_TAKEN = 0.15
"""Share of a device's memory that others must hold before it is worth a word."""


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
    driver: str = ""
    """Version of the NVIDIA driver; empty where there is none."""
    trouble: str = ""
    """What is wrong with the driver, in a sentence; empty where nothing is."""

    @property
    def accelerator_gib(self) -> float | None:
        """Free memory of the first GPU in GiB; None where there is no GPU."""
        return self.gpus[0].free_gib if self.gpus else None

    @property
    def bf16(self) -> bool:
        """Whether the device that a run would use multiplies bf16 in hardware."""
        return self.gpus[0].bf16 if self.gpus else self.cpu_bf16

    @property
    def told(self) -> str:
        """What people should know of this machine before they plan, in a sentence; empty where nothing is odd."""
        if self.trouble:
            return self.trouble
        if not self.gpus:
            return "There is no NVIDIA GPU here: training runs on the processor, which suits small models."
        gpu = self.gpus[0]
        taken = gpu.total_gib - gpu.free_gib
        if taken < _MUCH_TAKEN * gpu.total_gib:
            return ""
        held = ", ".join(_holder(holder) for holder in gpu.holders[:3]) or "programs that the driver does not name"
        return f"{taken:.3g} of {gpu.total_gib:.3g} GiB of {gpu.name} are taken by {held}."

    @property
    def headline(self) -> str:
        """The machine in one line: "NVIDIA H200, 139 GiB" or "CPU, 2 cores, 23.4 GiB memory"."""
        if self.gpus:
            more = f" and {len(self.gpus) - 1} more" if len(self.gpus) > 1 else ""
            return f"{self.gpus[0].name}, {self.gpus[0].total_gib:.3g} GiB{more}"
        cores = "1 core" if self.cpu_count == 1 else f"{self.cpu_count} cores"
        return f"CPU, {cores}, {self.memory_total_gib:.3g} GiB memory"


def _holder(holder: Holder) -> str:
    used = "" if holder.gib is None else f", {holder.gib:.3g} GiB"
    return f"{holder.name or 'a process of another user'} (process {holder.pid}{used})"


def probe(home: Path) -> Machine:
    """Ask what there is now; `home` names the disk that counts and need not exist yet."""
    memory = psutil.virtual_memory()
    limit = _cgroup_limit("memory.max") or memory.total
    total = min(memory.total, limit)
    name, flags = _cpu()
    devices = ask_driver()
    return Machine(
        cpu_name=name,
        cpu_count=_cpu_count(),
        memory_total_gib=total / GIB,
        memory_available_gib=min(memory.available, total) / GIB,
        disk_free_gib=psutil.disk_usage(str(_nearest(home))).free / GIB,
        gpus=devices.gpus,
        system=f"{platform.system()} {platform.release()}",
        cpu_bf16=bool({"avx512_bf16", "amx_bf16"} & flags),
        driver=devices.driver,
        trouble=devices.trouble,
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
