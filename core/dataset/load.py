"""The door of this folder: choose how to read a source, inspect it, load its examples."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from core.dataset import pace
from core.dataset.choice import DataChoice
from core.dataset.conversions import fitting
from core.dataset.detect import Detection, detect, resolve
from core.dataset.example import Example, Split
from core.dataset.examples import Reading, read_examples
from core.dataset.files.read import Table, read_table
from core.dataset.files.source import Source, find_source
from core.dataset.finding import Finding, counted, ordered
from core.dataset.formats import FORMATS
from core.dataset.health import find_all
from core.dataset.health.amount import sufficiency
from core.dataset.health.check import Inspection, Room, count_labels
from core.dataset.health.language import main_language
from core.dataset.health.near_duplicates import find_near
from core.dataset.progress import Progress, Tell, nobody, part_of, without_collector
from core.dataset.report import PREVIEW, Report, measure_lengths, measure_tokens, places_shown, rows_shown, summarise
from core.dataset.samples import SAMPLES
from core.dataset.splits.divide import SEED, divide, find_split
from core.dataset.splits.kept import find_kept, is_large, keep
from core.errors import DataError, MachineError, SettingsError

__all__ = ["Finding", "Report", "choose", "inspect", "load"]

SURE = 0.7
"""Below this confidence a reading is a guess, which gives way to a conversion that fits."""


def read_file(source: Source, file: str, sheet: str = "", tell: Progress = nobody) -> Table:
    """The rows of one file of a source, numbered as in the file that was uploaded; `sheet` is one of a workbook.

    Raises:
        DataError: The file cannot be read.
    """
    table = read_table(source.files[file], sheet=sheet, name=source.typed.get(file, ""), tell=tell)
    notes = (*source.notes, *table.notes) if file == "train" else table.notes
    return replace(table, notes=notes, numbers=source.numbers.get(file, ()))


def read_tables(source: Source, sheet: str = "") -> dict[str, Table]:
    """The rows of every file of a source; `sheet` is one of a workbook.

    Raises:
        DataError: A file cannot be read.
    """
    return {file: read_file(source, file, sheet) for file in source.files}


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that was just taken in."""

    source: str
    """Its id."""
    columns: tuple[str, ...]
    """Of the training file."""
    choice: DataChoice | None
    """The reading that fits best; None where no format does."""


def open_up(source: Source, tell: Progress = nobody) -> Opened:
    """What a source looks like, read once; `tell` hears how far it is.

    Raises:
        DataError: The file cannot be read.
    """
    table = read_file(source, "train", tell=tell)
    try:
        choice = _choice(source, _detect(source, table))
    except DataError:
        choice = None
    return Opened(source.id, table.columns, choice)


def choose(source: Source, sheet: str = "") -> DataChoice:
    """The reading that fits best; of a workbook, that of one sheet.

    Raises:
        DataError: No format fits, or the file cannot be read.
    """
    return _choice(source, _detect(source, read_file(source, "train", sheet))).model_copy(update={"sheet": sheet})


def load(choice: DataChoice, home: Path, seed: int) -> Split:
    """The examples as a run sees them; the same choice and seed give the same split.

    Raises:
        DataError: The bytes or their division changed since the choice was made, or too few rows are left.
        SettingsError: The mapping or the column to keep together does not suit the columns.
        NotFoundError: The source or the format does not exist.
    """
    source = find_source(choice.source, home)
    if source.sha256 != choice.sha256:
        raise DataError(
            f"The rows of {choice.name!r} are not those that the plan was made for "
            f"(hash {source.sha256[:12]} instead of {choice.sha256[:12]}).",
            "Choose the data again and make a new plan.",
        )
    split = find_kept(choice, seed, home) or divide(readings_of(source, choice), choice, seed)
    if choice.split and split.sha256 != choice.split:
        raise DataError(
            f"The rows of {choice.name!r} are divided otherwise than when the plan was made "
            f"(hash {split.sha256[:12]} instead of {choice.split[:12]}).",
            "Begin a new run with a plan of its own; in a plan file, empty the field 'split' of its data.",
        )
    return split


def read_rows(choice: DataChoice, home: Path, rows: Sequence[int]) -> list[Example]:
    """The examples of these rows of the training file; rows that are no examples are missing.

    Raises:
        DataError: The file cannot be read.
        SettingsError: The mapping does not suit the columns.
        NotFoundError: The source or the format does not exist.
    """
    wanted = set(rows)
    examples = readings_of(find_source(choice.source, home), choice)["train"].examples
    return [example for example in examples if example.row in wanted]


