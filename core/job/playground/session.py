"""The process that holds the models of the playground: started, spoken to, heard, and ended."""

import contextlib
import json
import os
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.dataset.files.keep import clear_after
from core.errors import MachineError
from core.job.child import spawn

LOG_NAME = "playground.log"
Hear = Callable[["Session", dict[str, Any]], None]


class Session:
    """One loaded run. What is asked before it is loaded waits in the pipe."""

    def __init__(self, wish: Mapping[str, Any], home: Path, hear: Hear) -> None:
        """Begin to load; `hear` is told each line, and {"said": "ended"} last, with a problem where there is one.

        Raises:
            MachineError: The system allows no further process.
        """
        self._home, self._hear = home, hear
        self._lock = threading.Lock()
        self._meant = False
        self._over = threading.Event()
        self.is_loaded = False
        self._process = spawn("core.job.playground.worker", home, LOG_NAME)
        self._thread = threading.Thread(target=self._listen, name="playground", daemon=True)
        self.send(wish)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether the process is gone, or about to be."""
        return self._meant or self._over.is_set()

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something to it; where it is gone already, its end says so."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(message) + "\n")
                self._process.stdin.flush()

    def end(self) -> None:
        """End it by force and wait until its memory is given back; ending twice does nothing more."""
        self._meant = True
        self._process.kill()
        if threading.current_thread() is not self._thread:
            self._over.wait(5)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came."""
        return self._over.wait(seconds)

    def _listen(self) -> None:
        ended: dict[str, Any] = {"said": "ended"}
        try:
            for line in self._process.stdout or ():
                said = json.loads(line)
                self.is_loaded = self.is_loaded or said["said"] == "ready"
                self._hear(self, said)
            code = self._process.wait()
            if code and not self._meant:
                ended["problem"] = _end_of(code, self._home / LOG_NAME)
        finally:
            self._process.kill()
            self._process.wait()
            with self._lock:
                for pipe in (self._process.stdin, self._process.stdout):
                    with contextlib.suppress(OSError):  # closing writes what the process did not live to read
                        if pipe is not None:
                            pipe.close()
            clear_after(self._process.pid, self._home)
            self._over.set()
            self._hear(self, ended)


def _end_of(code: int, log: Path) -> MachineError:
    if code in {-signal.SIGKILL, -signal.SIGTERM} if os.name == "posix" else False:
        return MachineError(
            f"The process with the models was ended by the system (signal {-code}).",
            "Most often too little memory is the reason: close other programs, or wait for the end of a run.",
        )
    last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2][:300]
    return MachineError(
        f"The process with the models ended: {last or f'exit code {code}'}.",
        f"Ask again; if it comes back, {log.name} in the home folder says more.",
    )
