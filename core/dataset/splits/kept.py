"""The division of a large data set, kept on disk: whoever wants some of its rows need not read all of them again."""

import hashlib
import json
import mmap
import shutil
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import overload

import orjson

from core.dataset.choice import DataChoice
from core.dataset.example import Both, Digest, Example, Known, Split, Turn
from core.dataset.examples import Reading
from core.dataset.files.intake import Source
from core.dataset.files.keep import new_folder, sweep
from core.dataset.progress import Progress, nobody, part_of, told
from core.dataset.splits.made import count_made, find_made
from core.dataset.splits.split import Places
from core.errors import MachineError

LARGE = 20 * 10**6
"""Bytes of a data set from which its divisions are kept."""
_LAYOUT = 3
"""Of the files here."""
_PACKED = 8
"""A packed file holds about so many times its bytes."""
_UNPACKED = {".csv", ".tsv", ".tab", ".psv", ".json", ".jsonl", ".ndjson", ".txt", ".md", ".markdown"}
_MOST_KEPT = 3
_SIDES = ("train", "validation", "test")


class KeptExamples(Sequence[Example]):
    """Examples on disk, each read when it is asked for."""

    def __init__(self, rows: "Rows", numbers: range) -> None:
        """`numbers` are those of the rows, in their order."""
        self.rows = rows
        self.numbers = numbers

    def __len__(self) -> int:
        """How many there are."""
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> "KeptExamples": ...
    def __getitem__(self, index: int | slice) -> "Example | KeptExamples":
        """The example at an index; of a slice, as lazy a sequence."""
        if isinstance(index, slice):
            return KeptExamples(self.rows, self.numbers[index])
        return self.rows.example(self.numbers[index])

    def __iter__(self) -> Iterator[Example]:
        """All examples in their order."""
        return map(self.rows.example, self.numbers)


class Rows:
    """A file of examples, one a line."""

    def __init__(self, folder: Path) -> None:
        """Open the files in `folder`.

        Raises:
            OSError: They cannot be read.
        """
        self._lines = _mapped(folder / "rows.jsonl")
        self._ends = memoryview(_mapped(folder / "ends.bin")).cast("Q")

    def are_whole(self, count: int) -> bool:
        """Whether the file holds so many rows, and nothing is cut off."""
        return len(self._ends) == count and self._ends[-1] == len(self._lines)

    def sizes(self, numbers: range) -> list[int]:
        """Bytes of the lines with these numbers."""
        ends = self._ends
        return [ends[number] - (ends[number - 1] if number else 0) for number in numbers]

    def example(self, number: int) -> Example:
        """The example on a line, counted from 0."""
        begin = self._ends[number - 1] if number else 0
        row, turns, answer, label, *rejected = orjson.loads(self._lines[begin : self._ends[number]])
        return Example(row, tuple(Turn(role, content) for role, content in turns), answer, label, *rejected)


