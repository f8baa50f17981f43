"""How a model draws the words of an answer."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import SettingsError
from core.problems import problems_of


class Drawing(BaseModel):
    """Settings of an answer that a model writes. The defaults are those of the evaluation: its most likely words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Annotated[
        float,
        Field(
            ge=0,
            le=5,
            allow_inf_nan=False,
            title="Temperature",
            description="0 takes the most likely token each time; 1 draws by the model's own probabilities.",
        ),
    ] = 0.0
    top_p: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            allow_inf_nan=False,
            title="Top-p",
            description="Share of the probability that is drawn from; 1 leaves nothing out.",
        ),
    ] = 1.0
    top_k: Annotated[
        int,
        Field(
            ge=0, le=1000, title="Top-k", description="Tokens that are drawn from, the likeliest; 0 leaves none out."
        ),
    ] = 0
    repetition_penalty: Annotated[
        float,
        Field(
            ge=0,
            le=2,
            allow_inf_nan=False,
            title="Repetition penalty",
            description="What the score of a token that is there already is divided by; 1 for none, 0 for the model's "
            "own setting, as in the scores.",
        ),
    ] = 0.0
    most_tokens: Annotated[
        int, Field(ge=1, le=4096, title="Longest answer", description="Tokens after which an answer is ended.")
    ] = 256
    seed: Annotated[
        int,
        Field(ge=0, le=2**31 - 1, title="Seed", description="Of the drawing; the same seed draws the same answer."),
    ] = 7
    shorten: Annotated[
        bool,
        Field(
            title="Shorten long prompts",
            description="A prompt beyond the longest row of the training loses its middle, as it did there. Off: it "
            "stays whole, up to what the model can hold.",
        ),
    ] = True

    @field_validator("repetition_penalty")
    @classmethod
    def _does_not_reward(cls, value: float) -> float:
        if 0 < value < 1:
            raise ValueError("below 1 it would reward repetition: take 1 for none, or 0 for the model's own")
        return value

    @property
    def is_greedy(self) -> bool:
        """Whether the most likely token is taken each time, so that nothing depends on chance."""
        return self.temperature == 0


def read_drawing(raw: Mapping[str, Any]) -> Drawing:
    """Settings from untrusted values.

    Raises:
        SettingsError: Lists every value that is missing, misspelt or out of range.
    """
    try:
        return Drawing(**raw)
    except ValidationError as error:
        problems = {name: told.removeprefix("Value error, ") for name, told in problems_of(error).items()}
        raise SettingsError(problems) from error
