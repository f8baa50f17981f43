"""Which rows of a data set a teacher wrote."""

from pathlib import Path

from core.dataset.choice import DataChoice
from core.dataset.files.source import find_source
from core.dataset.load import read_file
from core.dataset.provenance import generated_rows


def generated_numbers(choice: DataChoice, home: Path) -> frozenset[int]:
    """Numbers of the rows of the training file that a teacher wrote.

    Raises:
        DataError: The file cannot be read.
        NotFoundError: The source does not exist.
    """
    table = read_file(find_source(choice.source, home), "train", choice.sheet)
    numbers = [table.number(place) for place in range(len(table.rows))]
    return frozenset(numbers[place] for place in generated_rows(table, numbers))
