"""The task card: what the seeds say of the task, in a form that people read and edit before a teacher sees it."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import DataError, SettingsError
from core.problems import problems_of


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnCard(_Frozen):
    """What stands in one column of the seeds."""

    name: str
    role: Literal["input", "answer", "label"]
    shortest: Annotated[int, Field(ge=0, description="Words, of the 5 % quantile.")]
    middle: Annotated[int, Field(ge=0, description="Words, of the median.")]
    longest: Annotated[int, Field(ge=0, description="Words, of the 95 % quantile.")]
    conventions: Annotated[tuple[str, ...], Field(description="What nearly all seeds have in common here.")] = ()


class TopicCard(_Frozen):
    """One cluster of the seeds."""

    words: tuple[str, ...]
    seeds: Annotated[int, Field(ge=1)]


class TaskCard(_Frozen):
    """What a teacher is told of the task: figures that were counted, and description and constraints of people."""

    description: Annotated[str, Field(max_length=4000, title="Task", description="What a row is for, in your words.")]
    constraints: Annotated[
        tuple[str, ...], Field(title="Constraints", description="Facts of the domain that every row must keep to.")
    ] = ()
    do: Annotated[tuple[str, ...], Field(title="Do", description="What new rows should have.")] = ()
    avoid: Annotated[tuple[str, ...], Field(title="Do not", description="What new rows must not have.")] = ()
    family: Annotated[
        Literal["classification", "question answering", "text to text", "plain text"],
        Field(title="Task family", description="As the format says."),
    ]
    language: Annotated[str, Field(title="Language", description="Of the seeds; empty where it is not clear.")] = ""
    seeds: Annotated[int, Field(ge=1, description="Training rows that were looked at.")]
    columns: tuple[ColumnCard, ...]
    labels: Annotated[dict[str, int], Field(description="Label to its seeds; empty where answers are free text.")] = {}
    topics: tuple[TopicCard, ...] = ()

    def as_yaml(self) -> str:
        """The card as a text to read and edit."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)


def read_card(text: str) -> TaskCard:
    """A card that somebody may have edited.

    Raises:
        SettingsError: It is no card; lists all that is wrong.
    """
    try:
        raw: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError({"card": f"is no YAML: {' '.join(str(error).split())[:200]}"}) from error
    try:
        return TaskCard.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(
            problems_of(error, "card"), "Mend the card, or leave it out to have it written anew."
        ) from error


def open_card(path: Path) -> TaskCard:
    """A card in a file.

    Raises:
        DataError: The file cannot be read.
        SettingsError: It is no card.
    """
    try:
        return read_card(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"The card {path.name!r} cannot be read.", "Write one with 'augment SOURCE --card FILE'."
        ) from error
