"""Which linear layers a method touches, by the names that a loaded model gives them."""

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Targets: TypeAlias = Literal["all-linear", "attention"]

BLOCKS = r".*\.(layers|h|layer)\.\d+"
"""Full names of the blocks, as a regular expression: Llama-like and NeoX ("layers"), GPT-2 ("h"), encoders."""

OUTPUTS = (
    r".*\.(self_attn\.(o_proj|dense|out_proj)|attn\.c_proj|attention\.dense"
    r"|mlp\.(down_proj|fc2|c_proj|dense_4h_to_h)"
    r"|attention\.output\.dense|attention\.out_lin|layer\.\d+\.output\.dense|ffn\.lin2)"
)
"""Full names of the last layer of attention and of the feed-forward part, as a regular expression."""

HEADS = ("pooler.dense", "pre_classifier", "classifier", "score")
"""What the layers of classification heads are called in transformers; they learn, so they are never quantised."""

KEY_VALUE = frozenset({"k_proj", "v_proj", "qkv_proj", "query_key_value", "c_attn"})
"""Last names of the layers that make keys and values."""
FEED_OUT = frozenset({"down_proj", "fc2", "c_proj", "dense_4h_to_h"})
"""Last names of the last layer of the feed-forward part."""

_LINEAR = frozenset({"Linear", "Linear4bit", "Linear8bitLt", "Conv1D"})
_ATTENTION = frozenset({"self_attn", "attn", "attention"})


def task_of(model: "PreTrainedModel") -> str:
    """PEFT's word for what the model does: "SEQ_CLS" with a classification head, else "CAUSAL_LM"."""
    return "SEQ_CLS" if type(model).__name__.endswith("ForSequenceClassification") else "CAUSAL_LM"


def head_layers(model: "PreTrainedModel") -> list[str] | None:
    """PEFT's `modules_to_save`: what learns of a classification head beside what PEFT knows as one; None without."""
    if task_of(model) != "SEQ_CLS":
        return None
    beside = {name for name, _ in model.named_children() if name != model.base_model_prefix}
    pooler = getattr(model.base_model, "pooler", None)
    return sorted((beside - {"classifier", "score", "dropout"}) | ({"pooler"} if pooler is not None else set()))


def linear_layers(model: "PreTrainedModel", targets: Targets) -> str | list[str]:
    """PEFT's `target_modules`: short names where they are unambiguous, so that the saved adapter is portable."""
    if task_of(model) == "SEQ_CLS":
        return _in_blocks(model, targets)
    if targets == "all-linear":
        return targets
    paths = [name.split(".") for name, module in model.named_modules() if type(module).__name__ in _LINEAR]
    inside = [path for path in paths if _ATTENTION.intersection(path[:-1])]
    elsewhere = {path[-1] for path in paths if not _ATTENTION.intersection(path[:-1])}
    return sorted({path[-1] if path[-1] not in elsewhere else ".".join(path[-2:]) for path in inside})


def _in_blocks(model: "PreTrainedModel", targets: Targets) -> list[str]:
    """Names within a block, in full: a head has layers of the same last names, and those learn whole."""
    found = (re.fullmatch(f"{BLOCKS}\\.(.+)", name) for name, module in model.named_modules() if _is_linear(module))
    names = {match.group(match.re.groups) for match in found if match is not None}
    return sorted(name for name in names if targets == "all-linear" or _ATTENTION.intersection(name.split(".")))


def _is_linear(module: object) -> bool:
    return type(module).__name__ in _LINEAR


def key_value_layers(model: "PreTrainedModel") -> list[str]:
    """The last names of the layers that make keys and values, fused with the queries' in some models."""
    names = {name.rpartition(".")[2] for name, module in model.named_modules() if type(module).__name__ in _LINEAR}
    return sorted(names & KEY_VALUE)


def feed_forward_outputs(model: "PreTrainedModel") -> list[str]:
    """The last two names of each feed-forward part's last layer."""
    names = {".".join(name.split(".")[-2:]) for name, _ in model.named_modules()}
    return sorted(name for name in names if name.rpartition(".")[2] in FEED_OUT and name.startswith("mlp."))


def has_transposed_layers(model: "PreTrainedModel") -> bool:
    """Whether linear layers store their weight as (inputs, outputs), as GPT-2's do."""
    return any(type(module).__name__ == "Conv1D" for module in model.modules())
