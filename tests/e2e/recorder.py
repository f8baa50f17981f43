"""Notes every name that a program and its children look up."""

from collections.abc import Mapping
from pathlib import Path

_NOTE_LOOKUPS = """
import os, socket
_real = socket.getaddrinfo
def _recorded(host, *more, **named):
    with open(os.environ["LOOKED_UP"], "a") as file:
        file.write(f"{host}\\n")
    return _real(host, *more, **named)
socket.getaddrinfo = _recorded
"""
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


class Recorder:
    """A folder that any Python program started with `env` imports first."""

    def __init__(self, folder: Path) -> None:
        (folder / "sitecustomize.py").write_text(_NOTE_LOOKUPS)
        self._notes = folder / "looked_up"
        self.env: Mapping[str, str] = {"PYTHONPATH": str(folder), "LOOKED_UP": str(self._notes)}

    def elsewhere(self) -> set[str]:
        """The names that are not this machine's."""
        return set(self._notes.read_text().splitlines()) - HERE if self._notes.exists() else set()
