"""Serve a tuned model on this machine, as programs that speak OpenAI's protocol expect it."""

import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from core.errors import MachineError
from core.export.extras import check_installed
from core.export.fresh import environment, root

MODULES = ("openai", "uvicorn", "fastapi")
HOST = "127.0.0.1"
_ASK_SECONDS = 2.0
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Health:
    """How a server is."""

    state: str
    """"starting", "ready", or "ended"."""
    url: str
    why: str = ""
    """Of an end: the last line that the process said."""


class Server:
    """One process that serves one folder on a free port of 127.0.0.1."""

    def __init__(self, folder: Path, log: Path, port: int = 0) -> None:
        """Start it; it is ready some seconds later.

        Raises:
            MachineError: A package is missing, or the port is taken.
        """
        check_installed("Serving a model", "serving", MODULES)
        self.folder, self._log, self.port = folder, log, _free(port)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "core.export.served", str(folder), str(self.port)],
                cwd=root(),
                env=environment(),
                stdin=subprocess.PIPE,  # closes when this process is gone, however it ended
                stdout=file,
                stderr=file,
            )

    @property
    def url(self) -> str:
        """Where programs find it."""
        return f"http://{HOST}:{self.port}/v1"

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def curl(self) -> str:
        """A line for a terminal that asks it something."""
        question = {"model": str(self.folder), "messages": [{"role": "user", "content": "..."}], "max_tokens": 100}
        body = json.dumps(question).replace("'", "'\\''")
        return f"curl {self.url}/chat/completions -H 'Content-Type: application/json' -d '{body}'"

    def health(self) -> Health:
        """Ask it how it is."""
        if self._process.poll() is not None:
            lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return Health("ended", self.url, lines[-1] if lines else f"code {self._process.returncode}")
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port}/health", timeout=_ASK_SECONDS) as answer:
                return Health("ready" if answer.status == 200 else "starting", self.url)
        except (urllib.error.URLError, OSError):
            return Health("starting", self.url)

    def stop(self) -> None:
        """End the process and wait until it is gone."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.communicate()


class Servers:
    """The servers of one dashboard: one a run."""

    def __init__(self) -> None:
        self._servers: dict[str, Server] = {}
        self._lock = threading.Lock()

    def start(self, run_id: str, folder: Path, log: Path) -> Server:
        """Serve a run's folder; the server that already does is returned.

        Raises:
            MachineError: A package is missing.
        """
        with self._lock:
            known = self._servers.get(run_id)
            if known is None or known.health().state == "ended":
                known = self._servers[run_id] = Server(folder, log)
            return known

    def of(self, run_id: str) -> Server | None:
        """The run's server, ended ones too."""
        with self._lock:
            return self._servers.get(run_id)

    def stop(self, run_id: str) -> None:
        """End the run's server, if it has one."""
        with self._lock:
            server = self._servers.pop(run_id, None)
        if server is not None:
            server.stop()

    def close(self) -> None:
        """End all."""
        for run_id in list(self._servers):
            self.stop(run_id)


def _free(port: int) -> int:
    """The port, or any free one for 0.

    Raises:
        MachineError: It is taken.
    """
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise MachineError(f"Port {port} cannot be had: {error.strerror}.", "Name another, or none.") from error
        return int(probe.getsockname()[1])
