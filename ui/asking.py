"""One inquiry at a time, or what came of the last one. All tabs share it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from core.engine import Engine
from core.errors import Stopped, UserError
from core.job.inquiry import Inquiry

About = TypeVar("About")
Answer = TypeVar("Answer")


class Asking(Generic[About, Answer]):
    """At most one inquiry at a time; it gives way to a run, unless nothing is said for that case."""

    def __init__(self, engine: Engine, *, stopped: str, gave_way: str = "") -> None:
        """`stopped` and `gave_way` are what is said where someone, or a run, ended it."""
        self._engine = engine
        self._lock = threading.Lock()
        self._words = {False: stopped, True: gave_way}
        self._going: tuple[About, Inquiry[Answer]] | None = None
        self._gave_way = False
        self._turns = 0
        self.about: About | None = None
        """What the last one was about."""
        self.said = ""
        """How the last one ended, where it was stopped."""
        self.error: UserError | None = None
        """What went wrong with the last one."""

    def look(self) -> tuple[About, Inquiry[Answer]] | None:
        """What is going on. The end of it is taken in, and where a run began meanwhile, it is ended."""
        with self._lock:
            self._settle()
            if self._words[True] and self._going is not None and self._engine.active() is not None:
                self._stop(gave_way=True)
            return self._going

    @property
    def stage(self) -> str:
        """Changes with every beginning and every end."""
        return f"{self._turns} {'' if self.look() else 'over'}"

    def stop(self) -> None:
        """Stop what is going on."""
        with self._lock:
            self._stop(gave_way=False)

    def give_way(self) -> bool:
        """Stop it because a run is about to begin; whether there was one."""
        with self._lock:
            self._settle()
            return self._stop(gave_way=True)

    def _begin(self, about: About, start: Callable[[], Inquiry[Answer]]) -> None:
        """Begin what `start` begins, unless just that is going on."""
        with self._lock:
            self._settle()
            if self._going is not None and self._going[0] == about:
                return
            self._going = about, start()
            self.about, self.said, self.error, self._gave_way = about, "", None, False
            self._turns += 1

    def _stop(self, *, gave_way: bool) -> bool:
        if self._going is None:
            return False
        self._gave_way = gave_way
        self._going[1].stop()
        self._settle(wait=5)
        return True

    def _settle(self, wait: float = 0) -> None:
        if self._going is None:
            return
        try:
            self._heard(self._going[0], self._going[1].answer(wait))
        except TimeoutError:
            return
        except Stopped:
            self.said = self._words[self._gave_way]
        except UserError as error:
            self.error = error
        self._going = None

    def _heard(self, about: About, answer: Answer) -> None:
        """Take in the answer, where it is kept nowhere else."""
