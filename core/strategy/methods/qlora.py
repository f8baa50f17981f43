"""QLoRA: LoRA on a base model that is held in 4 or 8 bits.

Source: Dettmers et al., QLoRA (arXiv 2305.14314), section 3; 8 bits: Dettmers et al., LLM.int8() (arXiv 2208.07339),
section 3.
"""

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field

from core.strategy.methods import lora
from core.strategy.methods.lora import LoraOptions
from core.strategy.methods.method import Method
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from core.strategy.plan import Plan

Quantisation: TypeAlias = Literal["nf4", "fp4", "int8"]


class QloraOptions(LoraOptions):
    """Settings of QLoRA: those of LoRA, and how the base model is quantised.

    What its weights are multiplied in is the plan's precision, as everywhere.
    """

    quantisation: Annotated[
        Quantisation,
        Field(
            title="Quantisation",
            description="nf4: 4 bits spread as weights are. fp4: 4-bit floating point, less exact. int8: 8 bits, twice "
            "the memory and nearly no loss.",
        ),
    ] = "nf4"

    double_quantisation: Annotated[
        bool,
        Field(
            title="Double quantisation",
            description="Quantise the quantisation constants too: saves 0.4 bits per parameter at no cost in quality. "
            "Of 4-bit weights only.",
        ),
    ] = True


def prepare(model: "PreTrainedModel", options: QloraOptions) -> "PeftModel":
    """Freeze the quantised `model` and add trainable LoRA matrices to its linear layers.

    Norms and embeddings keep the precision in which they were loaded: PEFT's `prepare_model_for_kbit_training` would
    cast them to fp32, which costs memory and changes the model that is served later.
    """
    return lora.prepare(model, options)


def trainable(facts: ModelFacts, options: QloraOptions) -> int:
    """Count the parameters that QLoRA trains: those of LoRA with the same settings."""
    return lora.trainable(facts, options)


def refuses(facts: ModelFacts, options: QloraOptions, plan: "Plan") -> dict[str, str]:  # noqa: ARG001 - of every method
    """Refuse starts of the matrices that do not go with quantised weights, the model or other settings."""
    return lora.refused_starts(facts, options, quantised=True)


METHOD = Method(
    name="qlora",
    title="QLoRA",
    when="memory is short or examples are few: the base model shrinks to 4 bits, at a small cost in quality",
    source="Dettmers et al., QLoRA (arXiv 2305.14314), section 3",
    options=QloraOptions,
    learns="matrices",
    quantised=True,
    mergeable=True,
    heads=True,
    advised=True,
    prepare=prepare,
    trainable=trainable,
    learning_rate=2e-4,
    refuses=refuses,
)
