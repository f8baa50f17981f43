"""Where rows come from: a bundled sample, or files of the user's that are copied into the home folder."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.dataset.keep import keep_folder
from core.dataset.read import SUFFIXES, parse_table, read_bytes, shown
from core.dataset.samples import SAMPLES, Sample
from core.errors import DataError, MachineError, NotFoundError

__all__ = ["SAMPLES", "Sample", "Source", "find_source", "open_files", "open_source"]

_ID = re.compile(r"[0-9a-f]{12}")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ROLES = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation", "eval": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
_ORDER = ("train", "validation", "test")
_NO_DATA = {"readme", "license", "licence", "notice", "dataset_info", "requirements"}


@dataclass(frozen=True, slots=True)
class Source:
    """A data set that stays where it is and as it is."""

    id: str
    """A sample's name, or the first 12 hex digits of the hash of a kept data set."""
    name: str
    """What people call it: a sample's title, or the file's name as typed."""
    files: dict[str, Path]
    """Role ("train", and perhaps "validation" and "test") to file."""
    sha256: str
    """Of the file's bytes; of several files, of the list of their roles and hashes."""
    sample: bool
    unused: tuple[str, ...] = ()
    """Names of data files of the folder that were left alone."""
    parent: str = ""
    """Id of the version that this one was made from; empty for what was uploaded."""
    act: str = ""
    """What was done to the parent, one sentence."""
    decisions: Mapping[str, str] = field(default_factory=dict)
    """Finding to the mend that was chosen, of this version and all before it."""
    numbers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """File to the places of its rows in the file as it was uploaded; without an entry they are simply 1, 2, 3, ..."""


def open_source(source: str | Path, home: Path) -> Source:
    """Take in a sample's name, the id of a kept data set, or a user's file or folder, which is copied into `home`.

    A folder holds one data file, or files whose names say train, validation (valid, val, dev) or test.

    Raises:
        DataError: The path does not exist, or a file of it cannot be read; nothing was kept then.
        MachineError: The copy cannot be written.
    """
    text = str(source)
    if text in SAMPLES:
        return _sample(SAMPLES[text])
    if _ID.fullmatch(text) and data_folder(home, text).is_dir():
        return find_source(text, home)
    path = Path(source)
    if path.is_dir():
        files, unused = _assign(_data_files(path))
        return _take_in(files, path.resolve().name, home, unused)
    if not path.exists():
        samples = ", ".join(SAMPLES)
        raise DataError(f"There is no file, folder or sample called {shown(text)!r}.", f"The samples are: {samples}.")
    return _take_in({"train": path}, path.name, home)


def open_files(paths: Sequence[Path], home: Path) -> Source:
    """Take in several files, whose names say train, validation or test; one file is all rows.

    Raises:
        DataError: The names do not say which file is which, or a file cannot be read.
        MachineError: The copy cannot be written.
    """
    files, unused = _assign(list(paths))
    return _take_in(files, files["train"].name, home, unused)


def find_source(data_id: str, home: Path) -> Source:
    """The sample or the kept data set with this id.

    Raises:
        NotFoundError: There is none.
    """
    if data_id in SAMPLES:
        return _sample(SAMPLES[data_id])
    folder = data_folder(home, data_id)
    if not _ID.fullmatch(data_id) or not (folder / "origin.json").is_file():
        raise NotFoundError(f"There is no data set with the id {data_id!r}.", "Choose the file again on the data page.")
    origin = json.loads((folder / "origin.json").read_text("utf-8"))
    files = {role: folder / name for role, name in origin["kept"].items()}
    sha256 = hash_of({role: read_bytes(path) for role, path in files.items()})
    return Source(
        data_id,
        origin["name"],
        files,
        sha256,
        sample=False,
        unused=tuple(origin["unused"]),
        parent=origin.get("parent", ""),
        act=origin.get("act", ""),
        decisions=origin.get("decisions", {}),
        numbers={file: tuple(numbers) for file, numbers in origin.get("numbers", {}).items()},
    )


def _sample(sample: Sample) -> Source:
    files = sample.files
    sha256 = hash_of({role: path.read_bytes() for role, path in files.items()})
    return Source(sample.name, sample.title, files, sha256, sample=True)


def data_folder(home: Path, data_id: str) -> Path:
    """Where a kept data set lies."""
    return home / "datasets" / data_id


def _data_files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir()
        if path.name.split(".")[0].lower() not in _NO_DATA
    ]


def _assign(paths: Sequence[Path]) -> tuple[dict[str, Path], tuple[str, ...]]:
    # Role to file, by the words in the names, and what is left; a single file holds all rows whatever its name.
    if not paths:
        raise DataError("The folder holds no data file.", f"Files that can be read end in {', '.join(SUFFIXES)}.")
    if len(paths) == 1:
        return {"train": paths[0]}, ()
    files: dict[str, Path] = {}
    unused = []
    for path in paths:
        role = _role(path)
        if role in files:
            raise DataError(
                f"{shown(files[role].name)} and {shown(path.name)} both say that they are the {role} file.",
                "Name the files train, validation and test, one each, or choose a single file.",
            )
        if role:
            files[role] = path
        else:
            unused.append(shown(path.name))
    if "train" not in files:
        names = ", ".join(shown(path.name) for path in paths[:5])
        raise DataError(
            f"None of the {len(paths)} files says that it is the training file: {names}.",
            "Name one of them train, the others validation and test, or choose a single file.",
        )
    return {role: files[role] for role in _ORDER if role in files}, tuple(unused)


def _role(path: Path) -> str:
    words = [word for word in map(str.lower, _WORD.findall(path.stem)) if word in _ROLES]
    return _ROLES[words[-1]] if words else ""


def _take_in(files: Mapping[str, Path], name: str, home: Path, unused: tuple[str, ...] = ()) -> Source:
    contents = {role: read_bytes(path) for role, path in files.items()}
    for role, path in files.items():
        parse_table(contents[role], path.name)  # what cannot be read is not kept
    sha256 = hash_of(contents)
    folder = data_folder(home, sha256[:12])
    kept = {role: role + _suffix(path) for role, path in files.items()}
    origin = {
        "name": shown(name),
        "typed": {role: shown(path.name) for role, path in files.items()},
        "kept": kept,
        "sha256": sha256,
        "unused": unused,
    }
    try:
        keep_folder(folder, {kept[role]: content for role, content in contents.items()}, origin)
    except OSError as error:
        size = sum(map(len, contents.values())) / 2**20
        raise MachineError(
            f"The data ({size:.1f} MiB) cannot be copied to {folder.parent}: {error.strerror}.",
            "Free some space, or start Fewtune with another --home.",
        ) from error
    paths = {role: folder / file for role, file in kept.items()}
    return Source(sha256[:12], shown(name), paths, sha256, sample=False, unused=unused)


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    return suffix if suffix in SUFFIXES else ".txt"


def hash_of(contents: Mapping[str, bytes]) -> str:
    """Hash of a file's bytes; of several files, of the list of their roles and hashes."""
    digests = {role: hashlib.sha256(content).hexdigest() for role, content in contents.items()}
    if list(digests) == ["train"]:
        return digests["train"]
    listed = "\n".join(f"{role} {digests[role]}" for role in _ORDER if role in digests)
    return hashlib.sha256(listed.encode()).hexdigest()
