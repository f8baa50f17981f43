"""The decoder blocks of the model families, operation by operation, as transformers 5.23 runs them in training."""

from dataclasses import dataclass
from typing import Literal

from core.strategy.memory.tape import Heads, Rules, Tape, Value
from core.strategy.model_facts import ModelFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What the shapes of a block's layers do not tell."""

    norm: Literal["root", "wide root", "layer"] = "root"
    """Root mean square, the same scaled before it is cast back, or torch's layer norm."""
    before: bool = True
    """Whether norms stand before attention and feed-forward part."""
    after: bool = False
    """Whether norms stand behind them."""
    sums: bool = False
    """Whether norms stand behind the sums, as in the first transformers: what goes on is normed."""
    query_key: Literal["", "head", "whole"] = ""
    """Whether queries and keys are normed, head by head or whole."""
    parallel: Literal["", "one norm", "two norms"] = ""
    """Whether the feed-forward part works on the block's input, as attention does."""
    spelt_out: bool = False
    """Whether the activation is written in small steps."""
    dropout: bool = False
    """Whether the published configurations drop attention and residuals in training."""
    rotary: bool = True
    capped: bool = False
    """Whether the scores of attention are capped, which no fused kernel here does: they are written out."""


_ROOT = Style()
_GEMMA = Style(norm="wide root")
_BERT = Style(norm="layer", before=False, sums=True, dropout=True, rotary=False)
STYLES: dict[str, Style] = {
    "llama": _ROOT,
    "mistral": _ROOT,
    "qwen2": _ROOT,
    "qwen3": Style(query_key="head"),
    "gemma": _GEMMA,
    "gemma2": Style(norm="wide root", after=True, capped=True),
    "gemma3_text": Style(norm="wide root", after=True, query_key="head"),
    "granite": _ROOT,
    "smollm3": _ROOT,
    "olmo2": Style(norm="wide root", before=False, after=True, query_key="whole"),
    "phi": Style(norm="layer", parallel="one norm", spelt_out=True),
    "phi3": _ROOT,
    "gpt2": Style(norm="layer", spelt_out=True, dropout=True, rotary=False),
    "gpt_neox": Style(norm="layer", parallel="two norms"),
    "bert": _BERT,
    "roberta": _BERT,
    "xlm-roberta": _BERT,
    "camembert": _BERT,
    "distilbert": _BERT,
}
"""By the configuration's model type; one that is not named is taken for a Llama."""


@dataclass(frozen=True, slots=True)
class Block:
    """What one block keeps for the backward pass."""

    per_token: float
    """Bytes per token."""
    square: float
    """Bytes per token and per token of its row."""
    copies: float
    """Bytes of copied weights."""
    behind: float = 0.0
    """Bytes per token, of those, of an adapter behind the block, which is not computed again with it."""


def style_of(facts: ModelFacts) -> Style:
    """The family's block."""
    return STYLES.get(facts.architecture, _ROOT)


def run_block(facts: ModelFacts, rules: Rules, *, gradient: bool) -> Block:
    """Run a block on paper; `gradient`: whether one flows back into what it is given."""
    work = _Work(facts, Tape(rules), style_of(facts))
    out = work.block(Value(facts.hidden, rules.weight_bytes, gradient))
    within = work.tape.per_token
    if rules.inner and not rules.inside:
        work.tape.bottleneck(out)
    whole = work.tape.per_token
    return Block(whole, work.tape.square, work.tape.copies, whole - within)


@dataclass(frozen=True, slots=True)
class _Work:
    facts: ModelFacts
    tape: Tape
    style: Style

    def block(self, x: Value) -> Value:
        given = self._norm(x) if self.style.before else x
        attended = self._after(self._attention(given))
        if self.style.parallel:
            fed = self._feed(self._norm(x) if self.style.parallel == "two norms" else given)
            return self.tape.plus(self.tape.plus(attended, fed), x)
        middle = self._sum(x, attended)
        fed = self._after(self._feed(self._norm(middle) if self.style.before else middle))
        return self._sum(middle, fed)

    def _sum(self, x: Value, more: Value) -> Value:
        total = self.tape.plus(x, more)
        return self._norm(total) if self.style.sums else total

    def _norm(self, x: Value, groups: float = 1) -> Value:
        if self.style.norm == "layer":
            return self.tape.layer_norm(x)
        return self.tape.root_norm(x, groups, wide=self.style.norm == "wide root")

    def _after(self, x: Value) -> Value:
        if self.style.dropout:
            x = self.tape.dropout(x)
        return self._norm(x) if self.style.after else x

    def _attention(self, x: Value) -> Value:
        facts, tape = self.facts, self.tape
        *ins, last = (layer for layer in facts.linears if layer.attention)
        made = [tape.linear(x, layer) for layer in ins]
        query, key, value = made if len(made) == 3 else made * 3
        shape = Heads(facts.heads, facts.heads * facts.head_dim, facts.kv_heads * facts.head_dim)
        if self.style.query_key:
            whole = self.style.query_key == "whole"
            query = self._norm(query, 1 if whole else facts.heads)
            key = self._norm(key, 1 if whole else facts.kv_heads)
        if self.style.rotary:
            query, key = (
                tape.rotate(Value(width, part.size, part.grad), tape.rules.weight_bytes)
                for part, width in ((query, shape.query_width), (key, shape.key_width))
            )
        if self.style.capped:
            return self._inside(tape.linear(tape.capped_attention(query, key, value, shape), last))
        written_out = self.style.dropout and not tape.rules.gpu
        attended = tape.attention(query, key, value, shape, written_out=written_out)
        return self._inside(tape.linear(attended, last))

    def _feed(self, x: Value) -> Value:
        tape = self.tape
        *ins, last = (layer for layer in self.facts.linears if not layer.attention)
        made = [tape.linear(x, layer) for layer in ins]
        if len(made) == 2:
            inner = tape.times(tape.activation(made[0]), made[1])
        elif made[0].width == 2 * last.inputs:
            # Gate and other half lie in one piece of memory, which is kept whole.
            active = Value(last.inputs, made[0].size, made[0].grad)
            tape.keep(*([made[0], active] if active.grad else []))
            inner = Value(last.inputs, active.size, active.grad)
        else:
            inner = tape.activation(made[0], spelt_out=self.style.spelt_out)
        if tape.rules.factors:
            inner = tape.scaled(inner)
        return self._inside(tape.linear(inner, last))

    def _inside(self, x: Value) -> Value:
        return self.tape.bottleneck(x) if self.tape.rules.inner and self.tape.rules.inside else x
