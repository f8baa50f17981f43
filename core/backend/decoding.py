"""Most likely answers to many prompts at once, where a model's rows can be laid end to end.

Prompts are read end to end, without padding; then all answers grow together, a token of each with every pass, and what
has ended leaves the batch. A cache has its room from the beginning: a token more is not a copy of all before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Cache
from transformers.cache_utils import DynamicLayer

from core.backend.rows import Network, shared_length

READ_AT_ONCE = 2048
"""Prompt tokens of one forward pass; more were no faster."""
THINNED = 0.75
"""The batch is made smaller once at most this share of its rows still writes."""
WORTH_SHARING = 0.2
"""Share of a pass's tokens that a common beginning must save: rows that follow one need masks, which cost time, too."""
_PLAIN = frozenset(
    {
        "_from_model_config",
        "bos_token_id",
        "cache_implementation",
        "do_sample",
        "eos_token_id",
        "max_length",
        "max_new_tokens",
        "pad_token_id",
        "repetition_penalty",
        "temperature",
        "top_k",
        "top_p",
        "transformers_version",
        "use_cache",
    }
)
"""What generation settings may name that is heeded here, or changes no most likely answer."""


@dataclass(frozen=True, slots=True)
class Ends:
    """When an answer ends, and what a repetition costs."""

    tokens: frozenset[int]
    """Those that end it."""
    most: int
    """Tokens of the longest."""
    goes_round: Callable[[Sequence[int]], bool]
    penalty: float = 1.0
    """By which the scores of tokens are divided that are there already."""


class _Roomy(DynamicLayer):
    """Keys and values of one layer with room at the end, (rows, heads, tokens, size of a head) each."""

    def __init__(self, keys: Tensor, values: Tensor, filled: int) -> None:
        super().__init__()
        self.dtype, self.device = keys.dtype, keys.device
        self._room = keys, values
        self._look(filled)
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        start = self.keys.shape[-2]
        end = start + key_states.shape[-2]
        for room, new in zip(self._room, (key_states, value_states), strict=True):
            room[:, :, start:end] = new
        self._look(end)
        return self.keys, self.values

    def keep(self, rows: Tensor) -> None:
        """Let go of all other rows."""
        self._room = self._room[0][rows], self._room[1][rows]
        self._look(self.keys.shape[-2])

    def _look(self, filled: int) -> None:
        self.keys, self.values = (room[:, :, :filled] for room in self._room)


def writes_plainly(model: Network) -> bool:
    """Whether the model's own generation settings ask for nothing that is not done here."""
    own = getattr(model, "generation_config", None)
    # Settings made from a model's configuration name some that are off.
    return own is None or {name for name, value in own.to_diff_dict().items() if value} <= _PLAIN


@torch.no_grad()  # type: ignore[untyped-decorator]
def most_likely(
    model: Network, prompts: Sequence[Sequence[int]], ends: Ends, watch: Callable[[int], None] = lambda _: None
) -> list[list[int]]:
    """The answer to each prompt, with the token that ended it; prompts of similar length save work.

    `watch` hears after each token how many answers have ended, and may raise.
    """
    layers, logits = _read(model, prompts, ends.most)
    device = logits.device
    longest = max(map(len, prompts))
    lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
    mask = (torch.arange(longest + ends.most, device=device) >= longest - lengths[:, None]).long()
    seen = _seen(prompts, logits) if ends.penalty != 1 else None
    answers: list[list[int]] = [[] for _ in prompts]
    rows = list(range(len(prompts)))  # of the batch, by their places among the prompts
    writing = set(rows)
    cache = Cache(layers=[*layers])
    for count in range(1, ends.most + 1):
        chosen = _chosen(logits, seen, ends.penalty)
        for row, token in zip(rows, chosen.tolist(), strict=True):
            if row in writing and _ended(answers[row], token, ends):
                writing.remove(row)
        watch(len(prompts) - len(writing))
        if not writing or count == ends.most:
            break
        if len(writing) <= THINNED * len(rows):
            kept = torch.tensor([at for at, row in enumerate(rows) if row in writing], device=device)
            rows = [row for row in rows if row in writing]
            lengths, mask, chosen = lengths[kept], mask[kept], chosen[kept]
            seen = seen[kept] if seen is not None else None
            for layer in layers:
                layer.keep(kept)
        logits = model(
            input_ids=chosen[:, None],
            attention_mask=mask[:, : longest + count],
            position_ids=(lengths + count - 1)[:, None],
            past_key_values=cache,
            use_cache=True,
        ).logits[:, -1]
    return answers


