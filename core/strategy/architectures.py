"""The shapes of the model families that Fewtune tunes, computed from a configuration without torch.

Read from the model classes of transformers 5.23. A family is one entry of `FAMILIES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.strategy.model_facts import ModelFacts


@dataclass(frozen=True, slots=True)
class Linear:
    """One linear layer of a decoder block."""

    name: str
    inputs: int
    outputs: int
    bias: bool
    attention: bool
    """Whether it belongs to attention, not to the feed-forward part."""

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.inputs * self.outputs + (self.outputs if self.bias else 0)


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of a configuration under one set of names; all dimensions count elements."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    context: int
    """Tokens of prompt and answer that the model can hold."""
    tied: bool
    """Whether the output layer shares its weights with the input embeddings."""
    raw: Mapping[str, Any]

    def flag(self, name: str, default: bool) -> bool:  # noqa: FBT001 - reads as a look-up
        """A yes-or-no setting of the configuration."""
        value = self.raw.get(name)
        return default if value is None else bool(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What the configurations of one model type leave to their class."""

    linears: Callable[[Shape], tuple[Linear, ...]]
    norms: Callable[[Shape], int]
    """Parameters of one block that stand in no linear layer."""
    ends: Callable[[Shape], int]
    """Parameters outside the blocks besides the embeddings and the output layer's weights."""
    tied: bool = False
    head_dim: int | None = None
    """Where the configuration says none; None means width / heads."""
    intermediate: str = "intermediate_size"
    """The configuration's name for the feed-forward width."""
    norm_biases: bool = False
    """Whether norms shift as well as scale: half of their parameters then."""
    encoder: bool = False
    """Whether it reads a text as a whole and writes none: only a head on top of it gives an answer."""
    classes: bool = True
    """Whether transformers has the family with a classification head."""
    lost_positions: int = 0
    """Of the configuration's positions, those that no token can have."""


def _attention(shape: Shape, qkv_bias: bool, out_bias: bool, out: str = "o_proj") -> tuple[Linear, ...]:  # noqa: FBT001
    query, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    return (
        Linear("q_proj", shape.hidden, query, qkv_bias, attention=True),
        Linear("k_proj", shape.hidden, keys, qkv_bias, attention=True),
        Linear("v_proj", shape.hidden, keys, qkv_bias, attention=True),
        Linear(out, query, shape.hidden, out_bias, attention=True),
    )


def _gated(shape: Shape, bias: bool) -> tuple[Linear, ...]:  # noqa: FBT001
    return (
        Linear("gate_proj", shape.hidden, shape.intermediate, bias, attention=False),
        Linear("up_proj", shape.hidden, shape.intermediate, bias, attention=False),
        Linear("down_proj", shape.intermediate, shape.hidden, bias, attention=False),
    )


def _llama(shape: Shape) -> tuple[Linear, ...]:
    bias = shape.flag("attention_bias", default=False)
    return _attention(shape, bias, bias) + _gated(shape, shape.flag("mlp_bias", default=False))


def _plain(shape: Shape) -> tuple[Linear, ...]:
    bias = shape.flag("attention_bias", default=False)
    return _attention(shape, bias, bias) + _gated(shape, bias=False)


def _mistral(shape: Shape) -> tuple[Linear, ...]:
    return _attention(shape, qkv_bias=False, out_bias=False) + _gated(shape, bias=False)


def _qwen2(shape: Shape) -> tuple[Linear, ...]:
    return _attention(shape, qkv_bias=True, out_bias=False) + _gated(shape, bias=False)


def _phi(shape: Shape) -> tuple[Linear, ...]:
    return (
        *_attention(shape, qkv_bias=True, out_bias=True, out="dense"),
        Linear("fc1", shape.hidden, shape.intermediate, bias=True, attention=False),
        Linear("fc2", shape.intermediate, shape.hidden, bias=True, attention=False),
    )


def _phi3(shape: Shape) -> tuple[Linear, ...]:
    query, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    return (
        Linear("qkv_proj", shape.hidden, query + 2 * keys, bias=False, attention=True),
        Linear("o_proj", query, shape.hidden, bias=False, attention=True),
        Linear("gate_up_proj", shape.hidden, 2 * shape.intermediate, bias=False, attention=False),
        Linear("down_proj", shape.intermediate, shape.hidden, bias=False, attention=False),
    )


def _gpt2(shape: Shape) -> tuple[Linear, ...]:
    return (
        Linear("attn.c_attn", shape.hidden, 3 * shape.hidden, bias=True, attention=True),
        Linear("attn.c_proj", shape.hidden, shape.hidden, bias=True, attention=True),
        Linear("mlp.c_fc", shape.hidden, shape.intermediate, bias=True, attention=False),
        Linear("mlp.c_proj", shape.intermediate, shape.hidden, bias=True, attention=False),
    )


def _gpt_neox(shape: Shape) -> tuple[Linear, ...]:
    bias = shape.flag("attention_bias", default=True)
    return (
        Linear("query_key_value", shape.hidden, 3 * shape.hidden, bias, attention=True),
        Linear("dense", shape.hidden, shape.hidden, bias, attention=True),
        Linear("dense_h_to_4h", shape.hidden, shape.intermediate, bias=True, attention=False),
        Linear("dense_4h_to_h", shape.intermediate, shape.hidden, bias=True, attention=False),
    )


