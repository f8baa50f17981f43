"""What must stay on one side of a split: near copies of one text, and rows of one patient, contract or customer."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.dataset.choice import DataChoice
from core.dataset.example import Example
from core.dataset.examples import Reading
from core.dataset.health.check import SAMPLE
from core.dataset.splits.similar import Pair, Progress, clusters, near_pairs
from core.dataset.splits.split import Ties, key
from core.dataset.table import Table, text_of
from core.errors import SettingsError

NEAR_PROMPT = "nearly the same prompt"


@dataclass(frozen=True, slots=True)
class NearCopies:
    """Prompts of all files that are nearly the same."""

    places: tuple[tuple[str, int], ...]
    """File and place among its examples of each prompt that was looked at, training rows first."""
    same: tuple[int, ...]
    """For each of them the number of the first one with exactly the same prompt."""
    pairs: tuple[Pair, ...]
    """Numbers of prompts that are nearly the same; of exact copies, of the first one."""
    sampled: bool = False
    """Whether there were more than `SAMPLE` rows, and an even choice of them was compared."""

    @property
    def clusters(self) -> list[int | None]:
        """For each prompt the first of those that it hangs together with; None where it has no near copy."""
        known = clusters(len(self.places), self.pairs)
        return [known[first] for first in self.same]

    def ties(self, sizes: Mapping[str, int]) -> dict[str, list[int | None]]:
        """File to one number an example, equal for near copies; nothing where not all rows were compared."""
        if self.sampled or not self.pairs:
            return {}
        values: dict[str, list[int | None]] = {file: [None] * size for file, size in sizes.items()}
        for (file, place), cluster in zip(self.places, self.clusters, strict=True):
            values[file][place] = cluster
        return values


def near_copies(files: Mapping[str, Sequence[Example]], tell: Progress | None = None) -> NearCopies:
    """Compare the prompts of all files with one another; of more than `SAMPLE` rows, an even choice."""
    step = max(1, -(-sum(map(len, files.values())) // SAMPLE))
    places = tuple((file, place) for file, examples in files.items() for place in range(0, len(examples), step))
    first: dict[int, int] = {}
    texts, same = [], []
    for number, (file, place) in enumerate(places):
        example = files[file][place]
        texts.append(example.prompt or example.answer)
        same.append(first.setdefault(hash(key(example)), number))
    return NearCopies(places, tuple(same), tuple(near_pairs(texts, tell)), step > 1)


def find_ties(readings: Mapping[str, Reading], choice: DataChoice, near: NearCopies | None = None) -> Ties:
    """What the rows have in common beside their prompts; `near` is given where it is known already.

    Raises:
        SettingsError: A file lacks the column whose equal values should stay together.
    """
    files = {file: reading.examples for file, reading in readings.items()}
    sizes = {file: len(examples) for file, examples in files.items()}
    many = sum(sizes.values()) > SAMPLE
    near = near or (NearCopies((), (), (), sampled=True) if many else near_copies(files))
    ties: dict[str, Mapping[str, Sequence[int | str | None]]] = {NEAR_PROMPT: near.ties(sizes)}
    if choice.group:
        ties[f"the same {choice.group!r}"] = {
            file: _values(reading.table, reading.examples, _column(reading.table, choice.group, file))
            for file, reading in readings.items()
        }
    return {what: values for what, values in ties.items() if values}


def _column(table: Table, name: str, file: str) -> str:
    found = [column for column in table.columns if column.strip().casefold() == name.strip().casefold()]
    if name in table.columns:
        return name
    if not found:
        listed = ", ".join(map(repr, table.columns[:10]))
        raise SettingsError({"group": f"The {file} file has no column {name!r}. Its columns are {listed}."})
    return found[0]


def _values(table: Table, examples: Sequence[Example], column: str) -> list[str | None]:
    values: list[str | None] = []
    for example in examples:
        place = bisect_left(table.numbers, example.row) if table.numbers else example.row - 1
        values.append(text_of(table.rows[place][column]).strip() or None)
    return values
