"""How an augmentation stands: written as it goes, so that any page, and any later server, can tell."""

import os
import shutil
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from core.augment.filter.funnel import Stage
from core.augment.pipeline import Outcome
from core.errors import MachineError, UserError

_NAME, _STOP, _DATA = "standing.json", "stop", "data"
_LATEST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One of the latest candidates."""

    cells: Mapping[str, str]
    reason: str = ""
    """Why it was rejected; empty where it is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """As of `at`."""

    at: float
    """UTC epoch, seconds."""
    wanted: int
    good: int
    """Candidates that passed every check."""
    taken: int
    """Of them those that differ most, at most as many as were wanted."""
    candidates: int
    unreadable: Mapping[str, int] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    prompt_tokens: int = 0
    answer_tokens: int = 0
    cost: float = 0.0
    latest: tuple[Seen, ...] = ()
    over: bool = False
    ended: str = ""
    """Why there are fewer rows than were wanted."""
    problem: str = ""
    fix: str = ""
    """What went wrong, and what to do."""


_STANDING: TypeAdapter[Standing] = TypeAdapter(Standing)


def standing_of(outcome: Outcome, wanted: int, *, over: bool) -> Standing:
    """How it stands with this outcome."""
    sifted, many = outcome.sifted, len(outcome.candidates)
    latest = [
        Seen(cells=dict(outcome.candidates[place].cells), reason=sifted.reasons.get(place, ("", ""))[1])
        for place in range(max(0, many - _LATEST), many)
    ]
    return Standing(
        at=time.time(),
        wanted=wanted,
        good=len(sifted.kept),
        taken=len(outcome.chosen),
        candidates=many,
        unreadable=dict(outcome.unreadable),
        stages=sifted.stages,
        prompt_tokens=outcome.prompt_tokens,
        answer_tokens=outcome.answer_tokens,
        cost=outcome.cost,
        latest=tuple(reversed(latest)),
        over=over,
        ended=outcome.ended,
    )


def failed_standing(before: Standing | None, wanted: int, error: UserError) -> Standing:
    """How it stands after an error: what was there before it stays."""
    from dataclasses import replace

    known = before or Standing(at=0.0, wanted=wanted, good=0, taken=0, candidates=0)
    return replace(known, at=time.time(), over=True, problem=error.what, fix=error.fix)


def write_standing(folder: Path, standing: Standing) -> None:
    """Keep it; whoever reads meanwhile sees the old one or the new one.

    Raises:
        MachineError: It cannot be written.
    """
    write_whole(folder / _NAME, _STANDING.dump_json(standing))


def read_standing(folder: Path) -> Standing | None:
    """What was written last; None where nothing was, or another version wrote it."""
    try:
        return _STANDING.validate_json((folder / _NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once, for its owner alone.

    Raises:
        MachineError: It cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
        part.replace(path)
    except OSError as error:
        raise MachineError(
            f"What was found cannot be kept: {error.strerror}.", "Free some space; answers so far are not lost."
        ) from error


def ask_to_stop(folder: Path) -> None:
    """Ask the work in this folder to stop; questions on their way are waited for, since they are paid.

    Raises:
        MachineError: The wish cannot be written.
    """
    write_whole(folder / _STOP, b"")


def is_asked_to_stop(folder: Path) -> bool:
    """Whether somebody asked."""
    return (folder / _STOP).exists()


def begin_anew(folder: Path) -> None:
    """Forget an earlier wish to stop."""
    (folder / _STOP).unlink(missing_ok=True)


def belong(folder: Path, source: str) -> None:
    """Note of which data set the answers in this folder are made.

    Raises:
        MachineError: It cannot be written.
    """
    write_whole(folder / _DATA, source.encode())


def forget_answers(home: Path, sources: Collection[str]) -> None:
    """Remove what teachers wrote for data sets that were deleted: it repeats their rows.

    Raises:
        MachineError: A folder cannot be removed.
    """
    for mark in (home / "augment").glob(f"*/{_DATA}"):
        try:
            if mark.read_text("utf-8") in sources:
                shutil.rmtree(mark.parent)
        except OSError as error:
            raise MachineError(
                f"What a teacher wrote cannot be deleted: {error.strerror}.", f"Remove {mark.parent} by hand."
            ) from error
