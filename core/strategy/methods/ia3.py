"""(IA)3: keys, values and the feed-forward part's inner results, each scaled by a learned factor.

Source: Liu et al., Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning (arXiv
2205.05638), section 3.3. Where a model makes queries, keys and values in one layer, queries are scaled too.
"""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from core.strategy.architectures import Linear
from core.strategy.methods.method import Method
from core.strategy.methods.targets import KEY_VALUE, feed_forward_outputs, has_transposed_layers, key_value_layers
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class Ia3Options(BaseModel):
    """(IA)3 has no settings of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def prepare(model: "PreTrainedModel", options: Ia3Options) -> "PeftModel":  # noqa: ARG001 - every method takes both
    """Freeze `model` and put factors, all 1 at first, beside its layers."""
    from peft import IA3Config, get_peft_model

    fed = feed_forward_outputs(model)
    config = IA3Config(
        task_type="CAUSAL_LM",
        target_modules=[*key_value_layers(model), *fed],
        feedforward_modules=fed,
        fan_in_fan_out=has_transposed_layers(model),
    )
    if model.is_activation_checkpointing:
        model.enable_input_require_grads()
    tuned: PeftModel = get_peft_model(model, config)
    return tuned


def is_scaled(layer: Linear) -> bool:
    """Whether factors stand on what comes out of a layer of attention."""
    return layer.attention and layer.name.rpartition(".")[2] in KEY_VALUE


def trainable(facts: ModelFacts, options: Ia3Options) -> int:  # noqa: ARG001
    """Count the factors: one for each output of the scaled layers, one for each inner result."""
    outputs = sum(layer.outputs for layer in facts.linears if is_scaled(layer))
    inner = [layer for layer in facts.linears if not layer.attention][-1].inputs
    return facts.layers * (outputs + inner)


METHOD = Method(
    name="ia3",
    title="(IA)³",
    when="the file must be tiny and can be folded in: a thousandth of the model learns, and less well than with LoRA",
    source="Liu et al., (IA)³ (arXiv 2205.05638), section 3.3",
    options=Ia3Options,
    learns="factors",
    mergeable=True,
    prepare=prepare,
    trainable=trainable,
    learning_rate=3e-3,
)
