"""Work in a process that knows nothing of this one: it can be ended at any moment, and it ends with this one."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import Any

import core
from core.errors import MachineError, Stopped

_LOOK_SECONDS = 0.05


def run_fresh(module: str, folder: Path, stopping: Flag, on_look: Callable[[], None] | None = None) -> str:
    """Run `python -m module folder` to its end; an empty text, or the last line of what it complained of.

    `on_look` is called a few times a second meanwhile.

    Raises:
        Stopped: `stopping` was set; the process is ended.
    """
    with (folder / "log").open("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            cwd=root(),
            env=environment(),
            stdin=subprocess.PIPE,  # held open as long as this process lives: see end_with_parent
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            while process.poll() is None:
                if stopping.is_set():
                    raise Stopped
                if on_look is not None:
                    on_look()
                time.sleep(_LOOK_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()
        log.seek(0)
        lines = log.read().strip().splitlines()
    return "" if process.returncode == 0 else (lines or [f"it ended with code {process.returncode}"])[-1]


def ask_fresh(
    module: str, request: dict[str, Any], stopping: Flag, on_look: Callable[[], None] | None = None
) -> dict[str, Any]:
    """Hand `request` to `python -m module FOLDER` as request.json and return what it wrote to answer.json.

    Raises:
        Stopped: `stopping` was set; the process is ended.
        MachineError: The process failed.
    """
    with tempfile.TemporaryDirectory(prefix="fewtune-") as name:
        folder = Path(name)
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        problem = run_fresh(module, folder, stopping, on_look)
        if problem:
            raise MachineError(problem, "Look into the run's worker.log, and try again.")
        answer: dict[str, Any] = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    return answer


def answer_with(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The other end of `ask_fresh`: do `work` on the request of the folder that the command line names."""
    end_with_parent()
    folder = Path(sys.argv[1])
    answer = work(json.loads((folder / "request.json").read_text(encoding="utf-8")))
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def end_with_parent() -> None:
    """End this process as soon as the one that started it is gone, however it ended: its end of the pipe closes."""

    def watch() -> None:
        while os.read(0, 1):  # not sys.stdin, whose lock a waiting thread would hold when the process ends
            pass
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def root() -> Path:
    """Where the packages of Fewtune lie."""
    return Path(core.__file__).resolve().parents[1]


def environment() -> dict[str, str]:
    """What the process sees: nothing of a hub, and our packages."""
    return os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(root())}
