"""Waiting for what a dashboard or a worker in another process does."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from core.engine import Engine

Found = TypeVar("Found")


def until(condition: Callable[[], Found], seconds: float = 600.0) -> Found:
    """What `condition` gives, as soon as that is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError("it did not happen")


@contextmanager
def looking_into(home: Path) -> Iterator[Engine]:
    """A look into a home; in the end nothing of it goes on."""
    engine = Engine(home)
    yield engine
    for job in engine.store.unfinished():
        engine.store.request_stop(job.id, "now")
    until(lambda: not engine.store.unfinished(), 100)
    engine.close()
