"""How rows share a forward pass: laid end to end without padding, or padded where a model cannot do that.

Laid end to end, linear layers see real tokens only, attention runs row by row, and the head is applied to positions
that are scored only. Row order, optimizer steps and loss stay those of plain fine-tuning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from core.backend.tokens import Encoded
from core.backend.virtual import virtual_tokens
from core.strategy.memory.step import ANSWERS_AT_ONCE, LEARNED_AT_ONCE, TOKENS_AT_ONCE

Network: TypeAlias = Any
"""A PreTrainedModel, or a PeftModel around one; the latter has no types."""

ATTENTION = "fewtune_rows"
"""The attention's name in transformers; it is torch's own wherever rows are not laid end to end."""
IGNORED = -100
"""Label of a position without loss."""
PADDED_SPREAD = 1.5
"""Padded rows share a pass while the longest is at most this many times the shortest."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows share a forward pass on one model."""

    joined: bool
    """Laid end to end; else padded."""
    at_once: int = LEARNED_AT_ONCE["CPU"]
    """Tokens of one forward pass of training."""
    classes: bool = False
    """Whether a head chooses among classes; else tokens are scored."""

    def passes(self, rows: Sequence[Encoded]) -> list[list[Encoded]]:
        """The rows of one batch in forward passes that each hold little; their losses sum to that of the batch."""
        if self.joined:
            return list(by_size(rows, self.at_once, answers=self.at_once))
        return list(alike(rows, self.at_once))

    def losses(self, model: Network, rows: Sequence[Encoded], *, smoothing: float = 0.0) -> Tensor:
        """Loss of each answer token, or of each row's class, in nats, row after row; one forward pass."""
        if self.classes:
            return class_losses(model, rows, smoothing=smoothing)
        return (joined_losses if self.joined else padded_losses)(model, rows, smoothing=smoothing)

    def nats(self, model: Network, rows: Sequence[Encoded]) -> Tensor:
        """Summed loss of all answer tokens of `rows`, or of their classes, in nats."""
        if self.joined:
            return joined_losses(model, rows).sum()
        return torch.stack([self.losses(model, group).sum() for group in alike(rows)]).sum()


def row_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    row_lengths: Sequence[int] | None = None,
    **kwargs: Any,  # noqa: ANN401 - what the model's attention layer knows
) -> tuple[Tensor, None]:
    """Torch's fused attention; with `row_lengths` each row attends to itself alone, and sees what `row_masks` says.

    The first `shared_length` tokens are how all rows begin, read once: each row sees them before its own.
    """
    if row_lengths is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **kwargs)
    window, masks = kwargs.get("sliding_window"), kwargs.pop("row_masks", None)
    shared = kwargs.pop("shared_length", 0)
    if query.device.type == "cpu":
        # On a processor fused attention's backward pass is several times slower in bf16.
        query, key, value = query.float(), key.float(), value.float()
    outputs = []
    begin, *parts = zip(*(part.split([shared, *row_lengths], dim=2) for part in (query, key, value)), strict=True)
    with torch.autocast(query.device.type, enabled=False):
        if shared:
            outputs.append(sdpa_attention_forward(module, *begin, _sight(begin[0], 0, window), **kwargs)[0])
        for row, (q, k, v) in enumerate(parts):
            mask = masks[row] if masks else _sight(q, shared, window)
            if shared:
                k, v = torch.cat([begin[1], k], dim=2), torch.cat([begin[2], v], dim=2)
            outputs.append(sdpa_attention_forward(module, q, k, v, mask, **kwargs)[0])
    return torch.cat(outputs, dim=1), None


def shared_length(prompts: Sequence[Sequence[int]]) -> int:
    """Tokens that all `prompts` begin with, such as their instruction; each keeps one of its own to be read."""
    if len(prompts) < 2:
        return 0
    # What the first and the last in order have in common, all have.
    least, most = min(prompts, key=list), max(prompts, key=list)
    alike = next((at for at, (one, other) in enumerate(zip(least, most, strict=False)) if one != other), len(least))
    return min(alike, *(len(prompt) - 1 for prompt in prompts))


def joined_losses(model: Network, rows: Sequence[Encoded], *, smoothing: float = 0.0) -> Tensor:
    """Loss of each answer token, in nats, row after row; rows laid end to end."""
    device = next(model.parameters()).device
    ids = torch.tensor([token for row in rows for token in row.input_ids], device=device)
    positions = torch.cat([torch.arange(len(row.input_ids)) for row in rows]).to(device)
    targets = _target_positions(rows).to(device)
    logits = model(
        input_ids=ids[None],
        # Four dimensions say "made already": nobody builds a mask quadratic in the length of all rows together.
        attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device),
        position_ids=positions[None],
        use_cache=False,
        logits_to_keep=targets - 1,
        row_lengths=[len(row.input_ids) for row in rows],
    ).logits[0]  # (answer tokens, vocabulary)
    return functional.cross_entropy(logits.float(), ids[targets], reduction="none", label_smoothing=smoothing)


def padded_losses(model: Network, rows: Sequence[Encoded], *, smoothing: float = 0.0) -> Tensor:
    """Loss of each answer token, in nats, row after row; rows padded to the longest."""
    device = next(model.parameters()).device
    longest = max(len(row.input_ids) for row in rows)
    ids = torch.tensor([row.input_ids + [0] * (longest - len(row.input_ids)) for row in rows], device=device)
    mask = torch.tensor(
        [[1] * len(row.input_ids) + [0] * (longest - len(row.input_ids)) for row in rows], device=device
    )
    first = min(row.prompt_length for row in rows) - 1
    # Counted from the end: virtual tokens may stand before the rows.
    scored = torch.arange(first - longest, 0, device=device)
    logits = model(
        input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=scored
    ).logits  # (rows, positions from the first scored one, vocabulary)
    row_of, at = _places(rows, device)
    scores = logits[row_of, at - 1 - first].float()
    return functional.cross_entropy(scores, ids[row_of, at], reduction="none", label_smoothing=smoothing)


