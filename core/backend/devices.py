"""Where the work runs: the device, its threads, and whether it multiplies bf16 in hardware."""

import os
import time
from dataclasses import dataclass
from typing import Literal

import psutil
import torch

Precision = Literal["fp32", "bf16"]

# On a processor oneDNN compiles bf16 kernels for every number of tokens that it meets and keeps a thousand. Few are
# met again: keeping fewer saves 0.25 GiB on a run of some dozen steps and costs no time. It reads this once.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")


@dataclass(frozen=True, slots=True)
class Device:
    """The device of one attempt."""

    torch: torch.device
    name: str
    """As a person calls it: "CPU, 2 threads" or "NVIDIA H200"."""

    @property
    def is_gpu(self) -> bool:
        """Whether it has memory of its own."""
        return self.torch.type == "cuda"


def pick_device() -> Device:
    """The first GPU where there is one, else the processor."""
    if torch.cuda.is_available():
        return Device(torch.device("cuda", 0), torch.cuda.get_device_name(0))
    threads = torch.get_num_threads()
    return Device(torch.device("cpu"), f"CPU, {threads} thread{'s' if threads != 1 else ''}")


def has_fast_bf16(device: torch.device) -> bool:
    """Whether `device` multiplies bf16 matrices in hardware."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def precision_for(wanted: str, device: torch.device) -> Precision:
    """What "auto" means on this device; other wishes are granted as they are."""
    if wanted == "auto":
        return "bf16" if has_fast_bf16(device) else "fp32"
    return "bf16" if wanted == "bf16" else "fp32"


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """A context in which matrix products run in `precision` and everything else stays as it is."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


def choose_threads(at_once: int = 1) -> int:
    """Set as many threads as make matrix products fastest right now, and return their number.

    Where `at_once` runs may be at work together, no more than a run's share of the cores. A second thread is 1.7 times
    faster on a quiet machine and several times slower on a busy one, where threads wait for each other; only a
    measurement tells. OMP_NUM_THREADS, where it is set, is obeyed. Takes about 0.2 seconds.
    """
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return use_threads(int(wanted))
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    counts = sorted(count for count in {1, max(1, cores // 2), cores} if count <= max(1, cores // at_once))
    rates = {count: _rate(count) for count in counts}
    # Fewer threads win a near tie: they leave room for the page and for other programs.
    return use_threads(next(count for count in counts if rates[count] >= 0.9 * max(rates.values())))


def use_threads(count: int) -> int:
    """Let torch compute with `count` threads."""
    torch.set_num_threads(count)
    return count


def _rate(threads: int, seconds: float = 0.06) -> float:
    """Products of two matrices of a small model's size per second, with `threads` threads."""
    use_threads(threads)
    left, right = torch.ones(512, 256), torch.ones(256, 768)
    left @ right
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        left @ right
        count += 1
    return count / (time.perf_counter() - began)
