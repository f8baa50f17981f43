"""What a conversion is: a way to make rows of examples from a table whose rows are something else."""

from collections.abc import Callable
from dataclasses import dataclass

from core.dataset.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One build of files and how to make examples of it."""

    name: str
    title: str
    """What the button says: "One row for each question"."""
    about: str
    """What the rows are now and what becomes of them, one or two sentences for people."""
    fits: Callable[[Table], bool]
    convert: Callable[[Table], Table]
    """Raises `DataError` where a row is not as it should be. The new rows are numbered 1, 2, 3, ..."""
