"""Prompt tuning: a few learned vectors stand before each row, as if they were words.

Source: Lester et al., The Power of Scale for Parameter-Efficient Prompt Tuning (arXiv 2104.08691), section 2; they
begin as vectors of words of the vocabulary (section 2.1).
"""

from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from core.strategy.methods.method import Method
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from core.strategy.plan import Plan

VirtualTokens: TypeAlias = Annotated[
    int,
    Field(
        ge=1,
        le=512,
        title="Virtual tokens",
        description="Learned tokens that stand before each row; they count against what the model can hold.",
    ),
]


class PromptOptions(BaseModel):
    """Settings of prompt tuning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    virtual_tokens: VirtualTokens = 20


def prepare(model: "PreTrainedModel", options: PromptOptions) -> "PeftModel":
    """Freeze `model` and put learned vectors before its input."""
    from peft import PromptTuningConfig, PromptTuningInit, get_peft_model

    config = PromptTuningConfig(
        task_type="CAUSAL_LM",
        num_virtual_tokens=options.virtual_tokens,
        prompt_tuning_init=PromptTuningInit.SAMPLE_VOCAB,
    )
    tuned: PeftModel = get_peft_model(model, config)
    return tuned


def trainable(facts: ModelFacts, options: PromptOptions) -> int:
    """Count the numbers of the vectors: virtual tokens x width."""
    return options.virtual_tokens * facts.hidden


def refuses(facts: ModelFacts, options: PromptOptions, plan: "Plan") -> dict[str, str]:
    """Refuse virtual tokens that leave no room for a row."""
    return too_many(facts, options.virtual_tokens, plan)


def too_many(facts: ModelFacts, tokens: int, plan: "Plan") -> dict[str, str]:
    """The problem with virtual tokens and rows that the model cannot hold together, by field."""
    longest = min(plan.max_length, facts.context)
    if tokens + longest <= facts.context:
        return {}
    room = facts.context - tokens
    told = f"{tokens} virtual tokens and rows of {longest} are more than the {facts.context} that the model can hold."
    if room < 16:
        return {"options.virtual_tokens": f"{told} Take fewer virtual tokens."}
    return {"max_length": f"{told} Set at most {room}, or take fewer virtual tokens."}


METHOD = Method(
    name="prompt",
    title="Prompt tuning",
    when="many tasks share a model of billions of parameters; the starter model hardly learned its task with it",
    source="Lester et al., prompt tuning (arXiv 2104.08691), section 2",
    options=PromptOptions,
    learns="tokens",
    mergeable=False,
    prepare=prepare,
    trainable=trainable,
    learning_rate=3e-2,
    refuses=refuses,
)