@without_collector()
def inspect(
    source: Source,
    choice: DataChoice | None = None,
    *,
    room: Room | None = None,
    tell: Tell | None = None,
    home: Path | None = None,
) -> Report:
    """Read all rows as `choice` says, or as fits best, and say what is wrong with them.

    `room` is what the chosen model has room for; `tell` hears what goes on. Below `home`, the division of a large data
    set is kept.

    Raises:
        DataError: A file cannot be read, or no format fits and nobody chose one.
        SettingsError: The mapping of `choice` does not suit the columns; lists all that is wrong.
        NotFoundError: There is no such format.
    """
    steps = pace.steps_of(source, tell)
    table = read_file(source, "train", choice.sheet if choice else "", steps.begin(pace.READING))
    detection, sure = _detection(source, choice, table)
    choice = choice or _choice(source, detection)
    readings = readings_of(source, choice, table, steps.begin(pace.MAPPING))
    train = readings["train"].examples
    decisions = source.decisions
    inspection = Inspection(
        readings=readings, format=detection.format, mapping=detection.mapping, room=room, decisions=decisions
    )
    near = find_near(inspection, steps.begin(pace.NEAR))
    known = find_all(inspection, steps.within(pace.CHECKING))
    divided, places = find_split(readings, choice, near, steps.begin(pace.DIVIDING))
    if home and places and is_large(source) and not find_kept(choice, SEED, home):
        with contextlib.suppress(MachineError):  # without it the rows are divided anew when a plan is made
            keep(readings, places, choice, SEED, home, steps.begin(pace.KEEPING))
    found = ordered([*divided, *known, *_unused(source)])
    labels = count_labels(inspection.labels())
    preview, numbers = rows_shown(table, places_shown(table, found))
    return Report(
        rows=len(table.rows),
        columns=table.columns,
        format=detection.format,
        confidence=detection.confidence,
        because=detection.because,
        mapping=detection.mapping,
        encoding=table.encoding,
        findings=tuple(found),
        preview=preview,
        preview_rows=numbers,
        examples=tuple(islice(train, PREVIEW)),
        labels=labels,
        lengths=measure_lengths(train),
        summaries=summarise(table, detection.mapping),
        tokens=measure_tokens(train, room),
        usable=len(train),
        file_rows={file: len(reading.table.rows) for file, reading in readings.items()},
        language=main_language(inspection),
        conversions=() if sure else tuple(conversion.name for conversion in fitting(table)),
        enough=sufficiency(inspection),
    )


def _detect(source: Source, table: Table) -> Detection:
    if not source.sample:
        found = detect(table)
        offers = fitting(table) if found.confidence < SURE else []
        if offers:
            raise DataError(
                f"As they stand, the rows fit no format well. {offers[0].about}",
                f"Make other rows of them ({offers[0].title.lower()}), or choose the format and its columns yourself.",
            )
        return found
    sample = SAMPLES[source.id]
    because = f"This sample comes with Fewtune. {detect(table).because}"
    return Detection(
        format=sample.format,
        confidence=1.0,
        because=because,
        mapping=dict(sample.mapping),
        instruction=sample.instruction,
    )


def misfit(source: Source, table: Table) -> DataError | None:
    """Why no format fits the rows; None where one does."""
    try:
        _detect(source, table)
    except DataError as error:
        return error
    return None


def _detection(source: Source, choice: DataChoice | None, table: Table) -> tuple[Detection, bool]:
    """How the rows are read, and whether a format fits them so well that nobody needs to make other rows of them.

    What was detected keeps its confidence; what people chose is certain.

    Raises:
        DataError: No format fits, and nobody chose one.
    """
    try:
        detected = _detect(source, table)
    except DataError:
        if choice is None:
            raise
        detected = None
    sure = detected is not None and detected.confidence >= SURE
    if choice is None:
        assert detected is not None
        return detected, sure
    mapping = resolve(FORMATS[choice.format], choice.mapping, table)
    if detected and (detected.format, detected.mapping) == (choice.format, mapping):
        return detected, sure
    return Detection(format=choice.format, confidence=1.0, because="Chosen by hand.", mapping=mapping), sure


def _choice(source: Source, detection: Detection) -> DataChoice:
    return DataChoice(
        name=source.name,
        source=source.id,
        sha256=source.sha256,
        format=detection.format,
        mapping=detection.mapping,
        instruction=detection.instruction,
    )


def readings_of(
    source: Source, choice: DataChoice, train: Table | None = None, tell: Progress = nobody
) -> dict[str, Reading]:
    """The rows of every file of a source, read as `choice` says; `train` is the training file where it is known.

    Raises:
        DataError: A file cannot be read, or lacks columns of the training file.
        SettingsError: The mapping does not suit the columns.
        NotFoundError: There is no such format.
    """
    readings = {}
    for number, file in enumerate(source.files):
        table = train if train is not None and file == "train" else read_file(source, file, choice.sheet)
        inner = part_of(tell, number / len(source.files), 1 / len(source.files))
        try:
            readings[file] = read_examples(table, choice.format, choice.mapping, choice.instruction, inner)
        except SettingsError as error:
            if file == "train":
                raise
            what = (
                f"The {file} file does not have the columns of the training file: {'; '.join(error.problems.values())}."
            )
            raise DataError(what, "Name its columns as in the training file.", error.problems) from error
    return readings


def _unused(source: Source) -> list[Finding]:
    if not source.unused:
        return []
    what = f"{counted(len(source.unused), 'file')} of the folder not used: {', '.join(source.unused[:5])}."
    fix = "Nothing, unless rows are missing: then name the files train, validation and test."
    return [Finding(name="unused-file", severity="note", what=what, fix=fix)]
