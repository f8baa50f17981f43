"""What is asked in the playground, and how far the answers are."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.dataset.example import Turn
from core.dataset.rendered import RenderedPrompt
from core.errors import UserError
from core.strategy.drawing import Drawing

ENDINGS = {
    "itself": "ended by itself",
    "longest": "reached the longest answer",
    "stopped": "was stopped",
    "circles": "went in circles and was ended",
}
"""How an answer ended, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants both models of a run to answer."""

    run_id: str
    text: str
    """As it stands in the field."""
    weights: str = "best"
    """"best", "base", or the name of a checkpoint."""
    place: int = 0
    """Which held-out row it was taken from, counted from 1; 0 where somebody typed it."""
    drawing: Drawing = field(default_factory=Drawing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as the models are asked it."""

    turns: tuple[Turn, ...]
    """Empty where `text` is a beginning to go on from, or what a head reads."""
    text: str
    labels: tuple[str, ...] = ()
    """To tell the likelihood of."""
    reference: str | None = None
    """The wanted answer, where the text is just that of a held-out row."""
    row: int = 0
    """Of its file, counted from 1, where it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one model said so far."""

    text: str = ""
    tokens: int = 0
    seconds: float = 0.0
    how: str = ""
    """One of `ENDINGS`; empty while it writes."""

    @property
    def speed(self) -> float | None:
        """Tokens per second; None where too little was written to tell."""
        return self.tokens / self.seconds if self.tokens > 1 and self.seconds > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A question and its answers as of now."""

    number: int
    """Grows with each question."""
    question: Question
    asked: Asked
    about: str = ""
    """What goes on, in a few words."""
    caution: str = ""
    """What may make it slow, in a sentence."""
    prompt: RenderedPrompt | None = None
    shares: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Of each model the probability of each label."""
    labels: tuple[str, ...] = ()
    sides: Mapping[str, Side] = field(default_factory=dict)
    who: tuple[str, ...] = ("base", "tuned")
    """The models that are asked."""
    device: str = ""
    step: int = 0
    """Of the tuned weights."""
    is_over: bool = False
    was_stopped: bool = False
    error: UserError | None = None
