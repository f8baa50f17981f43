"""What a launcher is: the way in which a job comes to run."""

from pathlib import Path
from typing import Protocol

from core.store.identity import ProcessIdentity
from core.store.store import Job, Store


class Running(Protocol):
    """A job that was launched, seen from where it was launched."""

    @property
    def worker(self) -> ProcessIdentity | None:
        """The process of its own in which it runs, if it has one."""

    def poll(self) -> int | None:
        """None while it runs, else the exit code: negative for the signal that ended it."""

    def end(self) -> bool:
        """End it by force and return whether it is gone; a thread cannot be ended."""


class LauncherKind(Protocol):
    """A class of launchers, as the registry holds it."""

    @property
    def name(self) -> str:
        """The stable name for the command line."""

    @property
    def title(self) -> str:
        """The name for people."""

    def __call__(self) -> "Launcher":
        """A launcher of this kind."""


class Launcher(Protocol):
    """Starts the work on jobs and says where it runs."""

    name: str
    title: str
    outlives_program: bool
    """Whether the work goes on when the program ends that began it."""

    def warm_up(self, home: Path) -> None:
        """Get ready for a job of `home`, which may come or not; asking again does nothing more."""

    def start(self, job: Job, store: Store) -> Running:
        """Let `core.job.worker.perform` begin with `job` and return at once.

        Raises:
            OSError: The system does not allow it.
        """

    def close(self) -> None:
        """Let go of what waits for jobs; work in processes goes on."""
