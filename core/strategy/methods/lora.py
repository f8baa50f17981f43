"""LoRA: small trainable matrices beside frozen linear layers.

Source: Hu et al., LoRA (arXiv 2106.09685), section 4.1. Variants: Liu et al., DoRA (arXiv 2402.09353), section 4.1;
Kalajdzievski, rsLoRA (arXiv 2312.03732), section 3; Hayou et al., LoRA+ (arXiv 2402.12354), section 4.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from core.strategy.methods import starts
from core.strategy.methods.method import Method
from core.strategy.methods.starts import Start
from core.strategy.methods.targets import Targets, has_transposed_layers, head_layers, linear_layers, task_of
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from core.strategy.plan import Plan


class LoraOptions(BaseModel):
    """Settings of LoRA."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: Annotated[
        int,
        Field(
            ge=1,
            le=512,
            title="Rank",
            description="Width of the trainable matrices (dimensions): more can learn more, and overfits sooner.",
        ),
    ] = 16
    alpha: Annotated[
        int | None,
        Field(
            ge=1,
            le=2048,
            title="Alpha",
            description="The change is scaled by alpha / rank (no unit); empty means twice the rank, a scale of 2.",
        ),
    ] = None
    dropout: Annotated[
        float,
        Field(
            ge=0,
            le=0.5,
            title="Dropout",
            description="Share of a layer's inputs hidden from the trainable matrices while training.",
        ),
    ] = 0.0
    targets: Annotated[
        Targets,
        Field(
            title="Layers", description="All linear layers, or those of attention only: fewer parameters, a bit worse."
        ),
    ] = "all-linear"
    rslora: Annotated[
        bool,
        Field(
            title="Rank-stabilised scale",
            description="Scale by alpha / square root of the rank (rsLoRA), for ranks of 64 and more.",
        ),
    ] = False

    dora: Annotated[
        bool,
        Field(
            title="Direction and size apart (DoRA)",
            description="The size of each output learns by itself: a bit better in its paper, slower, and more memory.",
        ),
    ] = False
    b_rate: Annotated[
        float,
        Field(
            ge=1,
            le=64,
            title="Rate of B (LoRA+)",
            description="Learning rate of the second matrix, as a multiple of the first one's; 1 is plain LoRA. With "
            "more, lower the plan's rate: at LoRA's own, 16 taught the starter model nothing.",
        ),
    ] = 1.0
    init: Annotated[
        Start,
        Field(
            title="Start of the matrices",
            description="Default: random and zero. PiSSA, OLoRA: the base weights' main directions. EVA: those of your "
            "rows. LoftQ: what quantising lost (QLoRA only). On the starter model none beat the default.",
        ),
    ] = "default"

    @property
    def scaling_alpha(self) -> int:
        """Alpha as the method uses it."""
        return self.alpha if self.alpha is not None else 2 * self.rank


def prepare(model: "PreTrainedModel", options: LoraOptions) -> "PeftModel":
    """Freeze `model`, quantised or not, and add trainable LoRA matrices to its linear layers.

    With gradient checkpointing on, the embeddings' outputs are made to require gradients: the blocks are recomputed
    from inputs that would otherwise carry none, and nothing would be trained.
    """
    from peft import EvaConfig, LoraConfig, get_peft_model

    config = LoraConfig(
        task_type=task_of(model),
        modules_to_save=head_layers(model),
        r=options.rank,
        lora_alpha=options.scaling_alpha,
        lora_dropout=options.dropout,
        target_modules=linear_layers(model, options.targets),
        use_rslora=options.rslora,
        use_dora=options.dora,
        fan_in_fan_out=has_transposed_layers(model),
        init_lora_weights=starts.IN_PEFT[options.init],
        # The same rank in every layer, so that what learns is what was forecast.
        eva_config=EvaConfig(rho=1.0) if options.init == "eva" else None,
    )
    if model.is_activation_checkpointing:
        model.enable_input_require_grads()
    tuned: PeftModel = get_peft_model(model, config)
    return tuned


def trainable(facts: ModelFacts, options: LoraOptions) -> int:
    """Count the parameters that LoRA trains: rank x (inputs + outputs) of each layer it touches; DoRA's sizes too."""
    layers = [layer for layer in facts.linears if layer.attention or options.targets == "all-linear"]
    each = [options.rank * (layer.inputs + layer.outputs) + options.dora * layer.outputs for layer in layers]
    return facts.layers * sum(each)


def refuses(facts: ModelFacts, options: LoraOptions, plan: "Plan") -> dict[str, str]:  # noqa: ARG001 - of every method
    """Refuse starts of the matrices that do not go with the model or with other settings."""
    return refused_starts(facts, options, quantised=False)


def refused_starts(facts: ModelFacts, options: LoraOptions, *, quantised: bool) -> dict[str, str]:
    """What of the start cannot work, by field."""
    return starts.refused(
        facts,
        options.init,
        rank=options.rank,
        targets=options.targets,
        dropout=options.dropout,
        dora=options.dora,
        quantised=quantised,
    )


METHOD = Method(
    name="lora",
    title="LoRA",
    when="the model fits into memory unquantised and you want a small file that can be added to it or folded into it",
    source="Hu et al., LoRA (arXiv 2106.09685), section 4.1",
    options=LoraOptions,
    learns="matrices",
    mergeable=True,
    heads=True,
    advised=True,
    prepare=prepare,
    trainable=trainable,
    learning_rate=2e-4,
    refuses=refuses,
)