def _ended(answer: list[int], token: int, ends: Ends) -> bool:
    answer.append(token)
    return token in ends.tokens or ends.goes_round(answer)


def _chosen(logits: Tensor, seen: Tensor | None, penalty: float) -> Tensor:
    """The likeliest token of each row, which is then among those seen."""
    logits = logits.float()
    if seen is not None:
        logits = torch.where(seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits)
    chosen = logits.argmax(-1)
    if seen is not None:
        seen.scatter_(1, chosen[:, None], True)  # noqa: FBT003 - torch's own argument
    return chosen


def _seen(prompts: Sequence[Sequence[int]], logits: Tensor) -> Tensor:
    """Which tokens stand in each prompt, (prompts, vocabulary)."""
    seen = torch.zeros_like(logits, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        seen[row, list(prompt)] = True
    return seen


def _read(model: Network, prompts: Sequence[Sequence[int]], more: int) -> tuple[list[_Roomy], Tensor]:
    """Keys and values of all prompts, each at the end of its row, with room for `more`; and the scores after each."""
    longest = max(map(len, prompts))
    rooms: list[tuple[Tensor, Tensor]] = []
    parts = []
    for start, group in _passes(prompts):
        read, shared = Cache(layer_class_to_replicate=DynamicLayer), _shared(group)
        parts.append(_pass(model, group, shared, read))
        if not rooms:
            rooms = [
                tuple(part.new_zeros(len(prompts), part.shape[1], longest + more, part.shape[3]) for part in held)
                for held in _held(read)
            ]
        for room, held in zip(rooms, _held(read), strict=True):
            for into, part in zip(room, held, strict=True):
                begin, *owns = part[0].split([shared, *(len(prompt) - shared for prompt in group)], dim=1)
                for row, own in enumerate(owns, start):
                    at = longest - own.shape[1]
                    into[row, :, at:longest] = own
                    into[row, :, at - shared : at] = begin
    return [_Roomy(keys, values, longest) for keys, values in rooms], torch.cat(parts)


def _held(cache: Cache) -> list[tuple[Tensor, Tensor]]:
    return [(layer.keys, layer.values) for layer in cache.layers]


def _pass(model: Network, group: Sequence[Sequence[int]], shared: int, cache: Cache) -> Any:  # noqa: ANN401 - a tensor
    """Read prompts end to end into `cache`, their `shared` first tokens once; the scores after each.

    Returns: (prompts, vocabulary).
    """
    device = next(model.parameters()).device
    lengths = [len(prompt) - shared for prompt in group]
    ids = [*group[0][:shared], *(token for prompt in group for token in prompt[shared:])]
    positions = [torch.arange(shared), *(torch.arange(shared, len(prompt)) for prompt in group)]
    return model(
        input_ids=torch.tensor([ids], device=device),
        # Four dimensions say "made already": nobody builds a mask quadratic in the length of all rows together.
        attention_mask=torch.ones(1, 1, 1, 1, dtype=torch.bool, device=device),
        position_ids=torch.cat(positions).to(device)[None],
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=torch.tensor(lengths, device=device).cumsum(0) + shared - 1,
        shared_length=shared,
        row_lengths=lengths,
    ).logits[0]


def _shared(group: Sequence[Sequence[int]]) -> int:
    """Tokens that all prompts begin with, where reading them once is worth the masks that the rows then need."""
    shared = shared_length(group)
    return shared if shared * (len(group) - 1) >= WORTH_SHARING * sum(map(len, group)) else 0


def _passes(prompts: Sequence[Sequence[int]]) -> list[tuple[int, list[Sequence[int]]]]:
    """Neighbouring prompts of at most `READ_AT_ONCE` tokens together, with the place of the first."""
    passes: list[tuple[int, list[Sequence[int]]]] = []
    tokens = 0
    for place, prompt in enumerate(prompts):
        if not passes or tokens + len(prompt) > READ_AT_ONCE:
            passes.append((place, []))
            tokens = 0
        passes[-1][1].append(prompt)
        tokens += len(prompt)
    return passes
