"""Which process is meant: a process id alone is given to another process sooner or later."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

_CREATED_TOLERANCE = 0.02
"""Seconds; what storing the time of birth as a float may lose."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process of this machine, told apart from others that get the same process id later."""

    pid: int
    created: float
    """When it began, in seconds: since the machine started on Linux, since 1970 elsewhere."""

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        found = _look(self.pid)
        return found is not None and abs(found - self.created) < _CREATED_TOLERANCE


def this_process() -> ProcessIdentity:
    """The process that asks."""
    created = _look(os.getpid())
    return ProcessIdentity(os.getpid(), created or 0.0)


def identify(pid: int) -> ProcessIdentity | None:
    """The living process that has this id now, or None."""
    created = _look(pid)
    return None if created is None else ProcessIdentity(pid, created)


def _look(pid: int) -> float | None:
    """When the living process `pid` began, or None if there is none."""
    if sys.platform == "linux":
        return _look_in_proc(pid)
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def _look_in_proc(pid: int) -> float | None:
    # psutil adds the time of boot, which moves when somebody sets the clock: every worker would look like a stranger.
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name in brackets before it may hold anything
    if fields[0] in {"Z", "X"}:
        return None
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")
