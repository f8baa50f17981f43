"""What a tuning method is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from core.strategy.model_facts import ModelFacts

Options = TypeVar("Options", bound=BaseModel)


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
    quantised: bool
    """Whether the base model is loaded in 4 bits (bitsandbytes nf4, double quantisation)."""
    mergeable: bool
    """Whether the result can be folded into the base weights (LoRA, QLoRA; full is its own merged model)."""
    prepare: Callable[[Any, Options], Any]
    """Takes the loaded model and the options, returns the model to train (often a PeftModel). Imports inside."""
    trainable: "Callable[[ModelFacts, Options], int]"
    """Trainable parameters, computed from the configuration alone; the memory forecast uses it."""
    learning_rate: float
    """A good peak learning rate for this method on a model of billions of parameters; advice starts from it."""
