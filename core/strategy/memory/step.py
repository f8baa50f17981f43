"""What an optimizer step holds besides the weights, at its fullest moment; all sizes are bytes.

The backward pass frees activations block by block, from the last to the first, while gradients grow. So one of four
moments is the fullest: when the output layer's gradients are made, within the last block, within the first block, or
when all gradients are there.
"""

from dataclasses import dataclass, replace

from core.strategy.memory.blocks import Block, run_block, style_of
from core.strategy.memory.tape import Rules
from core.strategy.model_facts import ModelFacts

LEARNED_AT_ONCE = {"CPU": 1024, "GPU": 16384}
"""Tokens of one forward pass of training; a longer row is a pass by itself. A larger batch is divided: that takes
no longer and holds less. A GPU wants larger products than a processor to be busy."""
TOKENS_AT_ONCE, ANSWERS_AT_ONCE = 4096, 512
"""Of a forward pass that needs no gradient: each answer token has a score for every word of the vocabulary, and those
need more memory than a step of training where the vocabulary is large."""
_GRADIENT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one forward pass."""

    tokens: int
    longest: int
    """Tokens of the longest row."""
    answers: float
    """Tokens that are scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is held at one moment."""

    activations: float = 0.0
    """Kept from the forward pass for the backward pass, or computed again for it."""
    copies: float = 0.0
    """bf16 copies of fp32 weights, kept as activations are."""
    logits: float = 0.0
    """The output layer's scores, their logarithms, their gradients."""
    temporary: float = 0.0
    """Gradients on their way through a block."""
    gradients: float = 0.0
    """Of the weights that learn."""

    @property
    def total(self) -> float:
        """All of it."""
        return self.activations + self.copies + self.logits + self.temporary + self.gradients


