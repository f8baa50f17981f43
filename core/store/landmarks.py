"""The events that tell a long run's curves, noted as they are written, so that opening it need not read millions.

Of each stretch of `STRETCH` steps (or measurements) the first, the last and the extremes are landmarks. They are noted
in the transaction that writes the stretch's last event, so a kill leaves neither half a stretch nor a wrong one.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from core.events import Event, MemoryMeasured, StepTaken

STRETCH = 500
"""Events."""
MANY = 60 * STRETCH
"""Events of a run from which on its landmarks tell enough: a curve has some hundreds of points then."""
KINDS = (StepTaken.__name__, MemoryMeasured.__name__)

Line = tuple[int, dict[str, Any]]
"""An event's number and body."""


def note(connection: sqlite3.Connection, job_id: int, event: Event) -> None:
    """Note the landmarks of the stretch that `event`, which was just written, ends; nothing where it ends none."""
    if isinstance(event, StepTaken):
        if event.step % STRETCH:
            return
    elif not isinstance(event, MemoryMeasured):
        return
    kind = type(event).__name__
    since = connection.execute(
        "SELECT COALESCE(MAX(seq), 0) FROM landmarks WHERE job_id = ? AND kind = ?", (job_id, kind)
    ).fetchone()[0]
    of_stretch = ("FROM events WHERE job_id = ? AND kind = ? AND seq > ?", (job_id, kind, since))
    # Measurements have no number: they are counted, and their texts read only when a stretch is whole.
    counts = isinstance(event, MemoryMeasured)
    if counts and connection.execute(f"SELECT COUNT(*) {of_stretch[0]}", of_stretch[1]).fetchone()[0] < STRETCH:
        return
    rows = connection.execute(f"SELECT seq, body {of_stretch[0]} ORDER BY seq", of_stretch[1])
    lines = [(int(row["seq"]), json.loads(row["body"])) for row in rows]
    seqs = sorted({lines[0][0], lines[-1][0], *_extremes(lines)})
    connection.executemany(
        "INSERT INTO landmarks (job_id, kind, seq) VALUES (?, ?, ?)", [(job_id, kind, seq) for seq in seqs]
    )


def _extremes(lines: Sequence[Line]) -> Iterator[int]:
    """Numbers of the lowest and the highest value of each curve, and of the first gap."""
    curves = [
        [(seq, body.get(name)) for seq, body in lines]
        for name in ("loss", "grad_norm", "used_gib")
        if name in lines[0][1]
    ]
    if "tokens" in lines[0][1]:
        curves.append([(after[0], _speed(before[1], after[1])) for before, after in pairwise(lines)])
    for curve in curves:
        known = [(value, seq) for seq, value in curve if value is not None]
        gaps = [seq for seq, value in curve if value is None]
        yield from gaps[:1]
        if known:
            yield from (min(known)[1], max(known)[1])


def _speed(before: dict[str, Any], after: dict[str, Any]) -> float | None:
    seconds = after["seconds"] - before["seconds"]
    return (after["tokens"] - before["tokens"]) / seconds if seconds > 0 else None
