"""Prefix tuning: learned keys and values stand before each row's own, in every block.

Source: Li and Liang, Prefix-Tuning (arXiv 2101.00190), section 4. They begin as the keys and values of words of the
vocabulary (section 7.4: far better than random ones where examples are few), so no network makes them.
"""

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from core.strategy.methods.method import Method
from core.strategy.methods.prompt import VirtualTokens, too_many
from core.strategy.model_facts import ModelFacts

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from core.strategy.plan import Plan


class PrefixOptions(BaseModel):
    """Settings of prefix tuning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    virtual_tokens: VirtualTokens = 20


def prepare(model: "PreTrainedModel", options: PrefixOptions) -> "PeftModel":
    """Freeze `model` and put learned keys and values before those of its input."""
    from peft import PrefixTuningConfig, get_peft_model

    start = _of_words(model, options.virtual_tokens)
    config = PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=options.virtual_tokens)
    tuned: PeftModel = get_peft_model(model, config)
    tuned.prompt_encoder[tuned.active_adapter].load_prompt_embeddings(start)
    return tuned


def _of_words(model: "PreTrainedModel", count: int) -> object:
    """Keys and values of `count` words of the vocabulary, as PEFT stores them: (words, layers x 2 x heads x width)."""
    import torch

    vocabulary = model.get_input_embeddings().weight.shape[0]
    words = torch.randint(0, vocabulary, (1, count)).to(model.device)
    was_training = model.training
    model.eval()
    with torch.no_grad():
        cache = model(input_ids=words, use_cache=True, logits_to_keep=1).past_key_values
    model.train(was_training)
    parts = [part[0].transpose(0, 1) for layer in cache.layers for part in (layer.keys, layer.values)]
    return torch.stack(parts, dim=1).reshape(count, -1).float()


def trainable(facts: ModelFacts, options: PrefixOptions) -> int:
    """Count keys and values: two for each virtual token, block, and key's number."""
    return options.virtual_tokens * facts.layers * 2 * facts.kv_heads * facts.head_dim


def refuses(facts: ModelFacts, options: PrefixOptions, plan: "Plan") -> dict[str, str]:
    """Refuse what PEFT cannot do with given keys and values."""
    problems = too_many(facts, options.virtual_tokens, plan)
    if plan.gradient_checkpointing:
        problems["gradient_checkpointing"] = (
            "Prefix tuning gives blocks keys that cannot be computed twice. Switch it off and take a smaller batch, or "
            "choose prompt tuning."
        )
    return problems


METHOD = Method(
    name="prefix",
    title="Prefix tuning",
    when="many tasks share one model of billions of parameters; the starter model hardly learned its task with it",
    source="Li and Liang, Prefix-Tuning (arXiv 2101.00190), section 4",
    options=PrefixOptions,
    learns="prefix",
    mergeable=False,
    prepare=prepare,
    trainable=trainable,
    learning_rate=1e-2,
    refuses=refuses,
)
