"""What automatic differentiation keeps of each operation, worked out on paper: torch is not loaded for it.

A `Tape` is told the operations of a decoder block in their order, as torch would be, and notes which results must stay
until the backward pass. The rules are those of torch 2.13, transformers 5.23, peft 0.21 and bitsandbytes 0.50;
`tests/unit/strategy/test_memory_kept.py` holds them against what real models keep.
"""

from dataclasses import dataclass, field

from core.strategy.architectures import Linear
from core.strategy.methods.ia3 import is_scaled


@dataclass(eq=False, slots=True)
class Value:
    """One result of a forward pass; two are the same only if they share their memory."""

    width: float
    """Elements per token."""
    size: int
    """Bytes of an element."""
    grad: bool
    """Whether a gradient flows back through it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a plan changes about the forward pass."""

    trains_all: bool
    """Whether every weight learns; else all of the base model's are frozen."""
    quantised: bool
    mixed: bool
    """Whether matrix products run in bf16 under autocast."""
    weight_bytes: int
    """Of an element of the unquantised weights."""
    gpu: bool
    recomputes: bool
    """Whether blocks are computed again in the backward pass: their input carries a gradient then."""
    classes: bool = False
    """Whether a head chooses among labels where words would be scored."""
    rank: int = 0
    """Of LoRA; 0 without."""
    lora_dropout: bool = False
    attention_only: bool = False
    """Whether LoRA leaves the feed-forward part alone."""
    dora: bool = False
    """Whether LoRA learns the outputs' sizes by themselves."""
    factors: bool = False
    """Whether keys, values and inner results are scaled by learned factors."""
    turns: int = 0
    """Size of the learned rotations' blocks (OFT); 0 without."""
    norms: bool = False
    """Whether norms learn, and the other weights of the base model do not."""
    early: bool = False
    """Whether a gradient flows from the first block's input on, though nothing of the base model is kept for it."""
    prefix: bool = False
    """Whether learned keys and values stand before those of each row: all of them lie in new memory."""
    last: int = 0
    """How many of the last blocks learn; 0 where the rule holds for all blocks."""
    eight_bits: bool = False
    """Whether the base model's layers are in 8 bits: those keep what goes into them."""
    inner: int = 0
    """Width of a bottleneck adapter; 0 without."""
    inside: bool = False
    """Whether bottlenecks stand behind attention and feed-forward part, not behind the block."""
    keeps_relu: bool = True
    """Whether the bottleneck's activation needs only its result for the backward pass."""

    @property
    def product_bytes(self) -> int | None:
        """Bytes of an element of a matrix product; None where it is that of its inputs."""
        return 2 if self.mixed else None


@dataclass(frozen=True, slots=True)
class Heads:
    """The widths of attention, in elements per token."""

    heads: int
    query_width: int
    key_width: int