def _bert(shape: Shape) -> tuple[Linear, ...]:
    attention = (*(f"attention.self.{name}" for name in ("query", "key", "value")), "attention.output.dense")
    return _encoder(shape, attention, ("intermediate.dense", "output.dense"))


def _distilbert(shape: Shape) -> tuple[Linear, ...]:
    attention = [f"attention.{name}_lin" for name in ("q", "k", "v", "out")]
    return _encoder(shape, attention, ("ffn.lin1", "ffn.lin2"))


def _encoder(shape: Shape, attention: Sequence[str], feed: Sequence[str]) -> tuple[Linear, ...]:
    return (
        *(Linear(name, shape.hidden, shape.hidden, bias=True, attention=True) for name in attention),
        Linear(feed[0], shape.hidden, shape.intermediate, bias=True, attention=False),
        Linear(feed[1], shape.intermediate, shape.hidden, bias=True, attention=False),
    )


def _widths(count: int) -> Callable[[Shape], int]:
    return lambda shape: count * shape.hidden


def _query_key_norms(shape: Shape) -> int:
    return 2 * shape.hidden + 2 * shape.head_dim


def _olmo2_norms(shape: Shape) -> int:
    return 2 * shape.hidden + (shape.heads + shape.kv_heads) * shape.head_dim


def _phi_ends(shape: Shape) -> int:
    return 2 * shape.hidden + shape.vocabulary


def _gpt2_ends(shape: Shape) -> int:
    return 2 * shape.hidden + shape.context * shape.hidden


def _bert_ends(shape: Shape) -> int:
    positions, kinds = shape.raw.get("max_position_embeddings", shape.context), shape.raw.get("type_vocab_size", 2)
    return (int(positions) + int(kinds) + 2) * shape.hidden


def _distilbert_ends(shape: Shape) -> int:
    return (shape.context + 2) * shape.hidden


_TWO, _FOUR, _ONE = _widths(2), _widths(4), _widths(1)

# Positions count from behind the padding token's id, which is 1.
_ROBERTA = Family(linears=_bert, norms=_FOUR, ends=_bert_ends, norm_biases=True, encoder=True, lost_positions=2)

FAMILIES: dict[str, Family] = {
    "llama": Family(linears=_llama, norms=_TWO, ends=_ONE),
    "mistral": Family(linears=_mistral, norms=_TWO, ends=_ONE),
    "qwen2": Family(linears=_qwen2, norms=_TWO, ends=_ONE),
    "qwen3": Family(linears=_plain, norms=_query_key_norms, ends=_ONE, head_dim=128),
    "gemma": Family(linears=_plain, norms=_TWO, ends=_ONE, tied=True, head_dim=256),
    "gemma2": Family(linears=_plain, norms=_FOUR, ends=_ONE, tied=True, head_dim=256),
    "gemma3_text": Family(
        linears=_plain, norms=lambda shape: 4 * shape.hidden + 2 * shape.head_dim, ends=_ONE, tied=True, head_dim=256
    ),
    "granite": Family(linears=_llama, norms=_TWO, ends=_ONE, classes=False),
    "smollm3": Family(linears=_llama, norms=_TWO, ends=_ONE, tied=True),
    "olmo2": Family(linears=_plain, norms=_olmo2_norms, ends=_ONE),
    "phi": Family(linears=_phi, norms=_TWO, ends=_phi_ends, norm_biases=True),
    "phi3": Family(linears=_phi3, norms=_TWO, ends=_ONE),
    "gpt2": Family(linears=_gpt2, norms=_FOUR, ends=_gpt2_ends, tied=True, intermediate="n_inner", norm_biases=True),
    "gpt_neox": Family(linears=_gpt_neox, norms=_FOUR, ends=_TWO, norm_biases=True),
    "bert": Family(linears=_bert, norms=_FOUR, ends=_bert_ends, norm_biases=True, encoder=True),
    "roberta": _ROBERTA,
    "xlm-roberta": _ROBERTA,
    "camembert": _ROBERTA,
    "distilbert": Family(
        linears=_distilbert,
        norms=_FOUR,
        ends=_distilbert_ends,
        intermediate="hidden_dim",
        norm_biases=True,
        encoder=True,
    ),
}


def parameters(family: Family, shape: Shape) -> int:
    """Count the model's parameters, shared ones once."""
    block = sum(linear.parameters for linear in family.linears(shape)) + family.norms(shape)
    embeddings = shape.vocabulary * shape.hidden * (1 if shape.tied or family.encoder else 2)
    return embeddings + shape.layers * block + family.ends(shape)


def block_norms(facts: "ModelFacts") -> int:
    """Parameters of one block's norms."""
    shape = Shape(
        layers=facts.layers,
        hidden=facts.hidden,
        heads=facts.heads,
        kv_heads=facts.kv_heads,
        head_dim=facts.head_dim,
        intermediate=facts.intermediate,
        vocabulary=facts.vocabulary,
        context=facts.context,
        tied=facts.tied,
        raw={},
    )
    return FAMILIES[facts.architecture].norms(shape)


def lost_positions(kind: str) -> int:
    """Of the positions that a configuration of that model type names, those that no token can have."""
    return FAMILIES[kind].lost_positions if kind in FAMILIES else 0


def last_norm(facts: "ModelFacts") -> int:
    """Parameters of the norm behind the last block."""
    return facts.hidden * (2 if has_norm_biases(facts) else 1)


def has_norm_biases(facts: "ModelFacts") -> bool:
    """Whether the model's norms shift as well as scale."""
    return FAMILIES[facts.architecture].norm_biases
