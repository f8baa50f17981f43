"""A process of our own that is asked and answers through pipes, a line of JSON each."""

import os
import subprocess
import sys
from pathlib import Path

from core.errors import MachineError
from core.job.launchers.process import child_environment


def spawn(module: str, home: Path, log: str) -> "subprocess.Popen[str]":
    """Begin `module` as a program; what it says besides its answers goes to the file `log` in the home.

    Raises:
        MachineError: The system allows no further process.
    """
    errors = os.open(home / log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, "--home", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            encoding="utf-8",
            env=child_environment() | {"PYTHONUTF8": "1"},
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise MachineError(f"No process can be started: {error}.", "Close other programs and try again.") from error
    finally:
        os.close(errors)
