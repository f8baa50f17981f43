"""How long training took."""

import time

from core.strategy.pace import Pace

__all__ = ["Clock", "Pace"]


class Clock:
    """Seconds of training, without validating and saving; monotonic, so that a changed system clock does no harm."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return self._spent + (time.monotonic() - self._since if self._since is not None else 0.0)

    def run(self) -> None:
        """Start or go on."""
        if self._since is None:
            self._since = time.monotonic()

    def pause(self) -> None:
        """Stand still until `run`."""
        self._spent, self._since = self.seconds, None
