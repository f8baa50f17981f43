"""A row as the model will see it, before any training: every token with what it is for."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["mark", "prompt", "cut", "answer"]
"""A special token, the prompt, the place where a long prompt lost its middle, the answer that carries the loss."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens of one kind that follow each other, as text."""

    text: str
    kind: Kind
    learned: bool
    """Whether the loss is on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedRow:
    """One row through the model's chat template and tokenizer."""

    row: int
    """Counted from 1 in its file."""
    pieces: tuple[Piece, ...]
    tokens: int
    learned: int
    """Tokens that carry loss."""
    left_out: bool
    """Whether its answer alone is longer than the room, so that training leaves it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPrompt:
    """A prompt alone through the model's chat template and tokenizer."""

    pieces: tuple[Piece, ...]
    tokens: int
    whole: int
    """Tokens that it had before it was shortened; the same number where it was not."""
