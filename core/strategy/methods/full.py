"""Full fine-tuning: every parameter learns."""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from core.strategy.methods.method import Method
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class FullOptions(BaseModel):
    """Full fine-tuning has no settings beyond the plan's."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def prepare(model: "PreTrainedModel", options: FullOptions) -> "PreTrainedModel":  # noqa: ARG001 - every method takes both
    """Let every parameter of `model`, which is loaded in fp32, learn."""
    return model.requires_grad_(True)  # noqa: FBT003 - torch's own signature


def trainable(facts: ModelFacts, options: FullOptions) -> int:  # noqa: ARG001
    """Count the parameters that learn: all of them."""
    return facts.parameters


METHOD = Method(
    name="full",
    title="Full fine-tuning",
    when="you have thousands of examples and sixteen times the model's parameters in bytes of memory",
    source="Fine-Tuning Large Language Models with Limited Data (Vereonix), method comparison",
    options=FullOptions,
    learns="everything",
    mergeable=True,
    heads=True,
    advised=True,
    prepare=prepare,
    trainable=trainable,
    learning_rate=2e-5,
)
