"""Files are taken into the home folder: read once to be sure that they can be, copied by stream, found by hash."""

import functools
import hashlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.dataset.files.archive import bundle, data_members
from core.dataset.files.keep import keep_folder, scratch
from core.dataset.files.kinds import kind_of
from core.dataset.files.origin import Origin, read_origin
from core.dataset.files.read import SUFFIXES, open_regular, read_table, shown
from core.dataset.files.roles import ORDER, arrange
from core.dataset.files.unpack import Allowance, extracted, open_zip
from core.dataset.progress import Progress, Steps, Tell, nobody, part_of
from core.dataset.samples import SAMPLES, Sample
from core.errors import MachineError, NotFoundError

ID = re.compile(r"[0-9a-f]{12}")
_COPYING, _READING, _WRITING = "copying the file", "reading the rows", "keeping the file"
_LARGE = 16 * 2**20
"""Bytes of a file whose hash is worth remembering."""


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
    notes: tuple[str, ...] = ()
    """What was decided while the data were fetched or pasted, a sentence each."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """Role to the name that its file had; what messages call it."""


@dataclass(slots=True)
class Incoming:
    """What is to be taken in: files by role, called as people know them."""

    name: str
    files: Mapping[str, Mapping[str, Path]]
    """Role to the files that make it up, by name."""
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def take_in(incoming: Incoming, home: Path, tell: Tell = nobody) -> Source:
    """Copy files into the home folder, once each of them has been read; `tell` hears how far it is.

    Raises:
        DataError: A file cannot be read; nothing is kept then.
        MachineError: The copy cannot be written.
    """
    parent = home / "datasets"
    try:
        with scratch(home) as folder:
            steps = Steps(tell, {_COPYING: 1, _READING: 5, _WRITING: 1})
            files, typed, unused = _copied(incoming, folder, steps.begin(_COPYING))
            reading = steps.begin(_READING)
            for number, (role, path) in enumerate(files.items()):
                # What cannot be read is not kept.
                read_table(path, name=typed[role], tell=part_of(reading, number / len(files), 1 / len(files)))
            steps.begin(_WRITING)
            return _kept(incoming, files, typed, unused, home)
    except OSError as error:
        raise MachineError(
            f"The data cannot be copied to {parent}: {error.strerror or error}.",
            "Free some space, or start Fewtune with another --home.",
        ) from error


def find_source(data_id: str, home: Path) -> Source:
    """The sample or the kept data set with this id.

    Raises:
        NotFoundError: There is none.
        DataError: It is damaged.
    """
    if data_id in SAMPLES:
        return sample_source(SAMPLES[data_id])
    if not ID.fullmatch(data_id):
        raise NotFoundError(f"There is no data set with the id {shown(data_id[:100])!r}.", "Choose the file again.")
    folder = data_folder(home, data_id)
    origin = read_origin(folder)
    files = {role: folder / name for role, name in origin.kept.items()}
    return Source(
        data_id,
        origin.name,
        files,
        _known_hash(files, origin) or hash_of(files),
        sample=False,
        unused=origin.unused,
        parent=origin.parent,
        act=origin.act,
        decisions=origin.decisions,
        numbers=origin.numbers,
        notes=origin.notes,
        typed=origin.typed,
    )


def sample_source(sample: Sample) -> Source:
    """A sample as a source."""
    return Source(sample.name, sample.title, sample.files, hash_of(sample.files), sample=True)


def data_folder(home: Path, data_id: str) -> Path:
    """Where a kept data set lies."""
    return home / "datasets" / data_id


def hash_of(files: Mapping[str, Path]) -> str:
    """Hash of a file's bytes; of several files, of the list of their roles and hashes.

    Raises:
        DataError: One of them cannot be read.
    """
    digests = {role: _digest(path) for role, path in files.items()}
    if list(digests) == ["train"]:
        return digests["train"]
    listed = "\n".join(f"{role} {digests[role]}" for role in ORDER if role in digests)
    return hashlib.sha256(listed.encode()).hexdigest()


def _known_hash(files: Mapping[str, Path], origin: Origin) -> str:
    """The hash of large files that nobody touched since they were kept; empty where it must be found out."""
    try:
        stamps = {role: stamp(path) for role, path in files.items()}
    except OSError:
        return ""
    large = sum(size for size, _ in stamps.values()) >= _LARGE
    return origin.sha256 if large and stamps == origin.stamps else ""


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of the last change of a file: while both are the same, so are its bytes."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _digest(path: Path) -> str:
    with open_regular(path):
        status = path.stat()
    if status.st_size < _LARGE:
        return _hashed(path)
    return _hashed_before(path, status.st_ino, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=32)
def _hashed_before(path: Path, *_: int) -> str:
    # The inode, the time and the size say that it is still the same file.
    return _hashed(path)


def _hashed(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copied(
    incoming: Incoming, folder: Path, tell: Progress
) -> tuple[dict[str, Path], dict[str, str], tuple[str, ...]]:
    """Role to the copy of its files and to their name, and the files of an archive that are left alone."""
    files: dict[str, Path] = {}
    typed: dict[str, str] = {}
    for role, parts in incoming.files.items():
        (name, path), *more = parts.items()
        if more:
            files[role], typed[role] = folder / f"{role}.zip", incoming.name
            bundle({name: _checked(path) for name, path in parts.items()}, files[role])
        else:
            files[role], typed[role] = folder / (role + kept_suffix(name)), name
            part = part_of(tell, len(typed) / len(incoming.files), 1 / len(incoming.files))
            with open_regular(path, part) as source, files[role].open("wb") as target:
                shutil.copyfileobj(source, target, 2**20)
    if list(files) == ["train"] and files["train"].suffix == ".zip" and len(incoming.files["train"]) == 1:
        return _by_role(files["train"], typed["train"], folder)
    return files, typed, ()


def _checked(path: Path) -> Path:
    with open_regular(path):
        return path


def _by_role(path: Path, name: str, folder: Path) -> tuple[dict[str, Path], dict[str, str], tuple[str, ...]]:
    """The training, validation and test file of an archive that has them, each under a name of ours."""
    with open_regular(path) as file:
        if file.read(2) != b"PK" or kind_of(file, b"PK\x03\x04", shown(name)) != "archive":
            return {"train": path}, {"train": name}, ()
        with open_zip(file, shown(name)) as archive:
            data, _ = data_members(archive, shown(name), SUFFIXES)
            by_name = {member.name: member for member in data}
            roles, unused = arrange(list(by_name))
            if list(roles) == ["train"] or any(len(members) > 1 for members in roles.values()):
                return {"train": path}, {"train": name}, ()
            allowance = Allowance(path.stat().st_size, shown(name))
            files = {role: folder / (role + kept_suffix(members[0])) for role, members in roles.items()}
            for role, (member,) in roles.items():
                with (
                    extracted(archive, by_name[member], shown(name), allowance) as content,
                    files[role].open("wb") as target,
                ):
                    shutil.copyfileobj(content, target, 2**20)
    path.unlink()
    return files, {role: members[0] for role, members in roles.items()}, tuple(unused)


def kept_suffix(name: str) -> str:
    """The ending under which a file is kept: its own, where it is one that is known."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(name).suffixes[-2:]]
    known = [suffix for suffix in suffixes if suffix in SUFFIXES]
    if not known or suffixes[-1] != known[-1]:
        return ".txt"
    packed = known[-1] in {".gz", ".bz2", ".xz", ".zst"}
    return "".join(known) if packed else known[-1]


def _kept(
    incoming: Incoming, files: dict[str, Path], typed: dict[str, str], unused: tuple[str, ...], home: Path
) -> Source:
    sha256 = hash_of(files)
    folder = data_folder(home, sha256[:12])
    kept = {role: path.name for role, path in files.items()}
    origin = {
        "name": shown(incoming.name),
        "typed": {role: shown(name) for role, name in typed.items()},
        "kept": kept,
        "sha256": sha256,
        "stamps": {role: stamp(path) for role, path in files.items()},
        "unused": [shown(name) for name in (*incoming.unused, *unused)],
        "notes": incoming.notes,
    }
    keep_folder(folder, {path.name: path for path in files.values()}, origin)
    return find_source(sha256[:12], home)
