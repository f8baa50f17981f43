"""Work in a process of its own: it can be ended, gives all its memory back, and outlives the program that began it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

import core
from core.job.worker import LOG_NAME
from core.store.identity import ProcessIdentity, identify
from core.store.store import Job, Store

_END_SECONDS = 5.0
_QUIET = {
    "TOKENIZERS_PARALLELISM": "false",  # its threads and a later fork do not go together
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRL_EXPERIMENTAL_SILENCE": "1",
    "PYTHONUNBUFFERED": "1",  # the last line before a crash is the one that matters
}
_MODEST = {
    # Threads that spin while they wait for each other take the processor from the page that watches them.
    "OMP_WAIT_POLICY": "PASSIVE",
    # Each number of tokens makes oneDNN keep kernels of its own; a thousand of them grow to gigabytes.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64",
}
"""Defaults: what the user's environment says goes before them."""


class _RunningProcess:
    """A job in a worker process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.worker = identify(process.pid)

    def poll(self) -> int | None:
        return self._process.poll()

    def end(self) -> bool:
        if self.worker is not None and self.poll() is None:
            end_process(self.worker)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # stuck in the kernel: a dead network disk, a driver
            return False
        return True


class ProcessLauncher:
    """Runs each job in a worker process, which it can start before there is a job."""

    name = "process"
    title = "In a process of its own"
    outlives_program = True

    def __init__(self, command: Sequence[str] = (sys.executable, "-P", "-m", "core.job.worker")) -> None:
        self._command = list(command)
        self._lock = threading.Lock()
        self._waiting: tuple[Path, subprocess.Popen[bytes]] | None = None

    def warm_up(self, home: Path) -> None:
        """Start a worker that loads its libraries while it waits for a job of `home`."""
        home = home.absolute()
        with self._lock:
            if self._waiting is None or self._waiting[0] != home or self._waiting[1].poll() is not None:
                self._dismiss()
                self._waiting = (home, self._spawn(home))

    def start(self, job: Job, store: Store) -> _RunningProcess:
        """Hand the job to the worker that waits, or to a new one.

        Raises:
            OSError: The system does not allow another process.
        """
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            home, process = waiting
            if home == store.home and _hand_over(process, job):
                return _RunningProcess(process)
            _dismiss(process)
        process = self._spawn(store.home)
        if not _hand_over(process, job):
            raise OSError(f"the worker process ended at once, with exit code {process.wait()}")
        return _RunningProcess(process)

    def close(self) -> None:
        """Send the worker home that waits; those that work go on."""
        with self._lock:
            self._dismiss()

    def _dismiss(self) -> None:
        if self._waiting is not None:
            _dismiss(self._waiting[1])
            self._waiting = None

    def _spawn(self, home: Path) -> "subprocess.Popen[bytes]":
        # What it prints before it has a job; after that it prints into the folder of the run.
        log = os.open(home / LOG_NAME, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(
                [*self._command, "--home", str(home)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=child_environment(),
                # Neither Ctrl-C in the terminal nor its closing reaches a worker.
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        finally:
            os.close(log)


def child_environment() -> dict[str, str]:
    """What a process of ours finds in its environment: this code, and manners beside the page that watches it."""
    root = str(Path(core.__file__).parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return _MODEST | dict(os.environ) | _QUIET | {"PYTHONPATH": os.pathsep.join(paths)}


def end_process(process: ProcessIdentity) -> bool:
    """End a process and its children by force, and return whether it is gone."""
    if process.is_alive:
        try:
            head = psutil.Process(process.pid)
            family = [head, *head.children(recursive=True)]
        except psutil.Error:
            family = []
        for member in family:
            _kill(member)
    until = time.monotonic() + _END_SECONDS
    while process.is_alive and time.monotonic() < until:
        time.sleep(0.02)
    return not process.is_alive


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:  # gone by itself, or not ours to end
        return


def _hand_over(process: "subprocess.Popen[bytes]", job: Job) -> bool:
    """Send the job to a worker that waits, and return whether there was one."""
    if process.poll() is not None or process.stdin is None:
        return False
    try:
        with process.stdin as inbox:
            inbox.write(f"{job.id}\n".encode())
    except OSError:  # it ended in between
        return False
    return True


def _dismiss(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:  # in the middle of loading a library
        process.kill()
        process.wait()
