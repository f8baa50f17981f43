"""Bias tuning (BitFit): only what layers and norms add learns, in models that have such biases.

Source: Ben Zaken et al., BitFit (arXiv 2106.10199), section 3.
"""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from core.strategy.architectures import block_norms, has_norm_biases, last_norm
from core.strategy.methods.method import Method
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from core.strategy.plan import Plan


class BiasesOptions(BaseModel):
    """Bias tuning has no settings of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def prepare(model: "PreTrainedModel", options: BiasesOptions) -> "PreTrainedModel":  # noqa: ARG001 - of every method
    """Freeze `model`, which is loaded in fp32, but for the biases of its blocks and of its last norm."""
    head = model.get_output_embeddings()
    outside = {id(weights) for weights in head.parameters()}
    for name, weights in model.named_parameters():
        weights.requires_grad_(name.endswith(".bias") and id(weights) not in outside)
    return model


def trainable(facts: ModelFacts, options: BiasesOptions) -> int:  # noqa: ARG001
    """Count the biases of all blocks and of the last norm; a layer norm's second half are biases."""
    norms = has_norm_biases(facts)
    linears = sum(layer.outputs for layer in facts.linears if layer.bias)
    return facts.layers * (linears + norms * block_norms(facts) // 2) + norms * last_norm(facts) // 2


def refuses(facts: ModelFacts, options: BiasesOptions, plan: "Plan") -> dict[str, str]:  # noqa: ARG001
    """Refuse a model without biases."""
    if trainable(facts, options):
        return {}
    return {"method": f"{facts.title} has no biases, so nothing would learn. Choose norm tuning or (IA)³, as small."}


METHOD = Method(
    name="biases",
    title="Bias tuning",
    when="the model has biases (GPT-2, GPT-NeoX, Phi, Qwen2) and the task is near to what it knows",
    source="Ben Zaken et al., BitFit (arXiv 2106.10199), section 3",
    options=BiasesOptions,
    learns="biases",
    mergeable=True,
    prepare=prepare,
    trainable=trainable,
    learning_rate=1e-3,
    refuses=refuses,
)
