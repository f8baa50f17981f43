"""The rows of a large data set are divided ahead, so that nobody who wants some of them reads all of them again."""

from pathlib import Path

from core.dataset import pace
from core.dataset.choice import DataChoice
from core.dataset.files.source import find_source
from core.dataset.load import read_file, readings_of
from core.dataset.progress import Steps, Tell, without_collector
from core.dataset.splits.divide import divide_places
from core.dataset.splits.kept import keep

_SECONDS = {pace.READING: 1.9, pace.MAPPING: 3.7, pace.DIVIDING: 3.4, pace.KEEPING: 4.5}


@without_collector()
def keep_split(choice: DataChoice, home: Path, seed: int, tell: Tell | None = None) -> None:
    """Divide the rows as `choice` says and keep the division; `load` finds it in no time.

    Raises:
        DataError: A file cannot be read, or too few rows are left.
        SettingsError: The mapping or the column to keep together does not suit the columns.
        NotFoundError: The source or the format does not exist.
        MachineError: The disk is full or may not be written.
    """
    steps = Steps(tell, _SECONDS)
    table = read_file(find_source(choice.source, home), "train", choice.sheet, steps.begin(pace.READING))
    readings = readings_of(find_source(choice.source, home), choice, table, steps.begin(pace.MAPPING))
    places = divide_places(readings, choice, seed, tell=steps.begin(pace.DIVIDING))
    keep(readings, places, choice, seed, home, steps.begin(pace.KEEPING))
