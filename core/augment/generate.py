"""Questions are asked, several at once: again after a while where that helps, never over a cap, and nothing twice."""

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.augment.journal import Journal, Paid
from core.augment.spend import Spend
from core.augment.teachers.openai import tokens_of
from core.augment.teachers.teacher import Question, Reply, Trouble
from core.dataset.progress import nobody

TRIES = 5
FIRST_PAUSE = 1.0
"""Seconds before the second try; doubled before each further one, times a lot between 0.5 and 1.5."""
_EQUAL_TROUBLES = 3
"""So many questions in a row that failed for the same reason end the work."""

Asked = TypeVar("Asked", bound=Question)


@dataclass
class Asking(Generic[Asked]):
    """Asks an endpoint and writes each answer down."""

    ask: Callable[[Asked], Reply]
    journal: Journal
    spend: Spend
    at_once: int
    stopping: threading.Event
    first_pause: float = FIRST_PAUSE
    heard: Callable[[Paid], None] = nobody
    capped: bool = False
    """Whether a cap kept a question from being asked."""
    problem: str = ""
    """Why it is not asked any more; empty while it is."""
    _troubles: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask_all(self, requests: Iterable[Asked]) -> None:
        """Ask until all are answered, a cap is reached, somebody stops it, or it fails again and again.

        Raises:
            MachineError: An answer cannot be written down.
        """
        with ThreadPoolExecutor(self.at_once, thread_name_prefix="teacher") as pool:
            asked = [pool.submit(self._one, request) for request in requests]
            try:
                for done in asked:
                    done.result()
            finally:  # after Ctrl+C or a full disk, nothing more is asked
                for done in asked:
                    done.cancel()

    def _one(self, request: Asked) -> None:
        if self.stopping.is_set() or self.problem or self.capped:
            return
        aside = tokens_of(request.prompt) + 50, request.most_tokens
        if not self.spend.set_aside(*aside):
            self.capped = True
            return
        spent, began = (0, 0), time.monotonic()
        try:
            reply = self._patiently(request)
            spent = (reply.prompt_tokens, reply.answer_tokens)
            self._write(request, reply, time.monotonic() - began)
            with self._lock:
                self._troubles.clear()
        except Trouble as trouble:
            if trouble.paid:
                reply = trouble.reply or Reply(text="", prompt_tokens=aside[0], answer_tokens=aside[1])
                spent = (reply.prompt_tokens, reply.answer_tokens)
                self._write(request, reply, time.monotonic() - began)
            self._count(trouble)
        finally:
            self.spend.settle(aside, spent)

    def _patiently(self, request: Asked) -> Reply:
        pause = self.first_pause
        for last in (*[False] * (TRIES - 1), True):
            try:
                return self.ask(request)
            except Trouble as trouble:
                if last or not trouble.again or self.problem:
                    raise
                wait = max(trouble.wait, pause * random.uniform(0.5, 1.5))
                if self.stopping.wait(wait):
                    raise
                pause *= 2
        raise AssertionError("the last try answers or raises")

    def _write(self, request: Asked, reply: Reply, seconds: float) -> None:
        paid = paid_for(request, reply, seconds)
        self.journal.write(paid)
        self.heard(paid)

    @property
    def trouble(self) -> str:
        """Why the newest question has no answer; empty where it has one."""
        with self._lock:
            return self._troubles[-1] if self._troubles else ""

    def _count(self, trouble: Trouble) -> None:
        with self._lock:
            if self._troubles and self._troubles[-1] != trouble.kind:
                self._troubles.clear()
            self._troubles.append(trouble.kind)
            if len(self._troubles) >= _EQUAL_TROUBLES:
                self.problem = trouble.kind


def paid_for(request: Question, reply: Reply, seconds: float = 0.0) -> Paid:
    """The line of the journal for an answer."""
    return Paid(
        number=request.number,
        prompt=digest(request.prompt),
        seeds=request.seeds,
        text=reply.text,
        prompt_tokens=reply.prompt_tokens,
        answer_tokens=reply.answer_tokens,
        seconds=round(seconds, 3),
    )


def digest(prompt: str) -> str:
    """What stands for a prompt in a row's provenance."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:16]


def failed(problem: str, kept: int, who: str = "teacher") -> tuple[str, str]:
    """What to say, and what to do, where it was given up."""
    return (
        f"The {who} was given up after {_EQUAL_TROUBLES} questions in a row: {problem}.",
        f"{kept} answers are kept: mend the cause and start the same again, and it goes on from there.",
    )
