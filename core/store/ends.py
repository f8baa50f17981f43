"""The ends of trainings: each is told once, whichever program was there when it came."""

import json
import time

from core.events import Noted, encode
from core.store.jobs import Job, Jobs

_OLDEST_SECONDS = 3600.0
"""An end that is older than that is no news: programs that tell nobody were at work."""
_UNTOLD = "kind = 'train' AND told = 0 AND state IN ('DONE', 'STOPPED', 'FAILED', 'LOST')"


class Ends(Jobs):
    """The part of the store that knows which ends were told."""

    def take_ending(self) -> Job | None:
        """A training that ended lately and of which nobody was told yet; of several programs that ask, one gets it."""
        with self._transaction() as connection:
            old = time.time() - _OLDEST_SECONDS
            connection.execute(f"UPDATE jobs SET told = 1 WHERE {_UNTOLD} AND updated_at < ?", (old,))
            row = connection.execute(f"SELECT id FROM jobs WHERE {_UNTOLD} ORDER BY updated_at LIMIT 1").fetchone()
            if row is None:
                return None
            connection.execute("UPDATE jobs SET told = 1 WHERE id = ?", (row["id"],))
        return self.job(row["id"])

    def remark(self, job_id: int, note: Noted) -> None:
        """Add a note to the log of a job, also of one that is over; its run is as old as before."""
        with self._transaction() as connection:
            # One that was deleted meanwhile has no log any more.
            connection.execute(
                "INSERT INTO events (job_id, at, kind, body) SELECT id, ?, ?, ? FROM jobs WHERE id = ?",
                (time.time(), type(note).__name__, json.dumps(encode(note)), job_id),
            )
