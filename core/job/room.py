"""Whether a run that waits may begin beside those at work: by what each is forecast to hold, and what is free."""

import threading
import time
from collections.abc import Callable, Sequence

import psutil

from core.errors import UserError
from core.events import MemoryMeasured, RunState
from core.store.queue import Fitting
from core.store.store import Job, Store
from core.strategy.machine import GIB, Machine
from core.strategy.memory import MemoryForecast
from core.strategy.plan import Plan, read_plan

SPARE = 0.1
"""Share of the device's memory that stays free beside all that is forecast: other programs grow, too."""
_CONTEXT_GIB = 1.0
"""What a run holds of a GPU beside torch's allocator, as the high end of the forecast counts it."""
_AGAIN_SECONDS = 2.0
"""After which what did not fit is reckoned again: somebody may have closed a program."""

Peak = Callable[[str], float]
"""The high end of a run's forecast, in GiB.

Raises:
    UserError: Its model or its data cannot be read any more.
"""


def highest(store: Store, forecast: Callable[[Plan], MemoryForecast]) -> Peak:
    """The high end of what `forecast` says of a run of the store."""
    return lambda run_id: forecast(read_plan(store.run(run_id).plan)).high_gib


class Room:
    """Reckons for the next job in the queue; where it does not fit, the queue says in words what it lacks."""

    def __init__(self, store: Store, forecast: Peak, machine: Callable[[], Machine]) -> None:
        self._store = store
        self._forecast = forecast
        self._machine = machine
        self._peaks: dict[int, float] = {}
        """By job: its plan does not change, and a later correction shall not turn out what fits already."""
        self._refused: tuple[Fitting, object] | None = None
        self._until = 0.0
        self._lock = threading.Lock()

    def fitting(self, at_work: Sequence[Job]) -> Fitting | None:
        """The next job, where it may begin beside all that are at work; None where it must wait."""
        limit, job = self._store.limit, self._store.next_up()
        if job is None or len(at_work) >= limit.at_once:
            return None
        found = Fitting(job.id, frozenset(one.id for one in at_work))
        with self._lock:
            if self._refused == (found, limit) and time.monotonic() < self._until:
                return None
            lack = self._lack(job, at_work, limit.room_gib)
            if not lack:
                return found
            if lack != job.waits:
                self._store.say_lack(job.id, lack)
            self._refused, self._until = (found, limit), time.monotonic() + _AGAIN_SECONDS
            return None

    def _lack(self, job: Job, at_work: Sequence[Job], room_gib: float | None) -> str:
        """What the job lacks, as a clause; empty where it lacks nothing."""
        if any(one.kind != "train" for one in (job, *at_work)):
            return "until nothing else is at work: only of trainings the memory is forecast"
        try:
            need, peaks = self._peak(job), [self._peak(one) for one in at_work]
        except UserError as error:
            return f"until nothing else is at work: the memory cannot be forecast ({error.what})"
        free = self._free(at_work, peaks)
        if room_gib is not None:
            free = min(free, room_gib - sum(peaks))
        if need <= free:
            return ""
        names = " and ".join(f"'{self._store.run(one.run_id).name}'" for one in at_work)
        return f"for memory: it needs about {need:.1f} GiB, and {max(0.0, free):.1f} GiB are free beside {names}"

    def _free(self, at_work: Sequence[Job], peaks: Sequence[float]) -> float:
        """GiB that are free on the device and will stay so when each job at work holds all that it may come to."""
        machine = self._machine()
        gpu = machine.gpus[0] if machine.gpus else None
        total = gpu.total_gib if gpu else machine.memory_total_gib
        free = gpu.free_gib if gpu else machine.memory_available_gib
        held = [self._on_gpu(one, machine) if gpu else _in_memory(one) for one in at_work]
        growing = sum(max(0.0, peak - now) for peak, now in zip(peaks, held, strict=True))
        return free - growing - SPARE * total

    def _peak(self, job: Job) -> float:
        """What the job is forecast to hold at most, or more where that was measured already."""
        if job.id not in self._peaks:
            self._peaks[job.id] = self._forecast(job.run_id)
        own = self._store.most(job.id, "used_gib", "process")
        reserved = self._store.most(job.id, "reserved_gib", "gpu")
        return max(self._peaks[job.id], own or 0.0, reserved + _CONTEXT_GIB if reserved else 0.0)

    def _on_gpu(self, job: Job, machine: Machine) -> float:
        """What the job holds of the first GPU now; too little rather than too much, where the driver does not tell."""
        told = [holder.gib for holder in machine.gpus[0].holders if holder.pid == job.pid and holder.gib is not None]
        if told:
            return told[0]
        measured = self._store.tail(job.id, MemoryMeasured, 1)
        # While it is scored nobody measures, and what it had in training may be free again.
        return (measured[0].reserved_gib or 0.0) if measured and job.state is not RunState.EVALUATING else 0.0


def _in_memory(job: Job) -> float:
    """Memory that is the worker's alone, in GiB: pages of files that it shares are free for others as it is."""
    try:
        family = [psutil.Process(job.pid), *psutil.Process(job.pid).children(recursive=True)] if job.pid else []
        held = [process.memory_info() for process in family]
    except psutil.Error:  # it has just ended
        return 0.0
    return sum(max(0, memory.rss - getattr(memory, "shared", 0)) for memory in held) / GIB
