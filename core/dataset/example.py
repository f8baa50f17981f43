"""What every format becomes: a prompt in turns, and the answer that training wants."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the prompt."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    """One row as the model is trained and scored on it."""

    row: int
    """Row in its file, counted from 1, the header not counted."""
    turns: tuple[Turn, ...]
    """The prompt; the last turn is a user's. Empty where `answer` is a text to be learned as it is."""
    answer: str
    """What the assistant should say; the loss is on these tokens only."""
    label: str | None = None
    """The class, where the task is to choose one of a few; it equals `answer` then."""
    rejected: str | None = None
    """A worse answer to the same prompt, where the rows have one; nothing is trained on it."""

    @property
    def prompt(self) -> str:
        """The prompt as a person reads it."""
        return "\n\n".join(turn.content for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Split:
    """Examples held apart: training never sees validation or test rows."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]
    left_out: Mapping[str, tuple[int, ...]] = field(default_factory=dict, hash=False)
    """Why usable rows stand on no side ("train rows with the same prompt as a test row") to their numbers."""

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels of the training rows, sorted; empty where answers are free text."""
        return tuple(sorted({example.label for example in self.train if example.label is not None}))

    @property
    def sha256(self) -> str:
        """Of all that training and scoring see, side by side and in order: equal hashes mean equal splits."""
        digest = hashlib.sha256()
        for side, examples in (("train", self.train), ("validation", self.validation), ("test", self.test)):
            digest.update(f"{side} {len(examples)}\n".encode())
            for example in examples:
                turns = [(turn.role, turn.content) for turn in example.turns]
                seen = [example.row, turns, example.answer, example.label]
                digest.update(json.dumps(seen).encode() + b"\n")
        return digest.hexdigest()
