"""Bottleneck adapters: small two-layer networks added to the frozen decoder blocks."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.strategy.methods.method import Method
from core.strategy.methods.targets import BLOCKS, OUTPUTS, head_layers, task_of
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

TUNER = "BOTTLENECK"
"""The name under which `core.backend.bottleneck` registers the tuner with PEFT."""


class AdapterOptions(BaseModel):
    """Settings of bottleneck adapters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    placement: Annotated[
        Literal["block", "houlsby"],
        Field(
            title="Placement",
            description="One adapter after each block (Pfeiffer), or two inside: after attention and feed-forward.",
        ),
    ] = "block"
    reduction: Annotated[
        int,
        Field(
            ge=1,
            le=256,
            title="Reduction",
            description="Model width / this = adapter width (dimensions): a smaller reduction trains more.",
        ),
    ] = 16
    activation: Annotated[
        Literal["relu", "gelu", "swish"],
        Field(title="Activation", description="The function between the adapter's two layers."),
    ] = "relu"


def prepare(model: "PreTrainedModel", options: AdapterOptions) -> "PeftModel":
    """Freeze `model` and add adapters that start as the identity.

    Raises:
        RuntimeError: Nobody imported `core.backend.bottleneck` before, which registers the tuner: a bug.
    """
    from peft import get_peft_model
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    known: dict[str, Any] = {kind.value: config for kind, config in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    config_type = known.get(TUNER)
    if config_type is None:
        raise RuntimeError(f"PEFT knows no {TUNER} tuner: import core.backend.bottleneck first.")
    config = config_type(
        task_type=task_of(model),
        modules_to_save=head_layers(model),
        target_modules=BLOCKS if options.placement == "block" else OUTPUTS,
        reduction=options.reduction,
        activation=options.activation,
    )
    if model.is_activation_checkpointing:
        model.enable_input_require_grads()
    tuned: PeftModel = get_peft_model(model, config)
    return tuned


def width(hidden: int, options: AdapterOptions) -> int:
    """The adapter's inner width, in dimensions, for a model of width `hidden`."""
    return max(1, hidden // options.reduction)


def trainable(facts: ModelFacts, options: AdapterOptions) -> int:
    """Count the parameters of all adapters: 2dr + d + r each, with width d of the model and r inside."""
    inner = width(facts.hidden, options)
    each = 2 * facts.hidden * inner + facts.hidden + inner
    return facts.layers * each * (1 if options.placement == "block" else 2)


METHOD = Method(
    name="adapter",
    title="Adapter",
    when="you want to compare with the classic method, or keep many small tasks beside one model that never changes",
    source="Houlsby et al. (arXiv 1902.00751), section 2; Pfeiffer et al., AdapterFusion (arXiv 2005.00247)",
    options=AdapterOptions,
    learns="networks",
    mergeable=False,
    heads=True,
    advised=True,
    prepare=prepare,
    trainable=trainable,
    learning_rate=3e-4,
)
