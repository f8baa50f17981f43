"""A dashboard in a process of its own, as people start it, for tests that speak HTTP to it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 400.0
"""Seconds that a start may take on a busy machine."""


class Served:
    """`python app.py` with the given words, until `end`."""

    def __init__(self, home: Path, *words: str, env: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "--home", str(home), "--port", "0", "--no-open", *words],
            cwd=home.parent,
            env=os.environ | {"OMP_NUM_THREADS": "1"} | dict(env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._wait_for_url()

    @property
    def output(self) -> str:
        """All that it printed so far."""
        return "\n".join(self.lines)

    def client(self, **settings: Any) -> httpx.Client:
        """A client that goes to the dashboard and through no proxy."""
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, **settings)

    def end(self, how: int = signal.SIGINT) -> int:
        """Send a signal, wait for the end and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in self.process.stdout)

    def _wait_for_url(self) -> str:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            for line in self.lines:
                if line.startswith("Fewtune is ready at "):
                    return line.removeprefix("Fewtune is ready at ")
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"The dashboard did not start: {self.output}")


def the_rest(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a process still prints on both pipes until it ends.

    `communicate` reads past the buffer of a pipe from which lines were already read, so that what
    lies in it is lost, up to the middle of a line.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = process.stdout.read(), process.stderr.read()
    process.wait(PATIENCE)
    return out, err


def run_app(home: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`python app.py` with the given words, to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--home", str(home), *words],
        cwd=home.parent,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | dict(env or {}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