@dataclass(frozen=True, slots=True)
class Step:
    """Forward and backward pass of one batch of a model under a plan's rules."""

    facts: ModelFacts
    rules: Rules
    rows: Rows
    trained: int
    """Parameters that learn."""
    again: bool
    """Whether gradients of an earlier batch of the same optimizer step are held already."""

    def kept(self) -> Moment:
        """What the forward pass leaves for the backward pass, without the output layer's part."""
        facts, rules, rows = self.facts, self.rules, self.rows
        activations, copies = self._ends(), self._head_copy()
        blocks = rules.last or facts.layers  # blocks below those that learn keep nothing
        if rules.recomputes:
            activations += blocks * (self._block_input() + rows.tokens * self._rest().behind)
        else:
            first, rest = self._first(), self._rest()
            activations += self._size(first) + (blocks - 1) * self._size(rest)
            copies += first.copies + (blocks - 1) * rest.copies
        return Moment(activations=activations, copies=copies, gradients=self._before())

    def fullest(self) -> Moment:
        """The moment at which most is held."""
        return max(self.moments(), key=lambda moment: moment.total)

    def moments(self) -> tuple[Moment, ...]:
        """The output layer's gradients, the last block, the first block, the end."""
        facts, rules = self.facts, self.rules
        kept, rest = self.kept(), self._rest()
        head, everything = self._head_gradient(), _GRADIENT_BYTES * self.trained
        embeddings = 0.0 if facts.tied and not rules.classes else self._embedding_gradient()
        blocks = (everything - head - embeddings) * (1 - 1 / facts.layers)
        again = self._size(rest) - self.rows.tokens * rest.behind if rules.recomputes else 0.0
        again_copies = rest.copies if rules.recomputes else 0.0
        left = self._block_input() + again if rules.recomputes else self._size(self._first())
        copies = max(0.0, kept.copies - self._head_copy()) if not rules.recomputes else 0.0
        before = self._before()
        # Shared with the embeddings, the output layer's gradient waits for theirs before it is added to earlier ones.
        sums = head if facts.tied else 0.0  # a classification head shares nothing
        waits = sums if before else 0.0
        return (
            Moment(
                activations=kept.activations, copies=kept.copies, gradients=before,
                logits=12 * self.rows.answers * facts.vocabulary,
            ),
            Moment(
                activations=kept.activations - self._norm() + again, copies=copies + again_copies,
                temporary=self._backward() + waits, gradients=before or head,
            ),
            Moment(
                activations=left, copies=again_copies or rest.copies,
                temporary=self._backward() + waits, gradients=before or head + blocks,
            ),
            Moment(temporary=sums + waits, gradients=everything),
        )  # fmt: skip

    def _first(self) -> Block:
        rules = self.rules
        gradient = rules.trains_all or rules.recomputes or rules.early
        return run_block(self.facts, self._of_block(), gradient=gradient)

    def _rest(self) -> Block:
        return run_block(self.facts, self._of_block(), gradient=True)

    def _of_block(self) -> Rules:
        """The rules of a block that learns."""
        return replace(self.rules, trains_all=True) if self.rules.last else self.rules

    def _before(self) -> float:
        # An adapter's gradients are small: they are counted throughout.
        return 0.0 if self.rules.trains_all and not self.again else _GRADIENT_BYTES * self.trained

    def _size(self, block: Block) -> float:
        return self.rows.tokens * (block.per_token + block.square * self.rows.longest)

    def _block_input(self) -> float:
        return self.rows.tokens * self.facts.hidden * self.rules.weight_bytes

    def _norm(self) -> float:
        """The last norm keeps its input in fp32, and what its weights multiply if they learn; torch's own does not."""
        twice = (self.rules.trains_all or self.rules.norms or self.rules.last) and style_of(self.facts).norm != "layer"
        return self.rows.tokens * self.facts.hidden * (4 + (self.rules.weight_bytes if twice else 0))

    def _ends(self) -> float:
        """Kept outside the blocks: the last norm, the positions' sines, what the output layer is given."""
        facts, rules, style = self.facts, self.rules, style_of(self.facts)
        sines = 2 * facts.head_dim * rules.weight_bytes if style.rotary else 0
        early = rules.trains_all or rules.recomputes
        dropped = facts.hidden * (1 if rules.gpu else 4) if style.dropout and early else 0
        scored = self.rows.answers * facts.hidden * rules.weight_bytes if rules.trains_all else 0
        return self._norm() + self.rows.tokens * (sines + dropped) + scored

    def _head_copy(self) -> float:
        copied = self.rules.mixed and self.rules.weight_bytes == 4 and not self.rules.classes
        return 2.0 * self.facts.vocabulary * self.facts.hidden if copied else 0.0

    def _head_gradient(self) -> float:
        """Of the layer that scores words; a classification head's is small."""
        return 0.0 if self.rules.classes else self._embedding_gradient()

    def _embedding_gradient(self) -> float:
        return float(_GRADIENT_BYTES * self.facts.vocabulary * self.facts.hidden) if self.rules.trains_all else 0.0

    def _backward(self) -> float:
        """Gradients on their way through a block, at its widest place."""
        product = 2 if self.rules.mixed else self.rules.weight_bytes
        wide, narrow = 2 * self.facts.intermediate * product, self.facts.hidden * self.rules.weight_bytes
        return float(self.rows.tokens * (wide + narrow))


def validation(facts: ModelFacts, rules: Rules, share: float, longest: int) -> float:
    """What a forward pass without gradient holds, over rows of `longest` tokens of which `share` is answer."""
    tokens = max(longest, min(TOKENS_AT_ONCE, ANSWERS_AT_ONCE / max(share, 1e-3)))
    scores = (10 if rules.mixed else 8) * share * tokens * facts.vocabulary
    within = 3 * facts.intermediate * (2 if rules.mixed else rules.weight_bytes) * tokens
    if style_of(facts).capped:
        within = max(within, 3.0 * 4 * facts.heads * longest * tokens)  # scores, capped scores, probabilities
    return max(scores, within) + tokens * 4 * facts.hidden * rules.weight_bytes
