"""Data sets of the Hugging Face hub: their rows are streamed into files of ours; no code of theirs ever runs."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from core.dataset.files.intake import Incoming, Source, take_in
from core.dataset.files.keep import scratch
from core.dataset.files.read import shown
from core.dataset.files.roles import ORDER, role_of
from core.dataset.finding import counted
from core.dataset.progress import Progress, Steps, Tell, nobody, part_of
from core.dataset.table import MAX_BYTES, MAX_ROWS
from core.errors import DataError, MachineError

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_PATIENCE = 5.0
"""Seconds that the hub gets to answer."""
_ELSEWHERE = "Check the spelling, or download its files elsewhere and choose them here."
_FAULTS = (ValueError, RuntimeError, TypeError, KeyError, ImportError)
"""What the library raises over data sets that it cannot read."""
_FETCHING, _READING = "fetching from the hub", "reading the rows"
_TOLD_EVERY = 500
_USUAL = 20_000
"""Rows after which half of a split may be there: how many it has, the hub does not always say."""
_NO_TEXT = {"Image", "Audio", "Video", "Pdf", "Nifti", "Mesh"}
"""Kinds of columns that hold no text."""


def open_hub(hub_id: str, home: Path, config: str = "", split: str = "", tell: Tell = nobody) -> Source:
    """Take in a data set of the hub: at most `MAX_ROWS` rows a split. No file of this machine is looked at.

    With a `split`, its rows alone; else the training, validation and test splits that there are. `tell` hears how far
    it is.

    Raises:
        DataError: The hub does not answer, has no such data set, or a configuration or a split must be chosen; names
            them.
        MachineError: The rows cannot be written.
    """
    check_id(hub_id)
    _check_hub(hub_id)
    return _taken_in(f"hf://datasets/{hub_id}", hub_id, home, config, split, tell)


def check_id(hub_id: str) -> None:
    """Let nothing pass but an id: no path, whether or not it exists, and no address.

    Raises:
        DataError: It is none.
    """
    if not HUB_ID.fullmatch(hub_id):
        raise DataError(
            f"{shown(hub_id[:100])!r} is no id of a data set on the hub.", "An id reads owner/name, as in its address."
        )


def open_laid_out(folder: Path, home: Path, config: str = "", split: str = "", tell: Tell = nobody) -> Source:
    """Take in a folder of this machine that is laid out like a data set of the hub, in the same way.

    Raises:
        DataError: It is not laid out so, or a configuration or a split must be chosen; names them.
        MachineError: The rows cannot be written.
    """
    return _taken_in(str(folder.resolve()), folder.resolve().name, home, config, split, tell)


def _taken_in(where: str, name: str, home: Path, config: str, split: str, tell: Tell = nobody) -> Source:
    try:
        with scratch(home) as folder:
            steps = Steps(tell, {_FETCHING: 3, _READING: 1})
            files, notes, unused = _fetched(where, name, config, split, folder, steps.begin(_FETCHING))
            title = f"{name} ({config})" if config else name
            incoming = Incoming(title, files, unused=tuple(unused), notes=tuple(notes))
            return take_in(incoming, home, steps.within(_READING))
    except OSError as error:
        raise MachineError(f"The rows of {name} cannot be written: {error.strerror}.", "Free some space.") from error


def _check_hub(hub_id: str) -> None:
    """Ask the hub once, briefly: the library itself tries for minutes before it says no.

    Raises:
        DataError: It does not answer, or has no such data set for everyone.
    """
    from httpx2 import TransportError  # the hub library's own client
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        HfApi().dataset_info(hub_id, timeout=_PATIENCE)
    except GatedRepoError as error:
        raise DataError(f"{hub_id} asks you to accept its terms on the hub first.", _ELSEWHERE) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise DataError(f"The hub has no public data set called {hub_id}.", _ELSEWHERE) from error
    except OfflineModeIsEnabled as error:
        fix = "Unset HF_HUB_OFFLINE, or download the files elsewhere and choose them here."
        raise DataError(f"{hub_id} was not looked for on the hub, because HF_HUB_OFFLINE is set.", fix) from error
    except (TransportError, HfHubHTTPError, OSError) as error:
        what = f"The Hugging Face hub does not answer, so {hub_id} cannot be fetched."
        raise DataError(what, "Check the connection, or download the files elsewhere and choose them here.") from error


def _fetched(
    where: str, name: str, config: str, split: str, folder: Path, tell: Progress
) -> tuple[dict[str, dict[str, Path]], list[str], list[str]]:
    # Role to the file that its rows were written to, what was decided, and the splits that were left alone.
    import datasets
    from datasets.exceptions import DatasetsError
    from httpx2 import TransportError
    from huggingface_hub.errors import HfHubHTTPError

    datasets.disable_progress_bars()
    files: dict[str, dict[str, Path]] = {}
    try:
        config = _config(config, datasets.get_dataset_config_names(where), name)
        _check_own(datasets.load_dataset_builder(where, config).config.data_files, where, name)
        splits = datasets.get_dataset_split_names(where, config)
        roles = _roles(split, splits, name)
        notes = []
        for role, part in roles.items():
            rows = datasets.load_dataset(where, config, split=part, streaming=True)
            path = folder / f"{role}.jsonl"
            inner = part_of(tell, len(files) / len(roles), 1 / len(roles))
            notes.append(_write(rows, path, f"the split {part!r} of {name}", inner))
            files[role] = {f"{part}.jsonl": path}
    except (DatasetsError, TransportError, HfHubHTTPError, ConnectionError, FileNotFoundError, *_FAULTS) as error:
        said = str(error).strip().splitlines()
        what = f"{name} cannot be fetched from the hub: {said[0][:300] if said else type(error).__name__}"
        raise DataError(what if what.endswith(".") else f"{what}.", _ELSEWHERE) from error
    return files, notes, [part for part in splits if part not in roles.values()]


def _check_own(files: Mapping[str, Sequence[str]] | None, where: str, name: str) -> None:
    """Refuse a data set whose description names files that are not its own: of this machine, or of another site.

    Raises:
        DataError: Names the file.
    """
    end = "@" if where.startswith("hf://") else os.sep
    for file in chain.from_iterable((files or {}).values()):
        place = str(file).rpartition("::")[2]  # an archive is named after the file in it
        if not place.startswith(f"{where}{end}") or ".." in place.split("/"):
            raise DataError(
                f"The description of {name} names a file that is not its own: {shown(place[:200])!r}.",
                "Do not use it unless you know its owner; then download its files and choose them here.",
            )


def _config(config: str, configs: Sequence[str], hub_id: str) -> str:
    if config in configs:
        return config
    if not config and (len(configs) == 1 or "default" in configs):
        return "default" if "default" in configs else configs[0]
    there = ", ".join(configs[:20]) + (f" and {len(configs) - 20} more" if len(configs) > 20 else "")
    what = (
        f"{hub_id} has no configuration called {config!r}" if config else f"{hub_id} has {len(configs)} configurations"
    )
    raise DataError(f"{what}.", f"Choose one of its configurations: {there}.")


def _roles(split: str, splits: Sequence[str], hub_id: str) -> dict[str, str]:
    # Role to split.
    there = ", ".join(splits)
    if split:
        if split not in splits:
            raise DataError(f"{hub_id} has no split called {split!r}.", f"Choose one of its splits: {there}.")
        return {"train": split}
    if len(splits) == 1:
        return {"train": splits[0]}
    roles = {role: name for role in ORDER for name in reversed(splits) if role_of(name) == role}
    if "train" not in roles:
        raise DataError(f"{hub_id} has no training split.", f"Choose one of its splits: {there}.")
    return roles


def _write(rows: Any, path: Path, what: str, tell: Progress) -> str:  # noqa: ANN401 - a stream of `datasets`
    """Write rows as JSON lines until there are enough, and say what was written."""
    features = rows.features or {}
    dropped = [name for name, kind in features.items() if _is_media(kind)]
    if dropped:
        rows = rows.decode(enable=False).remove_columns(dropped)  # decoding would open whatever path a row names
    names = {name: kind.names for name, kind in features.items() if type(kind).__name__ == "ClassLabel"}
    written = size = 0
    cut = False
    with path.open("wb") as file:
        for line in _lines(rows, names):
            if written == MAX_ROWS or size + len(line) > MAX_BYTES:
                cut = True
                break
            file.write(line)
            written += 1
            if written % _TOLD_EVERY == 0:
                tell(written / (written + _USUAL))
            size += len(line)
    left_out = f" Its columns {', '.join(dropped)} hold no text and were left out." if dropped else ""
    begin = f"The first {counted(written)} of {what} were taken; it has more." if cut else ""
    return (begin or f"{counted(written)} came from {what}.") + left_out


def _is_media(kind: Any) -> bool:  # noqa: ANN401
    """Whether something in a column is a picture or the like, which reading would fetch from wherever it says."""
    inner = kind.values() if isinstance(kind, dict) else [getattr(kind, "feature", None)]
    return type(kind).__name__ in _NO_TEXT or any(_is_media(one) for one in inner if one is not None)


def _lines(rows: Iterable[Mapping[str, Any]], names: Mapping[str, Sequence[str]]) -> Iterator[bytes]:
    for row in rows:
        known = {column: _class_name(row[column], labels) for column, labels in names.items()}
        yield orjson.dumps({**row, **known}, default=str, option=orjson.OPT_NON_STR_KEYS) + b"\n"


def _class_name(value: Any, names: Sequence[str]) -> Any:  # noqa: ANN401
    """The name of a class, which the hub keeps as a number; -1 means that it is not told."""
    if not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else None
