"""What a tuning method is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from core.strategy.model_facts import ModelFacts
    from core.strategy.plan import Plan

Options = TypeVar("Options", bound=BaseModel)

Learns: TypeAlias = Literal[
    "everything", "blocks", "biases", "norms", "matrices", "networks", "factors", "rotations", "tokens", "prefix"
]
"""What learns: weights of the base model itself (the first four), or something that is put beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(Generic[Options]):
    """One way of tuning: its words, its settings, and the function that readies a loaded model for it."""

    name: str
    title: str
    when: str
    """Completes "Take it when ..."."""
    source: str
    """Paper or document and section."""
    options: type[Options]
    """Frozen pydantic model, `extra="forbid"`, each field with title, range and unit: the form draws itself from it."""
    learns: Learns
    """Decides how the base model is loaded, how rows share a pass, and what the memory forecast counts."""
    quantised: bool = False
    """Whether the base model is loaded in 4 or 8 bits."""
    mergeable: bool
    """Whether what is put beside the base model can be folded into its weights, or is one of them already."""
    heads: bool = False
    """Whether it can train a classification head beside what it trains of the model."""
    advised: bool = False
    """Whether the advice compares it. The others stand behind in the menu and are nobody's recommendation."""
    prepare: Callable[[Any, Options], Any]
    """Takes the loaded model and the options, returns the model to train (often a PeftModel). Imports inside."""
    trainable: "Callable[[ModelFacts, Options], int]"
    """Trainable parameters, computed from the configuration alone; the memory forecast uses it."""
    learning_rate: float
    """A good peak learning rate for this method on a model of billions of parameters; advice starts from it."""
    refuses: "Callable[[ModelFacts, Options, Plan], dict[str, str]] | None" = None
    """What cannot work with this model and plan: the field's name, and a sentence with what to do instead."""

    @property
    def own_weights(self) -> bool:
        """Whether weights of the base model itself learn: it is loaded in fp32, so that small steps do not vanish."""
        return self.learns in {"everything", "blocks", "biases", "norms"}

    @property
    def joins_rows(self) -> bool:
        """Whether rows may be laid end to end; not where each of them follows virtual tokens of its own."""
        return self.learns not in {"tokens", "prefix"}

    @property
    def has_adapter(self) -> bool:
        """Whether its result is something that PEFT puts beside an unchanged base model."""
        return self.learns not in {"everything", "blocks", "biases"}