def spread(examples: Sequence[Example], most: int) -> Sequence[Example]:
    """At most `most` of the examples: of more, the longest one and an even choice of the others, by their length."""
    if len(examples) <= most:
        return examples
    sizes = _sizes(examples)
    by_size = sorted(range(len(sizes)), key=lambda place: -sizes[place])
    return [examples[place] for place in by_size[:: -(-len(sizes) // most)]]


def _sizes(examples: Sequence[Example]) -> list[int]:
    if isinstance(examples, Both):
        return [*_sizes(examples.first), *_sizes(examples.second)]
    if isinstance(examples, KeptExamples):
        return examples.rows.sizes(examples.numbers)
    return [len(example.prompt) + len(example.answer) for example in examples]


def is_large(source: Source) -> bool:
    """Whether divisions of a data set are kept, by the size of its files."""
    sizes = ((path.stat().st_size, path.suffix.lower()) for path in source.files.values())
    return sum(size if suffix in _UNPACKED else size * _PACKED for size, suffix in sizes) > LARGE


def find_kept(choice: DataChoice, seed: int, home: Path) -> Split | None:
    """The division that was kept for this reading and seed, if there is one."""
    folder = _folder(choice, seed, home)
    try:
        about = json.loads((folder / "split.json").read_text("utf-8"))
        rows = Rows(folder)
    except (OSError, ValueError, TypeError):  # there is none, or it is damaged, or was just cleared away
        return None
    if not rows.are_whole(sum(about["sizes"])):
        return None
    ends = [sum(about["sizes"][:number]) for number in range(len(_SIDES) + 1)]
    train, validation, test = (KeptExamples(rows, range(*ends[number : number + 2])) for number in range(len(_SIDES)))
    left_out = {why: tuple(numbers) for why, numbers in about["left_out"].items()}
    known = Known(tuple(about["labels"]), about["sha256"])
    return Split(train, validation, test, left_out, known, about["generated"])


def keep(
    readings: Mapping[str, Reading],
    places: Places,
    choice: DataChoice,
    seed: int,
    home: Path,
    tell: Progress = nobody,
) -> None:
    """Keep a division of the examples that were read; of several, the newest ones.

    Raises:
        MachineError: The disk is full or may not be written; nothing is left behind then.
    """
    folder = _folder(choice, seed, home)
    try:
        sweep(folder.parent)
        _keep(readings, places, folder, tell)
        for old in sorted(_kept(home), key=lambda path: path.stat().st_mtime)[:-_MOST_KEPT]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise MachineError(
            f"The division of the rows cannot be written to {folder.parent}: {error.strerror}.",
            "Free some space, or start Fewtune with another --home.",
        ) from error


def forget_kept(sources: Collection[str], home: Path) -> None:
    """Remove the divisions of the data sets with these ids."""
    for path in _kept(home):
        if path.name.partition("-")[0] in sources:
            shutil.rmtree(path, ignore_errors=True)


def _kept(home: Path) -> list[Path]:
    folder = home / "splits"
    return [path for path in folder.iterdir() if path.name[0] != "."] if folder.is_dir() else []


def _keep(readings: Mapping[str, Reading], places: Places, folder: Path, tell: Progress) -> None:
    fresh = new_folder(folder.parent)
    try:
        about = _write(readings, places, fresh, tell)
        (fresh / "split.json").write_text(json.dumps(about), "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write(readings: Mapping[str, Reading], places: Places, folder: Path, tell: Progress) -> dict[str, object]:
    digest, ends, size = Digest(), array("Q"), 0
    labels: set[str] = set()
    whole = sum(map(places.size, _SIDES)) or 1
    with (folder / "rows.jsonl").open("wb") as file:
        for side in _SIDES:
            name, there = places.sides.get(side, ("train", ()))
            examples = readings[name].examples
            digest.begin(side, len(there))
            for place in told(there, whole, part_of(tell, len(ends) / whole, 1.0)):
                example = examples[place]
                line = digest.add(example)
                if example.rejected is not None:
                    line = line[: -len("]\n")] + f", {json.dumps(example.rejected)}]\n".encode()
                if side == "train" and example.label is not None:
                    labels.add(example.label)
                size += file.write(line)
                ends.append(size)
    (folder / "ends.bin").write_bytes(ends.tobytes())
    left_out = {
        why: [readings[file].examples[place].row for place in there] for why, (file, there) in places.left_out.items()
    }
    sizes = [places.size(side) for side in _SIDES]
    generated = count_made(find_made(readings), places)
    known = {"labels": sorted(labels), "sha256": digest.sha256, "generated": generated}
    return {"sizes": sizes, "left_out": left_out, **known}


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _folder(choice: DataChoice, seed: int, home: Path) -> Path:
    # Another version may read the same rows otherwise.
    read = choice.model_dump(mode="json", exclude={"name", "split"})
    told = json.dumps([_LAYOUT, _version(), seed, read], sort_keys=True)
    return home / "splits" / f"{choice.source}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _version() -> str:
    try:
        return metadata.version("fewtune")
    except metadata.PackageNotFoundError:
        return ""
