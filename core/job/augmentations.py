"""Data sets of the home folder get new rows: a version of their own, whose rows say where they come from."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from core.augment.analyse import analyse
from core.augment.card import TaskCard
from core.augment.entries import Entry, entries, shape_of
from core.augment.filter.check import Known
from core.augment.order import Order, digest_of, folder_of, read_options
from core.augment.pipeline import Augmentation, Outcome
from core.augment.spend import Limits
from core.augment.standing import Standing, begin_anew
from core.augment.survey import Survey, Tried, Used
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
from core.errors import BusyError, DataError, SettingsError
from core.events import Emit
from core.job.inquiry import Inquiry

Answer = TypeVar("Answer")

SEED = 7
"""Of the division whose training rows are the seeds: the one that runs have unless somebody changes it."""


class Augmentations:
    """What can be done to have more rows."""

    def __init__(self, home: Path, active: Callable[[], object] = lambda: None) -> None:
        """`active` gives the job at work."""
        self._home = home
        self._active = active

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

    def generated(self, choice: DataChoice) -> int:
        """Training rows that were generated.

        Raises:
            DataError: The rows cannot be read.
        """
        return len(_made(readings_of(find_source(choice.source, self._home), choice)["train"]))

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
        read = read_options(teacher, dict(options))
        folder = folder_of(self._home, digest_of(known.seeds), card, teacher, read)
        return Augmentation(
            known=known,
            card=card,
            teacher=teacher,
            options=read,
            folder=folder,
            key=key,
            limits=limits or Limits(),
        )

    def run(
        self,
        work: Augmentation,
        count: int,
        emit: Emit,
        stopping: threading.Event,
        seen: Callable[[Outcome], None] | None = None,
    ) -> Outcome:
        """Ask the teacher until there are `count` good rows, or more asking is of no use; `seen` hears in between.

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
        return work.run(count, emit, stopping, seen)

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

    # -- in a process of their own ------------------------------------------------------------------------------------

    def folder(self, name: str) -> Path:
        """Where answers, candidates and decisions of an order lie."""
        return self._home / "augment" / name

    def begin_survey(self, choice: DataChoice, card: TaskCard | None = None) -> Inquiry[Survey]:
        """Look at the seeds; with a card that somebody edited, at what its questions take."""
        given = card.model_dump(mode="json") if card else None
        return self._begin("augment_survey", Survey, {"choice": choice.model_dump(mode="json"), "card": given})

    def begin_try(self, order: Order, key: str) -> Inquiry[Tried]:
        """Ask the teacher the first question; its answer counts later.

        Raises:
            NotFoundError: There is no such teacher.
            SettingsError: Its options, address or key are wrong.
            BusyError: It loads a model, and a run goes on: both would be slow, and might not fit into memory.
        """
        self._check(order, key)
        return self._begin("augment_try", Tried, {"order": order.model_dump(mode="json"), "key": key})

    def begin_run(self, order: Order, key: str, folder: Path) -> Inquiry[Standing]:
        """Ask the teacher until it is enough; goes on from the answers in `folder`, which is that of the order.

        Raises:
            NotFoundError: There is no such teacher.
            SettingsError: Its options, address or key are wrong.
            BusyError: It loads a model, and a run goes on: both would be slow, and might not fit into memory.
        """
        self._check(order, key)
        begin_anew(folder)
        return self._begin("augment_run", Standing, {"order": order.model_dump(mode="json"), "key": key})

    def begin_use(self, choice: DataChoice, folder: Path) -> Inquiry[Used]:
        """Make the accepted rows a version of the data."""
        return self._begin("augment_use", Used, {"choice": choice.model_dump(mode="json"), "folder": folder.name})

    def _check(self, order: Order, key: str) -> None:
        teacher = TEACHERS[order.teacher]
        teacher.open(read_options(order.teacher, order.options), key)
        if teacher.loads and self._active() is not None:
            raise BusyError("A run is going on: beside it no model writes rows here.", "Wait for its end, or stop it.")

    def _begin(self, task: str, shape: type[Answer], request: dict[str, Any]) -> Inquiry[Answer]:
        return Inquiry(task, request, shape, self._home)


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
