"""Judgements: what a person says of the answers to a test row."""

import time
from dataclasses import dataclass

from core.errors import NotFoundError, SettingsError
from core.store.jobs import no_run
from core.store.runs import storable
from core.store.schema import Database

VERDICTS = ("base", "tuned", "both", "neither")
"""Which model answered well; empty where nobody said."""
LONGEST_NOTE = 2000
"""Characters."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person says of both answers to one row."""

    verdict: str = ""
    """One of `VERDICTS`, or empty."""
    note: str = ""
    answers: str = ""
    """Which answers were judged: their digest. A run that is scored again may give others."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not self.verdict and not self.note


class Judgements(Database):
    """The part of the store that keeps what people say of single rows."""

    def judgements(self, run_id: str) -> dict[int, Judgement]:
        """Row, counted from 1 in its file, to what was said of it; only rows of which something was said."""
        rows = self._rows("SELECT row, verdict, note, answers FROM judgements WHERE run_id = ?", run_id)
        return {row["row"]: Judgement(row["verdict"], row["note"], row["answers"]) for row in rows}

    def judge(self, run_id: str, row: int, judgement: Judgement) -> None:
        """Keep a judgement in place of what was said of the row before; an empty one takes that back.

        Raises:
            NotFoundError: There is no such run.
            SettingsError: The verdict is none of those that there are, or the note is too long.
        """
        if judgement.verdict and judgement.verdict not in VERDICTS:
            raise SettingsError({"verdict": f"Take one of {', '.join(VERDICTS)}, or none."})
        if len(judgement.note) > LONGEST_NOTE:
            raise SettingsError({"note": f"At most {LONGEST_NOTE:,} characters."})
        with self._transaction() as connection:
            if connection.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone() is None:
                raise NotFoundError(*no_run(run_id))
            values = (run_id, row, judgement.verdict, storable(judgement.note), judgement.answers, time.time())
            connection.execute("INSERT OR REPLACE INTO judgements VALUES (?, ?, ?, ?, ?, ?)", values)

    def judged(self, run_id: str) -> str:
        """Changes with every judgement of the run, so that whoever shows them knows when to look again."""
        [row] = self._rows("SELECT count(*), max(at) FROM judgements WHERE run_id = ?", run_id)
        return f"{row[0]} {row[1]}"
