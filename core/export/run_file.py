"""A whole run as one file that another installation takes in: plan, log, scores, and its best weights if wanted.

The data stay where they are; their hash and that of their split travel with the plan. A file from elsewhere is not
trusted: names, sizes and checksums are checked before anything of it is kept, and nothing of it is ever run.
"""

import hashlib
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import MachineError, UserError
from core.events import Exported, decode, encode
from core.export.checksums import sha256
from core.export.facts import public_name
from core.store.arrivals import ArrivedJob
from core.store.judgements import LONGEST_NOTE, VERDICTS, Judgement
from core.store.lifecycle import IllegalMove
from core.store.store import Store
from core.strategy.complete_plan import complete_plan

FORMATS = (1, 2)
"""The second one may hold verdicts; a run without any is written as before, so that older versions take it in."""
_MANIFEST, _EVENTS, _SCORES, _VERDICTS = "manifest.json", "events.jsonl", "evaluation.json", "verdicts.jsonl"
_WEIGHTS = re.compile(r"best/[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}\.(json|jinja|safetensors|model|txt)")
_KINDS = frozenset({"train", "evaluate"})
_LARGEST_TEXT = 256 * 2**20
_LARGEST_MANIFEST = 2**20
_MOST_FILES = 1000
_PIECE = 2**20
_DAMAGED = "Get the file again from where it came from."


def write_run(store: Store, run_id: str, out: Path, *, weights: bool = True) -> Path:
    """Write the run to the zip file `out`, which appears complete or not at all.

    Raises:
        NotFoundError: There is no such run.
        UserError: The run is not over, or `out` is there already.
        MachineError: The disk is full or `out` cannot be written.
    """
    row, folder = store.run(run_id), store.run_folder(run_id)
    if not row.state.is_final:
        raise UserError(f"The run '{row.name}' is still going on.", "Wait until it is done, or stop it.")
    if out.exists():
        raise UserError(f"{out} is there already.", "Name a file that is not there yet.")
    files = [folder / _SCORES, *(sorted((folder / "best").iterdir()) if weights and (folder / "best").is_dir() else [])]
    named = {path.relative_to(folder).as_posix(): path for path in files if path.is_file()}
    named = {name: path for name, path in named.items() if name == _SCORES or _WEIGHTS.fullmatch(name)}
    partial = out.with_name(f".{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
            said = "".join(_lines(store, run_id)).encode()
            archive.writestr(_EVENTS, said, zipfile.ZIP_DEFLATED)
            sums = {_EVENTS: hashlib.sha256(said).hexdigest()}
            verdicts = "".join(_judged(store, run_id)).encode()
            if verdicts:
                archive.writestr(_VERDICTS, verdicts, zipfile.ZIP_DEFLATED)
                sums[_VERDICTS] = hashlib.sha256(verdicts).hexdigest()
            for name, path in named.items():
                archive.write(path, name)
                sums[name] = sha256(path)
            manifest = {
                "made_by": "fewtune",
                "format": FORMATS[bool(verdicts)],
                "name": row.name,
                "note": row.note,
                "plan": _travelling(row.plan),
                "files": sums,
            }
            archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False))
        partial.rename(out)
    except OSError as error:
        raise MachineError(f"{out} cannot be written: {error.strerror}.", "Name a file on another disk.") from error
    finally:
        partial.unlink(missing_ok=True)
    return out


