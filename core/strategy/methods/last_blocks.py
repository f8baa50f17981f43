"""Last blocks: the uppermost decoder blocks and the last norm learn, everything below stays as it is.

Source: Howard and Ruder, Universal Language Model Fine-tuning (arXiv 1801.06146), section 3.3, which unfreezes from the
last layer; Lee et al., What Would Elsa Do? (arXiv 1911.03090), section 3, for a fixed number of last layers.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.strategy.architectures import block_norms, last_norm
from core.strategy.methods.method import Method
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from core.strategy.plan import Plan


class LastBlocksOptions(BaseModel):
    """Settings of tuning the last blocks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: Annotated[
        int,
        Field(
            ge=1,
            le=512,
            title="Blocks",
            description="How many of the last decoder blocks learn; a quarter of them comes near to all.",
        ),
    ] = 2


def prepare(model: "PreTrainedModel", options: LastBlocksOptions) -> "PreTrainedModel":
    """Freeze `model`, which is loaded in fp32, but for its last blocks and its last norm."""
    inside = model.base_model
    blocks = next(part for part in inside.children() if type(part).__name__ == "ModuleList")
    norm = [part for part in inside.children() if "Norm" in type(part).__name__][-1]
    model.requires_grad_(False)  # noqa: FBT003 - torch's own signature
    for part in [*list(blocks)[-options.blocks :], norm]:
        part.requires_grad_(True)  # noqa: FBT003
    return model


def trainable(facts: ModelFacts, options: LastBlocksOptions) -> int:
    """Count the parameters of the last blocks and of the last norm."""
    block = sum(layer.parameters for layer in facts.linears) + block_norms(facts)
    return min(options.blocks, facts.layers) * block + last_norm(facts)


def refuses(facts: ModelFacts, options: LastBlocksOptions, plan: "Plan") -> dict[str, str]:  # noqa: ARG001
    """Refuse more blocks than there are."""
    if options.blocks <= facts.layers:
        return {}
    return {"options.blocks": f"{facts.title} has {facts.layers} blocks. Set at most that, or choose full fine-tuning."}


METHOD = Method(
    name="last_blocks",
    title="Last blocks",
    when="full fine-tuning needs too much memory or time: what lies below is neither stored nor computed backwards",
    source="Howard and Ruder, ULMFiT (arXiv 1801.06146), section 3.3; Lee et al. (arXiv 1911.03090), section 3",
    options=LastBlocksOptions,
    learns="blocks",
    mergeable=True,
    prepare=prepare,
    trainable=trainable,
    learning_rate=5e-5,
    refuses=refuses,
)
