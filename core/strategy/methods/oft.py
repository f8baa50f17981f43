"""OFT: what goes into a layer is turned in small blocks by learned rotations, so that lengths and angles stay.

Source: Qiu et al., Controlling Text-to-Image Diffusion by Orthogonal Finetuning (arXiv 2306.07280), section 3; applied
to a layer's inputs and with the Cayley transform as a short series: Qiu et al., OFTv2 (arXiv 2506.19847), section 4.
"""

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.strategy.methods.method import Method
from core.strategy.methods.targets import Targets, linear_layers
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from core.strategy.plan import Plan


class OftOptions(BaseModel):
    """Settings of OFT."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    block: Annotated[
        int,
        Field(
            ge=2,
            le=512,
            title="Block",
            description="Most dimensions that are turned together; the largest size that divides all layers is taken.",
        ),
    ] = 32
    targets: Annotated[
        Targets,
        Field(
            title="Layers", description="All linear layers, or those of attention only: fewer parameters, a bit worse."
        ),
    ] = "all-linear"


def prepare(model: "PreTrainedModel", options: OftOptions) -> "PeftModel":
    """Freeze `model` and add rotations that turn nothing at first."""
    from peft import OFTConfig, get_peft_model

    head = model.get_output_embeddings()
    names = linear_layers(model, options.targets)
    inputs = [
        module.in_features
        for name, module in model.named_modules()
        if hasattr(module, "in_features") and module is not head and _is_target(name, names)
    ]
    config = OFTConfig(
        task_type="CAUSAL_LM", r=0, oft_block_size=block_size(inputs, options.block), target_modules=names
    )
    if model.is_activation_checkpointing:
        model.enable_input_require_grads()
    tuned: PeftModel = get_peft_model(model, config)
    return tuned


def block_size(inputs: list[int], most: int) -> int:
    """The largest block of at most `most` dimensions that divides all `inputs`."""
    common = math.gcd(*inputs)
    return max(size for size in range(1, most + 1) if common % size == 0)


def trainable(facts: ModelFacts, options: OftOptions) -> int:
    """Count the angles: half a square of the block without its diagonal, for each block of each layer's inputs."""
    inputs = [layer.inputs for layer in facts.linears if layer.attention or options.targets == "all-linear"]
    block = block_size(inputs, options.block)
    return facts.layers * sum(width // block * (block * (block - 1) // 2) for width in inputs)


def refuses(facts: ModelFacts, options: OftOptions, plan: "Plan") -> dict[str, str]:  # noqa: ARG001 - of every method
    """Refuse models whose layers PEFT cannot turn, and widths without a common divisor."""
    if facts.architecture == "gpt2":
        return {"method": "PEFT has no OFT for GPT-2's transposed layers. Choose LoRA, or another model."}
    inputs = [layer.inputs for layer in facts.linears if layer.attention or options.targets == "all-linear"]
    if block_size(inputs, options.block) < 2:
        return {"options.block": f"No block of at most {options.block} divides the layers' widths. Choose LoRA."}
    return {}


def _is_target(name: str, names: str | list[str]) -> bool:
    return isinstance(names, str) or any(name.endswith(f".{wanted}") for wanted in names)


METHOD = Method(
    name="oft",
    title="OFT",
    when="you want to change the base model gently: it turns directions and leaves their lengths",
    source="Qiu et al., OFT (arXiv 2306.07280), section 3; OFTv2 (arXiv 2506.19847), section 4",
    options=OftOptions,
    learns="rotations",
    mergeable=True,
    prepare=prepare,
    trainable=trainable,
    learning_rate=1e-3,
    refuses=refuses,
)
