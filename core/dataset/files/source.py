"""Where rows come from: a bundled sample, files and pasted text that are copied into the home folder, or the hub."""

import json
from collections.abc import Sequence
from pathlib import Path

from core.dataset.conversions.parallel_files import pair_files, pair_texts
from core.dataset.files.archive import texts_of
from core.dataset.files.hub import HUB_ID, open_hub, open_laid_out
from core.dataset.files.intake import ID, Incoming, Source, data_folder, find_source, sample_source, take_in
from core.dataset.files.keep import scratch
from core.dataset.files.read import SUFFIXES, shown
from core.dataset.files.readers.passages import paragraphs
from core.dataset.files.readers.separators import looks_like_table
from core.dataset.files.roles import arrange, is_data
from core.dataset.finding import counted
from core.dataset.progress import Tell, nobody
from core.dataset.samples import SAMPLES, Sample
from core.dataset.table import Table
from core.errors import DataError, MachineError

__all__ = [
    "SAMPLES",
    "Sample",
    "Source",
    "data_folder",
    "find_source",
    "open_files",
    "open_hub",
    "open_source",
    "open_text",
]

_MOST_FILES = 10_000


def open_source(source: str | Path, home: Path, *, config: str = "", split: str = "", tell: Tell = nobody) -> Source:
    """Take in a sample's name, a kept data set's id, a user's file or folder, or a data set of the Hugging Face hub.

    Files and folders are copied into `home`. A folder or a zip archive holds one data file, files whose names say
    train, validation (valid, val, dev) or test, files of the same columns, or documents. A hub id reads owner/name, or
    hf:owner/name; `config` and `split` choose a part of it. `tell` hears how far it is.

    Raises:
        DataError: The path does not exist, or a file of it cannot be read; nothing was kept then.
        MachineError: The copy cannot be written.
    """
    text = str(source)
    if text in SAMPLES:
        return sample_source(SAMPLES[text])
    if ID.fullmatch(text) and data_folder(home, text).is_dir():
        return find_source(text, home)
    path = Path(source)
    try:
        is_folder, is_there = path.is_dir() and bool(text.strip()), path.exists() or path.is_symlink()
    except OSError:  # a name too long to be one
        is_folder = is_there = False
    if is_folder:
        return _open_folder(path, home, tell)
    if is_there and text.strip():
        pairs = _pairs_in(path, home)
        if pairs is not None:
            return _open_pairs(pairs, path.stem, home)
        return take_in(Incoming(path.name, {"train": {path.name: path}}), home, tell)
    if isinstance(source, str) and _may_be_on_hub(text):
        return _open_hub_or_say_both(text, home, config, split, tell)
    samples = ", ".join(SAMPLES)
    raise DataError(f"There is no file, folder or sample called {shown(text[:300])!r}.", f"The samples are: {samples}.")


def open_files(paths: Sequence[Path], home: Path, tell: Tell = nobody) -> Source:
    """Take in several files: those whose names say train, validation or test, or files of the same columns.

    Raises:
        DataError: A file cannot be read, or the columns differ and no name says which file is which.
        MachineError: The copy cannot be written.
    """
    if len(paths) == 1 and paths[0].is_dir():
        return _open_folder(paths[0], home, tell)
    return _open_several(dict(zip(_names(paths), paths, strict=True)), "", home, tell)


def _names(paths: Sequence[Path]) -> list[str]:
    """What files are called: their names, with the folder where two are called alike, and never where that lies."""
    for parts in (1, 2):
        names = ["/".join(path.absolute().parts[-parts:]) for path in paths]
        if len(set(names)) == len(set(paths)):
            return names
    return [f"{number}/{path.name}" for number, path in enumerate(paths, start=1)]


def open_text(text: str, home: Path) -> Source:
    """Take in pasted text: JSON, cells from a spreadsheet, CSV, or else one passage per blank line.

    Raises:
        DataError: There is nothing in it, or it cannot be understood.
        MachineError: It cannot be written.
    """
    name, content, notes = _understood(text)
    try:
        with scratch(home) as folder:
            path = folder / name
            path.write_text(content, "utf-8", newline="")
            return take_in(Incoming(name, {"train": {name: path}}, notes=notes), home)
    except UnicodeEncodeError as error:
        raise DataError(
            "The pasted text holds half of a sign (a broken emoji).", "Remove it and paste again."
        ) from error
    except OSError as error:
        raise MachineError(f"The pasted text cannot be written: {error.strerror}.", "Free some space.") from error