@dataclass(slots=True)
class Tape:
    """The operations of a block, and what of them is kept."""

    rules: Rules
    kept: set[Value] = field(default_factory=set)
    copies: float = 0.0
    """Bytes of bf16 copies of weights, which do not depend on the rows."""
    square: float = 0.0
    """Bytes per token and per token of its row: attention that is written out as a matrix."""

    @property
    def per_token(self) -> float:
        """Bytes kept per token."""
        return sum(value.width * value.size for value in self.kept)

    @property
    def learned_norms(self) -> bool:
        """Whether norms learn, alone or with everything."""
        return self.rules.trains_all or self.rules.norms

    def keep(self, *values: Value) -> None:
        """Need these for the backward pass."""
        self.kept.update(values)

    def cast(self, x: Value, size: int | None) -> Value:
        """`x` with elements of `size` bytes; itself where it has them already."""
        return x if size in {None, x.size} else Value(x.width, size or x.size, x.grad)

    def linear(self, x: Value, layer: Linear) -> Value:
        """A linear layer with whatever the method puts beside it."""
        rules = self.rules
        if rules.turns and (layer.attention or not rules.attention_only):
            self.keep(self.cast(x, 4))
            # Four powers of each block make its rotation.
            self.copies += 4 * 4 * layer.inputs * rules.turns
            x = Value(x.width, x.size, grad=True)
        lora = rules.rank and (layer.attention or not rules.attention_only)
        if rules.eight_bits and x.grad:
            self.keep(x)
        if rules.quantised:
            out = Value(layer.outputs, x.size, x.grad)  # it is dequantised again, so of the weight nothing is kept
        else:
            out = self._product(x, layer.inputs, layer.outputs, learns=rules.trains_all, weight=rules.weight_bytes)
        if rules.factors and is_scaled(layer):
            return self.scaled(out)
        if not lora:
            return out
        beside = self.cast(x, 4)
        if rules.lora_dropout:
            beside = self.dropout(beside)
        low = self._product(beside, layer.inputs, rules.rank, learns=True, weight=4)
        high = self._product(low, rules.rank, layer.outputs, learns=True, weight=4)
        if rules.dora:
            # Sizes are learned from what both give; the base layer's weight and the product's are added up whole.
            self.keep(high, Value(layer.outputs, 4, grad=True), Value(layer.outputs, out.size, grad=True))
            self.copies += 4 * layer.inputs * layer.outputs
        return Value(layer.outputs, out.size, grad=True)

    def scaled(self, x: Value) -> Value:
        """`x` times learned factors in fp32, cast back; `x` is needed for the factors' gradient."""
        self.keep(self.cast(x, 4))
        return Value(x.width, x.size, grad=True)

    def _product(self, x: Value, inputs: int, outputs: int, *, learns: bool, weight: int) -> Value:
        given = self.cast(x, self.rules.product_bytes)
        if self.rules.mixed and weight == 4 and (learns or x.grad):
            self.copies += 2 * inputs * outputs
        if learns:
            self.keep(given)
        return Value(outputs, given.size, grad=x.grad or learns)

    def bottleneck(self, x: Value) -> Value:
        """A bottleneck adapter behind `x`."""
        inner = self.rules.inner
        low = self._product(self.cast(x, 4), int(x.width), inner, learns=True, weight=4)
        active = Value(inner, low.size, grad=True)
        self.keep(active if self.rules.keeps_relu else low)
        self._product(active, inner, int(x.width), learns=True, weight=4)
        return Value(x.width, x.size, grad=True)

    def root_norm(self, x: Value, groups: float = 1, *, wide: bool = False) -> Value:
        """Division by the root mean square in fp32, of each of `groups`; `wide`: scaled before it is cast back."""
        exact = self.cast(x, 4)
        scaled = Value(x.width, 4 if wide else x.size, x.grad)
        if x.grad:
            self.keep(exact, Value(groups, 4, grad=True))
        if self.learned_norms:
            self.keep(scaled)
        return Value(x.width, x.size, grad=x.grad or self.learned_norms)

    def layer_norm(self, x: Value) -> Value:
        """Torch's own layer norm, which a GPU under autocast computes in fp32."""
        given = self.cast(x, 4 if self.rules.mixed and self.rules.gpu else None)
        if x.grad or self.learned_norms:
            self.keep(given, Value(2, 4, grad=True))
        return Value(x.width, given.size, grad=x.grad or self.learned_norms)

    def activation(self, x: Value, *, spelt_out: bool = False) -> Value:
        """A fused activation keeps its input; GPT-2's, spelt out in small steps, four results."""
        if x.grad:
            self.keep(x)
            if spelt_out:
                self.keep(*(Value(x.width, x.size, grad=True) for _ in range(3)))
        return Value(x.width, x.size, x.grad)

    def times(self, left: Value, right: Value) -> Value:
        """Each factor is needed where a gradient flows through the other."""
        if left.grad:
            self.keep(right)
        if right.grad:
            self.keep(left)
        return Value(left.width, max(left.size, right.size), grad=left.grad or right.grad)

    def plus(self, left: Value, right: Value) -> Value:
        """A sum keeps nothing."""
        return Value(left.width, max(left.size, right.size), grad=left.grad or right.grad)

    def dropout(self, x: Value) -> Value:
        """Keeps what it hid: a byte per element on a GPU, a factor on a processor."""
        if x.grad:
            self.keep(Value(x.width, 1 if self.rules.gpu else x.size, grad=False))
        return Value(x.width, x.size, x.grad)

    def rotate(self, x: Value, residual: int) -> Value:
        """Rotary positions, whose sines have the residual stream's precision."""
        return Value(x.width, max(x.size, residual), x.grad)

    def attention(self, query: Value, key: Value, value: Value, shape: Heads, *, written_out: bool) -> Value:
        """Attention row by row, in fp32 on a processor; `written_out` with its matrix, as dropout there needs."""
        grad = query.grad or key.grad or value.grad
        size = None if self.rules.gpu else 4
        if size not in {None, value.size}:
            # Cast by itself, it no longer lies in one piece of memory with queries and keys.
            value = Value(shape.key_width, value.size, value.grad)
        if self.rules.prefix:
            key, value = Value(key.width, key.size, grad=True), Value(shape.key_width, value.size, grad=True)
            grad = True
        parts = {self.cast(part, size): None for part in (query, key, value)}
        out = Value(shape.query_width, size or value.size, grad)
        if grad and written_out:
            scaled = (Value(shape.query_width, 4, grad=True) for _ in range(2))
            self.keep(next(reversed(parts)), *scaled)
            self.square += 3 * 4 * shape.heads
        elif grad:
            self.keep(*parts, out, Value(shape.heads, 4, grad=True))
        return Value(shape.query_width, out.size, grad)  # the rows are joined again, in memory of their own

    def capped_attention(self, query: Value, key: Value, value: Value, shape: Heads) -> Value:
        """Attention with capped scores, as the model's own code computes it: keys and values repeated for each head."""
        grad = query.grad or key.grad or value.grad or self.rules.prefix
        size = self.rules.product_bytes or query.size
        if grad:
            self.keep(*(Value(shape.query_width, size, grad=True) for _ in range(3)))
            # The tangent's and the softmax's results; the latter is fp32, and once more where products are not.
            self.square += shape.heads * (size + 4 + (size if size != 4 else 0))
        return Value(shape.query_width, size, grad)