def _travelling(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan without where this machine keeps the base model, and without its tracker, which others may not have."""
    return plan | {"model": public_name(plan["model"]), "tracker": "none"}


def _lines(store: Store, run_id: str) -> Iterator[str]:
    """What the run's trainings and evaluations said, one event a line; exports stay where they are."""
    home = str(store.home)
    for record in store.since(run_id):
        if record.kind in _KINDS and not isinstance(record.event, Exported):
            line = {"job": record.job_id, "kind": record.kind, "attempt": record.attempt, "at": record.at}
            yield json.dumps(line | {"said": encode(record.event)}).replace(json.dumps(home)[1:-1], "~") + "\n"


def _judged(store: Store, run_id: str) -> Iterator[str]:
    """What people said of single rows, one row a line."""
    for row, judgement in sorted(store.judgements(run_id).items()):
        if judgement.is_empty:
            continue
        yield json.dumps({"row": row, **asdict(judgement)}) + "\n"


def read_run(store: Store, file: Path, check_scores: Callable[[Path], object]) -> str:
    """Take the run in `file` into `store` and return the id that it has there.

    `check_scores` reads the evaluation in a folder, and raises what Python raises where it is none.

    Raises:
        UserError: It is no such file, of a newer version, damaged, or holds what no run has; nothing of it is kept.
        MachineError: The disk has too little room.
    """
    if not zipfile.is_zipfile(file):
        raise UserError(f"{file.name} is no run that was exported by Fewtune.", "Choose the .zip file of a run.")
    try:
        with zipfile.ZipFile(file) as archive:
            return _take_in(store, archive, file.name, check_scores)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{file.name} is damaged: {error}.", _DAMAGED) from error


def _take_in(store: Store, archive: zipfile.ZipFile, called: str, check_scores: Callable[[Path], object]) -> str:
    entries = _entries(archive, called)
    manifest = _manifest(archive, entries, called)
    sums = manifest["files"]
    if set(sums) != set(entries) - {_MANIFEST}:
        raise UserError(f"{called} holds other files than it says.", _DAMAGED)
    size = sum(entry.file_size for entry in entries.values())
    free = shutil.disk_usage(store.home).free
    if size > free:
        raise MachineError(f"The run takes {size / 2**30:.2f} GiB and {free / 2**30:.2f} are free.", "Free some disk.")
    with tempfile.TemporaryDirectory(dir=store.home, prefix=".arriving-") as name:
        folder = Path(name)
        for path, digits in sums.items():
            _unpack(archive, entries[path], folder / path, digits, called)
        jobs = _jobs(folder / _EVENTS, called)
        (folder / _EVENTS).unlink()
        verdicts = _verdicts(folder / _VERDICTS, called)
        try:
            check_scores(folder)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UserError(f"The scores in {called} cannot be read.", _DAMAGED) from error
        try:
            run_id = store.add_arrived(manifest["plan"], manifest["name"], manifest["note"], jobs)
        except IllegalMove as error:
            raise UserError(f"{called} tells of no run that was finished: {error}", _DAMAGED) from error
        _settle(store, run_id, folder, verdicts)
    return run_id


def _settle(store: Store, run_id: str, folder: Path, verdicts: Mapping[int, Judgement]) -> None:
    for row, verdict in verdicts.items():
        store.judge(run_id, row, verdict)
    place = store.run_folder(run_id)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in list(folder.iterdir()):
        path.rename(place / path.name)


def _entries(archive: zipfile.ZipFile, called: str) -> dict[str, zipfile.ZipInfo]:
    """The files by name; only names that a run has, each once, none of them a link.

    Raises:
        UserError: There is another one, too many, or one too large.
    """
    entries = archive.infolist()
    if len(entries) > _MOST_FILES:
        raise UserError(f"{called} holds {len(entries):,} files; a run has at most {_MOST_FILES:,}.", _DAMAGED)
    known: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = entry.filename
        is_link = (entry.external_attr >> 16) & 0o170000 == 0o120000
        text = name in {_MANIFEST, _EVENTS, _SCORES, _VERDICTS}
        if is_link or name in known or not (text or _WEIGHTS.fullmatch(name)):
            raise UserError(f"{called} holds {name[:80]!r}, which is no file of a run.", _DAMAGED)
        if text and entry.file_size > _LARGEST_TEXT:
            raise UserError(f"{name} in {called} has {entry.file_size:,} bytes, which is too much.", _DAMAGED)
        known[name] = entry
    if _MANIFEST not in known or _EVENTS not in known:
        raise UserError(f"{called} is no run that was exported by Fewtune.", "Choose the .zip file of a run.")
    return known


def _manifest(archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], called: str) -> dict[str, Any]:
    try:
        with archive.open(entries[_MANIFEST]) as file:
            raw = json.loads(file.read(_LARGEST_MANIFEST))
        if raw["made_by"] != "fewtune" or not isinstance(raw["files"], dict):
            raise UserError(f"{called} is no run that was exported by Fewtune.", "Choose the .zip file of a run.")
        if raw["format"] not in FORMATS:
            raise UserError(f"{called} was written by another version of Fewtune.", "Update Fewtune.")
        plan = complete_plan(raw["plan"])
        name, note = str(raw["name"])[:120], str(raw["note"])[:10_000]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"The plan in {called} cannot be read.", _DAMAGED) from error
    return {"files": raw["files"], "plan": plan.model_dump(mode="json"), "name": name, "note": note}


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, to: Path, digits: str, called: str) -> None:
    """Write one file, as long as it says it is and not a byte more, and compare its checksum.

    Raises:
        UserError: It is longer, shorter, or another one.
    """
    to.parent.mkdir(mode=0o700, exist_ok=True)
    digest, left = hashlib.sha256(), entry.file_size
    with archive.open(entry) as source, to.open("wb") as target:
        while piece := source.read(_PIECE):
            left -= len(piece)
            if left < 0:
                break
            digest.update(piece)
            target.write(piece)
    if left != 0 or digest.hexdigest() != digits:
        raise UserError(f"{entry.filename} in {called} is damaged: it is not what was written.", _DAMAGED)


def _verdicts(file: Path, called: str) -> dict[int, Judgement]:
    if not file.exists():
        return {}
    found = {}
    try:
        for line in file.read_text("utf-8").splitlines():
            raw = json.loads(line)
            verdict = ("", *VERDICTS)[("", *VERDICTS).index(raw["verdict"])]
            found[int(raw["row"])] = Judgement(verdict, str(raw["note"])[:LONGEST_NOTE], str(raw["answers"])[:100])
        file.unlink()
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"The verdicts in {called} cannot be read: {str(error)[:100]}.", _DAMAGED) from error
    return found


def _jobs(events: Path, called: str) -> list[ArrivedJob]:
    found: dict[int, tuple[str, int, list[Any]]] = {}
    try:
        with events.open(encoding="utf-8") as lines:
            for line in lines:
                raw = json.loads(line)
                kind, attempt, said = found.setdefault(raw["job"], (raw["kind"], raw["attempt"], []))
                if kind not in _KINDS or not isinstance(attempt, int):
                    raise UserError(f"{called} tells of a job of an unknown kind.", _DAMAGED)
                said.append((float(raw["at"]), decode(raw["said"])))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"The log in {called} cannot be read: {str(error)[:100]}.", _DAMAGED) from error
    if not any(kind == "train" for kind, _, _ in found.values()):
        raise UserError(f"{called} tells of no training.", _DAMAGED)
    return [ArrivedJob(kind, attempt, said) for _, (kind, attempt, said) in sorted(found.items())]
