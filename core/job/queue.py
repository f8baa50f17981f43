"""The queue of runs as people see and order it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import NotFoundError, SettingsError
from core.events import RunState
from core.store.queue import Limit as Limit
from core.store.store import Job, Store

MOST_AT_ONCE = 16
"""Jobs; more would only take turns."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits for its turn."""

    job: Job
    name: str
    """Of its run, as typed."""
    ahead: int
    """How many come before it, with those at work."""
    queue_is_paused: bool
    lack: str = ""
    """Where one more may be at work and it is the next: what it lacks for that, as a clause."""

    @property
    def told(self) -> str:
        """What it waits for, as a clause: "behind 2 runs"."""
        if self.job.held:
            return "until you let it go on"
        parts = []
        if self.job.not_before is not None and self.job.not_before > time.time():
            parts.append(f"until {clock(self.job.not_before)}")
        if self.lack:
            parts.append(self.lack)
        elif self.ahead:
            parts.append(f"behind {self.ahead} run{'s' if self.ahead != 1 else ''}")
        if self.queue_is_paused:
            parts.append("until the queue goes on")
        return " and ".join(parts) or "for its turn, which is next"


class Queue:
    """The jobs that wait, in their order; whichever program lives begins the next.

    One job is at work at a time unless the operator allows more: side by side they share the same cores, all take
    longer, and no forecast of time holds. Where more are allowed, the next begins as soon as its forecast memory fits
    beside what those at work may come to hold. None passes one that waits for memory: a large run would wait for ever.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def is_paused(self) -> bool:
        """Whether nothing new begins."""
        return self._store.queue_is_paused

    @property
    def stamp(self) -> str:
        """A text that changes whenever the queue looks different."""
        return self._store.queue_stamp()

    def __len__(self) -> int:
        return len(self._store.waiting())

    def waiting(self) -> list[Waiting]:
        """All that wait, in the order in which they will begin."""
        line, paused = self._store.waiting(), self.is_paused
        names = {row.id: row.name for row in self._store.runs()} if line else {}
        at_work = len(self._store.at_work())
        after = self._store.next_up() if 0 < at_work < self.limit.at_once else None
        ahead, found = at_work, []
        for job in line:
            lack = job.waits if after is not None and job.id == after.id else ""
            found.append(Waiting(job, names.get(job.run_id, job.run_id), ahead, paused, lack))
            ahead += not job.held  # nobody waits for one that does not want to begin
        return found

    @property
    def limit(self) -> Limit:
        """How many jobs may be at work together, and in how much memory."""
        return self._store.limit

    def allow(self, at_once: int | None = None, room_gib: float | None = None) -> Limit:
        """Allow so many jobs at work together, in so much memory (GiB; 0: all that the device has).

        Raises:
            SettingsError: A number is out of range; lists both.
        """
        problems = {}
        if at_once is not None and not 1 <= at_once <= MOST_AT_ONCE:
            problems["at_once"] = f"{at_once} is not between 1 and {MOST_AT_ONCE}"
        if room_gib is not None and not 0 <= room_gib < float("inf"):
            problems["room"] = f"{room_gib:g} is no size in GiB"
        if problems:
            raise SettingsError(problems)
        known = self._store.limit
        room = known.room_gib if room_gib is None else room_gib or None
        self._store.set_limit(Limit(known.at_once if at_once is None else at_once, room))
        return self._store.limit

    def place_of(self, run_id: str) -> Waiting | None:
        """What the run waits for; None where it does not wait."""
        return next((each for each in self.waiting() if each.job.run_id == run_id), None)

    def first(self, run_id: str) -> int:
        """Let the run begin before all others that wait, and return its place, counting from 1.

        Raises:
            NotFoundError: There is no such run, or it does not wait.
            BusyError: It began meanwhile.
        """
        return self._reorder(run_id, lambda _: 0)

    def up(self, run_id: str) -> int:
        """Let the run begin one earlier, and return its place, counting from 1.

        Raises:
            NotFoundError: There is no such run, or it does not wait.
            BusyError: It began meanwhile.
        """
        return self._reorder(run_id, lambda place: place - 1)

    def down(self, run_id: str) -> int:
        """Let the run begin one later, and return its place, counting from 1.

        Raises:
            NotFoundError: There is no such run, or it does not wait.
            BusyError: It began meanwhile.
        """
        return self._reorder(run_id, lambda place: place + 1)

    def take_out(self, run_id: str) -> RunState:
        """Take a waiting run out; it is stopped then, and may be started again.

        Raises:
            NotFoundError: There is no such run, or it does not wait.
        """
        return self._store.request_stop(self._find(run_id).id)

    def set_time(self, run_id: str, not_before: float | None) -> None:
        """Let the run begin not before a time (UTC epoch, seconds); None is as soon as its turn comes.

        Raises:
            NotFoundError: There is no such run, or it does not wait.
            BusyError: It began meanwhile.
        """
        self._store.postpone(self._find(run_id).id, not_before)

    def pause(self) -> None:
        """Let nothing new begin; the run at work goes on."""
        self._store.pause_queue(paused=True)

    def go_on(self) -> None:
        """Let the next begin when its turn comes."""
        self._store.pause_queue(paused=False)

    def _reorder(self, run_id: str, place: Callable[[int], int]) -> int:
        return 1 + self._store.reorder(self._find(run_id).id, place)

    def _find(self, run_id: str) -> Job:
        self._store.run(run_id)
        for job in self._store.waiting():
            if job.run_id == run_id:
                return job
        raise NotFoundError(f"Run {run_id} does not wait in the queue.", "See 'fewtune queue' for those that do.")


def clock(at: float) -> str:
    """A time as the clock on this computer's wall shows it, with the day where it is not today."""
    then = datetime.fromtimestamp(at).astimezone()
    return then.strftime("%H:%M" if then.date() == datetime.now().astimezone().date() else "%a %d %b, %H:%M")


def read_time(typed: str) -> float | None:
    """When somebody wants a run to begin: "22:30" is the next time that the clock shows it; nothing is at once.

    Raises:
        SettingsError: That is no time, or it has passed.
    """
    text = " ".join(typed.strip().replace("T", " ").split())
    if not text:
        return None
    now = datetime.now().astimezone()
    try:
        if ":" in text and "-" not in text:
            hour, minute = (int(part) for part in text.split(":"))
            then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
            then = then if then > now else then + timedelta(days=1)
        else:
            then = datetime.strptime(text, "%Y-%m-%d %H:%M").astimezone()
    except (ValueError, OverflowError) as error:
        wanted = {"time": f"{typed[:40]!r} is no time such as 22:30 or 2031-05-17 22:30"}
        raise SettingsError(wanted, "Write hours and minutes of this computer's clock.") from error
    if then <= now:
        raise SettingsError({"time": f"{typed[:40]} has passed already"}, "Choose a later time.")
    return then.timestamp()
