"""Norm tuning: only the scales (and shifts) of the norms learn.

Source: Zhao et al., Tuning LayerNorm in Attention (arXiv 2312.11420), section 3.
"""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from core.strategy.architectures import block_norms, last_norm
from core.strategy.methods.method import Method
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class NormsOptions(BaseModel):
    """Norm tuning has no settings of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def prepare(model: "PreTrainedModel", options: NormsOptions) -> "PeftModel":  # noqa: ARG001 - every method takes both
    """Freeze `model`, which is loaded in fp32, and let copies of its norms learn in their places."""
    from peft import LNTuningConfig, get_peft_model

    names = {name.rpartition(".")[2] for name, module in model.named_modules() if "Norm" in type(module).__name__}
    if model.is_activation_checkpointing:
        model.enable_input_require_grads()
    tuned: PeftModel = get_peft_model(model, LNTuningConfig(task_type="CAUSAL_LM", target_modules=sorted(names)))
    return tuned


def trainable(facts: ModelFacts, options: NormsOptions) -> int:  # noqa: ARG001
    """Count the scales and shifts of all norms, the last one's too."""
    return facts.layers * block_norms(facts) + last_norm(facts)


METHOD = Method(
    name="norms",
    title="Norm tuning",
    when="the file must be tiny and the task is near to what the model knows: a ten thousandth of it learns",
    source="Zhao et al., Tuning LayerNorm in Attention (arXiv 2312.11420), section 3",
    options=NormsOptions,
    learns="norms",
    mergeable=True,
    prepare=prepare,
    trainable=trainable,
    learning_rate=1e-3,
)
