"""Two folders of text files with the same names: line N of one belongs to line N of the other."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path, PurePath

from core.dataset.files.roles import role_of
from core.dataset.finding import counted
from core.dataset.formats.columns import quoted
from core.dataset.table import Row, Table
from core.errors import DataError

_MOST_FILES = 10_000
_LINES = 5
"""Lines of a file, on average, from which equal numbers of lines are no accident."""
_LABELS = {"label", "labels", "tag", "tags", "target", "targets", "class", "classes", "annotations", "categories"}


@dataclass(frozen=True, slots=True)
class _Pair:
    sides: tuple[str, str]
    """The names of the two folders where their paths differ; of texts and labels the texts first."""
    lines: dict[str, tuple[list[str], list[str]]]
    """File to the lines of both sides."""
    labelled: bool
    """Whether the second side holds labels, a few words again and again; else both are texts."""


def pair_files(folder: Path) -> Table | None:
    """The lines of parallel text files as rows, where `folder` holds such; see `pair_texts`.

    Raises:
        DataError: A file cannot be read.
    """
    paths = islice((path for path in sorted(folder.rglob("*.txt")) if path.is_file()), _MOST_FILES)
    return pair_texts({path.relative_to(folder): path for path in paths})


def pair_texts(texts: Mapping[PurePath, Path]) -> Table | None:
    """The lines of parallel text files as rows: texts with their labels, or two texts.

    `texts` are the files by what people call them. None where they are not parallel: no two of their folders have the
    same files with the same numbers of lines.

    Raises:
        DataError: A file cannot be read.
    """
    found = [pair for sides in _alike(texts) if (pair := _pair(*sides))]
    if not found:
        return None
    best = max(found, key=lambda pair: (pair.labelled, len(pair.lines)))
    rows = _labelled(best) if best.labelled else _texts(best)
    notes = [
        f"The folders {quoted(*best.sides)} hold {counted(len(best.lines), 'file')} each, of the same names: "
        f"their lines became {counted(len(rows))}."
    ]
    others = len(found) - 1
    if others:
        notes.append(f"{counted(others, 'other pair')} of folders not used; choose a folder that holds one pair alone.")
    return Table(tuple(rows[0]), rows, "utf-8", tuple(notes)) if rows else None


def _alike(texts: Mapping[PurePath, Path]) -> Iterator[tuple[str, str, dict[str, tuple[Path, Path]]]]:
    """Folders whose paths differ in one place and most of whose text files have the same names."""
    folders: dict[tuple[str, ...], dict[str, Path]] = defaultdict(dict)
    for called, path in texts.items():
        folders[called.parts[:-1]][called.name] = path
    for (one, ones), (other, others) in combinations(folders.items(), 2):
        differing = [names for names in zip(one, other, strict=False) if names[0] != names[1]]
        common = ones.keys() & others.keys()
        if len(one) == len(other) and len(differing) == 1 and len(common) >= 0.8 * max(len(ones), len(others)):
            yield *differing[0], {name: (ones[name], others[name]) for name in sorted(common)}


def _pair(one: str, other: str, files: Mapping[str, tuple[Path, Path]]) -> _Pair | None:
    lines = {name: (_lines(first), _lines(second)) for name, (first, second) in files.items()}
    if any(len(first) != len(second) for first, second in lines.values()):
        return None
    sizes = [sum(len(line) for sides in lines.values() for line in sides[side]) for side in (0, 1)]
    turned = one.casefold() in _LABELS or (other.casefold() not in _LABELS and sizes[0] < sizes[1])
    if turned:
        one, other = other, one
        lines = {name: (second, first) for name, (first, second) in lines.items()}
    named = other.casefold() in _LABELS
    if _are_labels([line for _, labels in lines.values() for line in labels if line], named=named):
        return _Pair((one, other), lines, labelled=True)
    if named or {role_of(one), role_of(other)} != {""}:
        return None
    many = sum(len(first) for first, _ in lines.values()) >= _LINES * len(lines)
    return _Pair((one, other), lines, labelled=False) if many else None


def _are_labels(lines: Sequence[str], *, named: bool) -> bool:
    """Whether the lines hold a few words again and again; where the folder is not called so, hardly more than one."""
    words = Counter(word for line in lines for word in line.split())
    few = words.total() <= (10 if named else 2) * len(lines)
    return few and 2 <= len(words) <= min(500, words.total() / 3)


def _labelled(pair: _Pair) -> list[Row]:
    lists = [
        (text, labels.split(), name)
        for name, (texts, labelled) in pair.lines.items()
        for text, labels in zip(texts, labelled, strict=True)
        if text or labels
    ]
    if all(len(labels) == 1 for _, labels, _ in lists):
        return [{"text": text, "label": labels[0], "file": name} for text, labels, name in lists]
    return [{"text": text, "labels": labels, "file": name} for text, labels, name in lists]


def _texts(pair: _Pair) -> list[Row]:
    first, second = pair.sides
    return [
        {first: one, second: other, "file": name}
        for name, sides in pair.lines.items()
        for one, other in zip(*sides, strict=True)
        if one or other
    ]


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name} cannot be opened: {error.strerror}.", "Check its permissions.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("windows-1252", "replace")
    # Not splitlines: it also cuts at signs that stand within a line, and then no line has its partner any more.
    lines = [line.strip() for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]