def _understood(text: str) -> tuple[str, str, tuple[str, ...]]:
    # The name and the content of the file that pasted text becomes, and what was decided.
    start = text.lstrip()
    if not start:
        raise DataError("Nothing was pasted.", "Paste a table, JSON, or some passages of text.")
    if start.startswith(("{", "[{", "[ {", "[\n")):
        return ("pasted.json" if start.startswith("[") else "pasted.jsonl"), text, ()
    first = start.partition("\n")[0]
    if looks_like_table(start):
        return ("pasted.tsv" if "\t" in first else "pasted.csv"), text.lstrip("\r\n"), ()
    passages = paragraphs(text)
    rows = "".join(json.dumps({"text": passage}, ensure_ascii=False) + "\n" for passage in passages)
    return "pasted.jsonl", rows, (f"The pasted text became {counted(len(passages), 'passage')}, cut at blank lines.",)


def _open_pairs(pairs: Table, name: str, home: Path) -> Source:
    # Lines of two folders of text files that belong together are kept as the one file of rows that they make.
    file = f"{name}.jsonl"
    try:
        with scratch(home) as made:
            path = made / file
            path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in pairs.rows), "utf-8")
            return take_in(Incoming(name, {"train": {file: path}}, notes=pairs.notes), home)
    except OSError as error:
        raise MachineError(f"The rows cannot be written: {error.strerror}.", "Free some space.") from error


def _pairs_in(archive: Path, home: Path) -> Table | None:
    """The rows of an archive of parallel texts; None where it is none, or where taking it in will say what is wrong."""
    if archive.suffix.lower() != ".zip" or not archive.is_file():
        return None
    try:
        with scratch(home) as folder:
            texts = texts_of(archive, folder)
            return pair_texts(texts) if texts else None
    except (DataError, OSError):
        return None


def _open_folder(folder: Path, home: Path, tell: Tell) -> Source:
    pairs = pair_files(folder)
    if pairs is not None:
        return _open_pairs(pairs, folder.resolve().name, home)
    # The data files of the folder itself count; only where there are none, those of the folders in it.
    found = [path for path in sorted(folder.iterdir()) if is_data(path.name, SUFFIXES) and not path.is_dir()]
    if not found:
        found = sorted(path for path in folder.rglob("*") if is_data(path.name, SUFFIXES) and path.is_file())
    if not found:
        raise DataError("The folder holds no data file.", f"Files that can be read end in {', '.join(SUFFIXES)}.")
    if len(found) > _MOST_FILES:
        raise DataError(f"The folder holds more than {_MOST_FILES:,} files.", "Choose those that hold the examples.")
    named = {path.relative_to(folder).as_posix(): path for path in found}
    return _open_several(named, folder.resolve().name, home, tell)


def _open_several(paths: dict[str, Path], name: str, home: Path, tell: Tell) -> Source:
    if not paths:
        raise DataError("No file was chosen.", f"Files that can be read end in {', '.join(SUFFIXES)}.")
    roles, unused = arrange(list(paths))
    files = {role: {shown(part): paths[part] for part in parts} for role, parts in roles.items()}
    return take_in(Incoming(name or next(iter(files["train"])), files, unused=tuple(unused)), home, tell)


def _may_be_on_hub(text: str) -> bool:
    return text.startswith("hf:") or (bool(HUB_ID.fullmatch(text)) and not text.lower().endswith(SUFFIXES))


def _open_hub_or_say_both(text: str, home: Path, config: str, split: str, tell: Tell) -> Source:
    name = text.removeprefix("hf:")
    if text.startswith("hf:") and Path(name).is_dir():
        return open_laid_out(Path(name), home, config, split, tell)
    try:
        return open_hub(name, home, config, split, tell)
    except DataError as error:
        if text.startswith("hf:"):
            raise
        raise DataError(f"There is no file or folder called {shown(text)!r}. {error.what}", error.fix) from error
