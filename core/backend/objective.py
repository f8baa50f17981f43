"""What training minimises: the loss per answer token, or what a plan asks for instead."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from core.backend.rows import Layout, Network
from core.backend.tokens import Encoded
from core.dataset.example import Example
from core.errors import DataError
from core.strategy.plan import Plan

FOCUS = 2.0
"""Gamma of the focal loss: its authors' choice."""


@dataclass(frozen=True, slots=True)
class Objective:
    """How the losses of single tokens become the loss of a step."""

    prompt_weight: float = 0.0
    """Weight of a prompt's token; an answer's has 1. Huerta-Enochian and Ko (arXiv 2401.13586), section 3."""
    smoothing: float = 0.0
    """Share of the probability that is spread over all tokens. Szegedy and others (arXiv 1512.00567), section 7."""
    focal: bool = False
    """Whether rows that are answered well already count less. Lin and others (arXiv 1708.02002), section 3.2; of an
    answer of several tokens it is the probability of all of them."""

    @classmethod
    def of(cls, plan: Plan) -> "Objective":
        """What `plan` asks for."""
        return cls(plan.prompt_weight, plan.label_smoothing, focal=plan.balance == "focal")

    def amount(self, rows: Sequence[Encoded]) -> float:
        """What the loss of `rows` is divided by, all batches of a step together: the weights of their tokens."""
        return sum(row.weight * (row.scored + self.prompt_weight * (row.prompt_length - 1)) for row in rows)

    def loss(self, layout: Layout, model: Network, rows: Sequence[Encoded]) -> Tensor:
        """Weighted loss of one forward pass over `rows`, summed over their tokens, in nats."""
        asked = [replace(row, prompt_length=1) for row in rows] if self.prompt_weight else rows
        tokens = layout.losses(model, asked, smoothing=self.smoothing)
        weights = torch.tensor([weight for row in rows for weight in self._weights(row)], device=tokens.device)
        if not self.focal:
            return (tokens * weights).sum()
        shares = []
        for row, own, weight in zip(rows, *(_by_row(part, asked) for part in (tokens, weights)), strict=True):
            right = torch.exp(-own[-row.scored :].sum())
            shares.append((own * weight).sum() * (1 - right) ** FOCUS)
        return torch.stack(shares).sum()

    def _weights(self, row: Encoded) -> list[float]:
        prompt = [self.prompt_weight] * (row.prompt_length - 1) if self.prompt_weight else []
        return [row.weight * weight for weight in (*prompt, *[1.0] * row.scored)]


def balanced(rows: Sequence[Encoded], examples: Sequence[Example], plan: Plan) -> list[Encoded]:
    """The rows of `examples`, in their order, with more weight for those of rare labels where `plan` asks for it.

    All labels weigh the same together, and a row 1 in the mean.

    Raises:
        DataError: The plan asks for it and the rows carry no labels.
    """
    if plan.balance == "off":
        return list(rows)
    counts = Counter(example.label for example in examples)
    if None in counts:
        raise DataError(
            f"Rare labels are to be {plan.balance}, and the rows carry no labels.",
            "Set rare labels to off, or read the data as labelled text.",
        )
    if plan.balance != "weighted":
        return list(rows)
    share = len(examples) / len(counts)
    return [replace(row, weight=share / counts[one.label]) for row, one in zip(rows, examples, strict=True)]


def lightened(
    rows: Sequence[Encoded], examples: Sequence[Example], plan: Plan, generated: Collection[int]
) -> list[Encoded]:
    """The rows of `examples`, in their order; those whose numbers are `generated` carry the weight that `plan` says."""
    share = plan.generated_weight
    return [
        replace(row, weight=row.weight * share) if one.row in generated else row
        for row, one in zip(rows, examples, strict=True)
    ]


@dataclass(slots=True)
class Noise:
    """Uniform noise on the embeddings of training rows. Jain and others, NEFTune (arXiv 2310.05914), section 2."""

    strength: float
    """Alpha: a row of n tokens gets noise of up to alpha / sqrt(n x width)."""
    lengths: Sequence[int] = field(default_factory=tuple)
    """Tokens of the rows of the pass that comes next."""

    def watch(self, model: Network) -> None:
        """Add noise to what the model's embeddings give while it trains."""
        if self.strength:
            model.get_input_embeddings().register_forward_hook(self._disturb)

    def _disturb(self, module: torch.nn.Module, _: Any, out: Tensor) -> Tensor:  # noqa: ANN401 - torch's own signature
        if not (module.training and torch.is_grad_enabled() and self.lengths):
            return out
        rows, positions, width = out.shape
        each = torch.tensor([self.strength / math.sqrt(n * width) for n in self.lengths], device=out.device)
        if rows == 1 and positions == sum(self.lengths):
            scale = each.repeat_interleave(torch.tensor(self.lengths, device=out.device))[None, :, None]
        else:
            scale = each[:, None, None]
        return out + (torch.rand_like(out) * 2 - 1) * scale.to(out.dtype)


def _by_row(values: Tensor, rows: Sequence[Encoded]) -> tuple[Tensor, ...]:
    return values.split([row.scored for row in rows])
