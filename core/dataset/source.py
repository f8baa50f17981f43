"""Where rows come from: a bundled sample, or files of the user's that are copied into the home folder."""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.dataset.read import SUFFIXES, parse_table, read_bytes, shown
from core.dataset.samples import SAMPLES, Sample
from core.errors import DataError, MachineError, NotFoundError

__all__ = ["SAMPLES", "Sample", "Source", "find_source", "open_files", "open_source"]

_ID = re.compile(r"[0-9a-f]{12}")
_ROLES = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation", "eval": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
_ORDER = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Source:
    """A data set that stays where it is and as it is."""

    id: str
    """A sample's name, or the first 12 hex digits of the hash of a kept data set."""
    name: str
    """What people call it: a sample's title, or the file's name as typed."""
    files: dict[str, Path]
    """"train", and perhaps "validation" and "test"."""
    sha256: str
    """Of the file's bytes; of several files, of their names' and hashes' list."""
    sample: bool


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
    if _ID.fullmatch(text) and _folder(home, text).is_dir():
        return find_source(text, home)
    path = Path(source)
    if path.is_dir():
        return _keep(_assigned(_data_files(path)), path.resolve().name, home)
    if not path.exists():
        samples = ", ".join(SAMPLES)
        raise DataError(f"There is no file, folder or sample called {shown(text)!r}.", f"The samples are: {samples}.")
    return _keep({"train": path}, path.name, home)


def open_files(paths: Sequence[Path], home: Path) -> Source:
    """Take in several files, whose names say train, validation or test; one file is all rows.

    Raises:
        DataError: The names do not say which file is which, or a file cannot be read.
        MachineError: The copy cannot be written.
    """
    files = _assigned(list(paths))
    return _keep(files, files["train"].name, home)


def find_source(data_id: str, home: Path) -> Source:
    """The sample or the kept data set with this id.

    Raises:
        NotFoundError: There is none.
    """
    if data_id in SAMPLES:
        return _sample(SAMPLES[data_id])
    folder = _folder(home, data_id)
    if not _ID.fullmatch(data_id) or not (folder / "origin.json").is_file():
        raise NotFoundError(f"There is no data set with the id {data_id!r}.", "Choose the file again on the data page.")
    origin = json.loads((folder / "origin.json").read_text("utf-8"))
    files = {role: folder / name for role, name in origin["kept"].items()}
    contents = {role: read_bytes(path) for role, path in files.items()}
    return Source(data_id, origin["name"], files, _hash(contents), sample=False)


def _sample(sample: Sample) -> Source:
    files = sample.files
    return Source(sample.name, sample.title, files, _hash({r: p.read_bytes() for r, p in files.items()}), sample=True)


def _folder(home: Path, data_id: str) -> Path:
    return home / "datasets" / data_id


def _data_files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir()
        if path.stem.lower() not in {"readme", "license", "licence", "dataset_info", "notice"}
    ]


def _assigned(paths: Sequence[Path]) -> dict[str, Path]:
    """Role to file, by the words in the names; the only file is the training file whatever its name."""
    if not paths:
        raise DataError("The folder holds no data file.", f"Files that can be read end in {', '.join(SUFFIXES)}.")
    if len(paths) == 1:
        return {"train": paths[0]}
    files: dict[str, Path] = {}
    for path in paths:
        words = [word for word in re.split(r"[^a-z]+", path.stem.lower()) if word in _ROLES]
        role = _ROLES[words[-1]] if words else ""
        if not role or role in files:
            other = f" and {shown(files[role].name)}" if role else ""
            what = f"both say {role}" if role else "does not say whether it is train, validation or test"
            raise DataError(
                f"Of {len(paths)} files, {shown(path.name)}{other} {what}.",
                "Name the files train, validation and test, one each, or choose a single file.",
            )
        files[role] = path
    if "train" not in files:
        raise DataError(f"None of the {len(paths)} files is the training file.", "Name one of them train.")
    return {role: files[role] for role in _ORDER if role in files}


def _keep(files: Mapping[str, Path], name: str, home: Path) -> Source:
    """Copy `files` into the home folder under a generated id, all or nothing."""
    contents = {role: read_bytes(path) for role, path in files.items()}
    for role, path in files.items():
        parse_table(contents[role], path.name)  # what cannot be read is not kept
    sha256 = _hash(contents)
    folder = _folder(home, sha256[:12])
    kept = {role: role + _suffix(path) for role, path in files.items()}
    typed = {role: shown(path.name) for role, path in files.items()}
    origin = {"name": shown(name), "typed": typed, "kept": kept, "sha256": sha256}
    try:
        _write(folder, {kept[role]: content for role, content in contents.items()}, origin)
    except OSError as error:
        size = sum(map(len, contents.values())) / 2**20
        raise MachineError(
            f"The data ({size:.1f} MiB) cannot be copied to {folder.parent}: {error.strerror}.",
            "Free some space, or start Fewtune with another --home.",
        ) from error
    return Source(
        sha256[:12], origin["name"], {role: folder / file for role, file in kept.items()}, sha256, sample=False
    )


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    return suffix if suffix in SUFFIXES else ".txt"


def _write(folder: Path, contents: Mapping[str, bytes], origin: Mapping[str, object]) -> None:
    """Make `folder` at once: a reader finds the complete folder or none. An older copy gives way to this one."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        origin_bytes = json.dumps(origin, ensure_ascii=False, indent=1).encode()
        for file, content in {**contents, "origin.json": origin_bytes}.items():
            with (fresh / file).open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        if folder.exists() and _same(folder, contents):
            (fresh / "origin.json").replace(folder / "origin.json")  # the newest name is the one that people look for
        else:
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)
    except OSError:
        if not _same(folder, contents):  # unless another process was quicker
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _same(folder: Path, contents: Mapping[str, bytes]) -> bool:
    names = {path.name for path in folder.iterdir()} - {"origin.json"} if folder.is_dir() else set()
    return names == set(contents) and all((folder / name).read_bytes() == data for name, data in contents.items())


def _hash(contents: Mapping[str, bytes]) -> str:
    digests = {role: hashlib.sha256(content).hexdigest() for role, content in contents.items()}
    if list(digests) == ["train"]:
        return digests["train"]
    listed = "\n".join(f"{role} {digests[role]}" for role in _ORDER if role in digests)
    return hashlib.sha256(listed.encode()).hexdigest()
