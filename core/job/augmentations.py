"""Data sets of the home folder get new rows: a version of their own, whose rows say where they come from."""

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.augment.analyse import analyse
from core.augment.card import TaskCard
from core.augment.entries import Entry, entries, shape_of
from core.augment.filter.check import Known
from core.augment.pipeline import Augmentation, Outcome
from core.augment.spend import Limits
from core.augment.teachers import TEACHERS
from core.dataset.choice import DataChoice
from core.dataset.examples import Reading
from core.dataset.files.source import Source, find_source
from core.dataset.finding import counted
from core.dataset.load import load, read_tables, readings_of
from core.dataset.provenance import COLUMN, HUMAN, generated_rows
from core.dataset.splits.made import MOST_A_HUMAN_ROW
from core.dataset.table import Table
from core.dataset.versions.history import make_version
from core.errors import DataError, SettingsError
from core.events import Emit

SEED = 7
"""Of the division whose training rows are the seeds: the one that runs have unless somebody changes it."""


class Augmentations:
    """What can be done to have more rows."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def known(self, choice: DataChoice, quality_threshold: float = 0.85) -> Known:
        """Seeds, which are human training rows, and the rows that no teacher ever sees.

        Raises:
            DataError: Rows of this format cannot be generated, or the rows cannot be divided.
        """
        readings = readings_of(find_source(choice.source, self._home), choice)
        split = load(choice, self._home, SEED)
        shape = shape_of(choice, readings["train"].table)
        human = [example for example in split.train if example.row not in _made(readings["train"])]
        held = [
            entry
            for side, examples in (("validation", split.validation), ("test", split.test))
            for entry in entries(shape, readings[side if side in readings else "train"].table, examples)
        ]
        seeds = entries(shape, readings["train"].table, human)
        return Known(shape=shape, seeds=seeds, held_out=held, quality_threshold=quality_threshold)

    def card(self, known: Known, description: str = "", constraints: Sequence[str] = ()) -> TaskCard:
        """What the seeds say of the task, to read and edit."""
        return analyse(known.shape, known.seeds, description, constraints)

    def prepare(
        self,
        known: Known,
        card: TaskCard,
        teacher: str,
        options: Mapping[str, Any],
        key: str = "",
        *,
        limits: Limits | None = None,
    ) -> Augmentation:
        """Everything but the start. The same data, card and teacher go on where they were left.

        Raises:
            NotFoundError: There is no such teacher.
            SettingsError: Its options are wrong; lists all that is.
            DataError: There are too few training rows.
        """
        try:
            read = TEACHERS[teacher].options.model_validate(dict(options))
        except ValidationError as error:
            problems = {".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}
            raise SettingsError(problems, "Give the teacher's settings as --set name=value.") from error
        rows = [dict(seed.cells) for seed in known.seeds]
        told = json.dumps([rows, card.model_dump(mode="json"), teacher, read.model_dump(mode="json")], sort_keys=True)
        folder = self._home / "augment" / hashlib.sha256(told.encode()).hexdigest()[:16]
        return Augmentation(
            known=known,
            card=card,
            teacher=teacher,
            options=read,
            folder=folder,
            key=key,
            limits=limits or Limits(),
        )

    def run(self, work: Augmentation, count: int, emit: Emit, stopping: threading.Event) -> Outcome:
        """Ask the teacher until there are `count` good rows, or more asking is of no use.

        Raises:
            SettingsError: So many rows would outweigh the human ones.
            UserError: The teacher failed again and again; answers are kept.
        """
        most = MOST_A_HUMAN_ROW * len(work.known.seeds)
        if not 1 <= count <= most:
            raise SettingsError(
                {"count": f"must be from 1 to {most}: at most {MOST_A_HUMAN_ROW} for each human training row"},
                "Ask for fewer rows, or collect more examples.",
            )
        return work.run(count, emit, stopping)

    def keep(self, choice: DataChoice, chosen: Sequence[Entry], teacher: str) -> Source:
        """A new version of the data with these rows behind the others.

        Raises:
            DataError: There are none.
            MachineError: The version cannot be written.
        """
        if not chosen:
            raise DataError("No new row is good enough to be kept.", "See what the checks rejected, and why.")
        source = find_source(choice.source, self._home)
        tables = dict(read_tables(source, choice.sheet))
        tables["train"] = _joined(tables["train"], chosen)
        act = f"{counted(len(chosen))} written by {teacher} added to the training rows."
        return make_version(source, tables, act, self._home)


def _joined(table: Table, chosen: Sequence[Entry]) -> Table:
    columns = tuple(dict.fromkeys((*table.columns, COLUMN)))
    human = [{**row, COLUMN: row.get(COLUMN) or HUMAN} for row in table.rows]
    new = [
        {column: entry.cells.get(column) for column in columns} | {COLUMN: entry.origin.cell if entry.origin else HUMAN}
        for entry in chosen
    ]
    numbers = [table.number(place) for place in range(len(table.rows))]
    first = max(numbers) + 1
    return replace(table, columns=columns, rows=[*human, *new], numbers=(*numbers, *range(first, first + len(new))))


def _made(reading: Reading) -> set[int]:
    return {reading.index.rows[place] for place in generated_rows(reading.table, reading.index.rows)}
