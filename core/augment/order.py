"""What is asked of an augmentation: everything that decides it but the key, which is kept nowhere."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.augment.card import TaskCard
from core.augment.entries import Entry
from core.augment.spend import Limits
from core.augment.teachers import TEACHERS
from core.dataset.choice import DataChoice
from core.errors import SettingsError
from core.problems import problems_of


class Order(BaseModel):
    """One augmentation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: DataChoice
    card: TaskCard
    teacher: str
    options: Annotated[dict[str, Any], Field(description="Of the teacher; what is missing takes its default.")] = {}
    count: Annotated[int, Field(ge=1, title="New rows", description="Good rows that are wanted.")] = 100
    quality: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            title="Least quality",
            description="Below it a row is doubtful, and not taken by itself; where it would reject more than a "
            "twentieth of your own rows, less is asked for.",
        ),
    ] = 0.85
    diversity: Annotated[
        float,
        Field(ge=0, le=1, title="Weight of being different", description="Beside quality, where there is choice."),
    ] = 0.3
    limits: Limits = Limits()


def read_options(teacher: str, options: dict[str, Any]) -> BaseModel:
    """A teacher's options, checked and complete.

    Raises:
        NotFoundError: There is no such teacher.
        SettingsError: Lists all that is wrong.
    """
    try:
        read: BaseModel = TEACHERS[teacher].options.model_validate(options)
    except ValidationError as error:
        raise SettingsError(problems_of(error), "Give the teacher's settings as --set name=value.") from error
    return read


def digest_of(seeds: Sequence[Entry]) -> str:
    """What stands for the seeds in the name of a folder."""
    return hashlib.sha256(json.dumps([dict(seed.cells) for seed in seeds], sort_keys=True).encode()).hexdigest()


def folder_of(home: Path, seeds: str, card: TaskCard, teacher: str, options: BaseModel) -> Path:
    """Where the answers to the same questions lie; `seeds` is their `digest_of`."""
    told = json.dumps([seeds, card.model_dump(mode="json"), teacher, options.model_dump(mode="json")], sort_keys=True)
    return home / "augment" / hashlib.sha256(told.encode()).hexdigest()[:16]
