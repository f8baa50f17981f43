"""A question about data that takes long, answered in a process of its own: it is watched, and can be stopped.

Reading a million rows holds the interpreter's lock for seconds at a time; in the server it would freeze every page.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from pydantic import TypeAdapter

from core.dataset.files.keep import clear_after
from core.errors import (
    DataError,
    MachineError,
    MemoryFullError,
    ModelError,
    NotFoundError,
    SettingsError,
    Stopped,
    UserError,
)
from core.job.child import spawn

Answer = TypeVar("Answer")

LOG_NAME = "inquiry.log"
_ERRORS: Mapping[str, type[UserError]] = {
    error.__name__: error for error in (DataError, MachineError, MemoryFullError, ModelError, NotFoundError, UserError)
}


class Inquiry(Generic[Answer]):
    """A question that is being answered."""

    def __init__(
        self,
        task: str,
        request: Mapping[str, Any],
        shape: type[Answer],
        home: Path,
        smaller: str = "close other programs, or take fewer rows",
        *,
        lastly: Callable[[], object] | None = None,
    ) -> None:
        """Begin to answer; `task` is one of `core.job.inquiry_worker.TASKS`, and `shape` what it answers with.

        `smaller` is what helps where memory was too small for the task; `lastly` is called in the end, in any case.

        Raises:
            MachineError: The system allows no further process.
        """
        self.about = "starting"
        """What goes on, in a few words."""
        self.share = 0.0
        """Of the work that is done, from 0 to 1."""
        self.started = time.monotonic()
        self._shape = shape
        self._smaller = smaller
        self._lastly = lastly
        self._over = threading.Event()
        self._stopped = False
        self._answer: Answer | None = None
        self._error: UserError | None = None
        self._log = home / LOG_NAME
        self._process = spawn("core.job.inquiry_worker", home, LOG_NAME)
        self._thread = threading.Thread(
            target=self._listen, args=(json.dumps({"task": task, **request}),), name="inquiry", daemon=True
        )
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether there is an answer, an error, or a stop."""
        return self._over.is_set()

    @property
    def seconds_left(self) -> float | None:
        """A guess from what is done; None as long as that is too little to tell."""
        spent = time.monotonic() - self.started
        return spent * (1 - self.share) / self.share if self.share > 0.05 and spent > 1 else None

    def answer(self, timeout: float | None = None) -> Answer:
        """Wait for the answer.

        Raises:
            UserError: What went wrong, as the task said it; a MachineError where its process ended without a word.
            Stopped: Somebody stopped it.
            TimeoutError: It is not over after `timeout` seconds.
        """
        if not self._over.wait(timeout):
            raise TimeoutError
        if self._stopped:
            raise Stopped
        if self._answer is None:
            raise self._error or MachineError("The check ended without an answer.", "Try again.")
        return self._answer

    def stop(self) -> None:
        """End it; stopping twice does nothing more."""
        if not self.is_over:
            self._stopped = True
            _kill(self._process)

    def _listen(self, request: str) -> None:
        try:
            requests, answers = _pipes(self._process)
            with contextlib.suppress(BrokenPipeError):  # it ended already; how, its exit code says
                requests.write(request + "\n")
                requests.flush()  # and stays open: its end tells the child that nobody waits any more
            for line in answers:
                self._hear(line)
            code = self._process.wait()
            if self._answer is None and self._error is None and not self._stopped:
                self._error = _end_of(code, self._log, self._smaller)
        except OSError as error:
            self._error = MachineError(f"The check ended without an answer: {error}.", "Try again.")
        finally:
            _kill(self._process)
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):  # closing writes what the process did not live to read
                    if pipe is not None:
                        pipe.close()
            clear_after(self._process.pid, self._log.parent)
            if self._lastly is not None:
                self._lastly()
            self._over.set()

    def _hear(self, line: str) -> None:
        said = json.loads(line)
        if "about" in said:
            self.about, self.share = said["about"], said["share"]
        elif "error" in said:
            self._error = error_of(said)
        else:
            self._answer = TypeAdapter(self._shape).validate_python(said["answer"])


def _end_of(code: int, log: Path, smaller: str) -> MachineError:
    if code < 0:
        return MachineError(
            f"The check was ended by the system (signal {-code}).",
            f"Most often too little memory is the reason: {smaller}.",
        )
    last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2][:300]
    return MachineError(f"Fewtune itself made a mistake: {last or f'exit code {code}'}.", f"{log.name} says more.")


def error_of(said: Mapping[str, Any]) -> UserError:
    """An error as a process of ours said it."""
    what, fix, problems = (said["error"][name] for name in ("what", "fix", "problems"))
    if said["kind"] == SettingsError.__name__:
        return SettingsError(problems, fix)
    return _ERRORS.get(said["kind"], UserError)(what, fix, problems)


def _kill(process: "subprocess.Popen[str]") -> None:
    """End a process, and the processes that read files for it."""
    if os.name == "posix" and process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        raise OSError("no pipe to the process")
    return process.stdin, process.stdout
