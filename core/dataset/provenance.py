"""Where a row comes from: a person, or a teacher. It stands in the row itself, so that no copy of a file loses it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from core.dataset.table import Table, text_of

COLUMN = "fewtune_origin"
"""The column that says it; files without it hold human rows only."""
HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Generated:
    """What a generated row says of its making."""

    teacher: str
    """What wrote it, in words: "openai gpt-x", "rules"."""
    seeds: tuple[int, ...]
    """Rows of the training file that stood in the prompt, or in the prompts of generated rows that did."""
    prompt: str
    """SHA-256 of the whole prompt, its first 16 hexadecimal digits; of rules, of what they were given."""

    @property
    def cell(self) -> str:
        """As it stands in the column."""
        return json.dumps({"teacher": self.teacher, "seeds": list(self.seeds), "prompt": self.prompt})


def origin_of(cell: str) -> Generated | None:
    """The origin that a cell tells; None for a human row.

    A cell that cannot be read counts as generated from nobody knows what: such a row is never tested on.
    """
    if cell.strip() in {"", HUMAN}:
        return None
    try:
        said = json.loads(cell)
        return Generated(str(said["teacher"]), tuple(int(row) for row in said["seeds"]), str(said["prompt"]))
    except (ValueError, TypeError, KeyError):
        return Generated("unknown", (), "")


def generated_rows(table: Table, rows: Sequence[int]) -> dict[int, Generated]:
    """Of the rows with these numbers, in order, the places in the list that hold generated ones, to their origins."""
    if COLUMN not in table.columns:
        return {}
    wanted = {number: place for place, number in enumerate(rows)}
    found = {}
    for at, row in enumerate(table.rows):
        place = wanted.get(table.number(at))
        origin = origin_of(text_of(row.get(COLUMN)))
        if place is not None and origin is not None:
            found[place] = origin
    return found