def class_losses(model: Network, rows: Sequence[Encoded], *, smoothing: float = 0.0) -> Tensor:
    """Loss of each row's class under the model's head, in nats."""
    logits = class_logits(model, rows)
    labels = torch.tensor([row.label for row in rows], device=logits.device)
    return functional.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)


def class_logits(model: Network, rows: Sequence[Encoded]) -> Tensor:
    """The head's scores, (rows, classes) in fp32; rows padded to the longest."""
    device = next(model.parameters()).device
    longest = max(len(row.input_ids) for row in rows)
    # A decoder's head looks at the last token that is not this one.
    padding = int(model.config.get_text_config().pad_token_id)
    spare = [longest - len(row.input_ids) for row in rows]
    ids = [row.input_ids + [padding] * more for row, more in zip(rows, spare, strict=True)]
    mask = [[1] * (longest - more) + [0] * more for more in spare]
    given = {"input_ids": torch.tensor(ids, device=device), "attention_mask": torch.tensor(mask, device=device)}
    scores: Tensor = model(**given).logits.float()
    return scores


def choose_layout(model: Network, rows: Sequence[Encoded], *, joins: bool = True) -> Layout:
    """Lay rows end to end where that gives the same losses as padding them, which is asked of the model itself.

    `joins`: whether it is for a method that allows it.
    """
    at_once = LEARNED_AT_ONCE["CPU" if next(model.parameters()).device.type == "cpu" else "GPU"]
    if rows[0].label is not None:
        return Layout(joined=False, classes=True, at_once=at_once)
    if model.config._attn_implementation != ATTENTION or not joins or virtual_tokens(model):
        return Layout(joined=False)
    few = sorted(rows, key=lambda row: len(row.input_ids))[:: max(1, len(rows) // 3)][:3]
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            alone = torch.cat([padded_losses(model, [row]) for row in few])
            joined = joined_losses(model, few)
        same = bool(torch.allclose(alone, joined, rtol=2e-2, atol=2e-2))
        return Layout(same, at_once)
    except (RuntimeError, TypeError, ValueError, IndexError):
        return Layout(joined=False, at_once=at_once)
    finally:
        model.train(was_training)


def reads_joined(model: Network, prompts: Sequence[Sequence[int]], more: int) -> bool:
    """Whether prompts may be laid end to end with `more` tokens after each: the model gives the same, and none is cut.

    A sliding window that is shorter than a row needs a cache or a mask of its own.
    """
    window = getattr(model.config.get_text_config(), "sliding_window", None)
    if not prompts or not min(map(len, prompts)) or (window and max(map(len, prompts)) + more > window):
        return False
    few = sorted(prompts, key=len)[:: max(1, len(prompts) // 3)][:3]
    # Something to score: the last token of each.
    rows = [Encoded([*ids, ids[-1]], len(ids), truncated=False) for ids in few]
    return choose_layout(model, rows).joined


def alike(rows: Sequence[Encoded], tokens: int = TOKENS_AT_ONCE) -> Iterator[list[Encoded]]:
    """Rows in groups of similar length, so that little padding is needed, and of at most `tokens` with it."""
    group: list[Encoded] = []
    for row in sorted(rows, key=lambda row: len(row.input_ids)):
        size = len(row.input_ids)
        if group and (size > PADDED_SPREAD * len(group[0].input_ids) or size * (len(group) + 1) > tokens):
            yield group
            group = []
        group.append(row)
    yield group


def by_size(
    rows: Sequence[Encoded], tokens: int = TOKENS_AT_ONCE, answers: int = ANSWERS_AT_ONCE
) -> Iterator[list[Encoded]]:
    """Rows in groups of at most `tokens` tokens and `answers` answer tokens, sorted by length.

    A row that has more is a group by itself.
    """
    group: list[Encoded] = []
    size = scored = 0
    for row in sorted(rows, key=lambda row: len(row.input_ids)):
        more = row.scored
        if group and (size + len(row.input_ids) > tokens or scored + more > answers):
            yield group
            group, size, scored = [], 0, 0
        group.append(row)
        size += len(row.input_ids)
        scored += more
    if group:
        yield group


def _target_positions(rows: Sequence[Encoded]) -> Tensor:
    parts, start = [], 0
    for row in rows:
        parts.append(torch.arange(start + row.prompt_length, start + len(row.input_ids)))
        start += len(row.input_ids)
    return torch.cat(parts)


def _places(rows: Sequence[Encoded], device: torch.device) -> tuple[Tensor, Tensor]:
    row_of = [i for i, row in enumerate(rows) for _ in range(row.prompt_length, len(row.input_ids))]
    at = [p for row in rows for p in range(row.prompt_length, len(row.input_ids))]
    return torch.tensor(row_of, device=device), torch.tensor(at, device=device)


def _sight(query: Tensor, before: int, window: int | None) -> Tensor | None:
    """What a row sees that follows `before` tokens, (1, 1, own, all); None where that is what is causal anyway."""
    own = query.shape[2]
    if not before and (window is None or own <= window):
        return None
    places = torch.arange(before + own, device=query.device)
    distance = places[before:, None] - places[None, :]
    return ((distance >= 0) & (distance < (window or before + own)))[None, None]


AttentionInterface.register(ATTENTION, row_attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
