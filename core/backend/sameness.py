"""What decides a run besides chance: an attempt that goes on from a checkpoint must find all of it unchanged."""

import hashlib
import platform
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from core.backend.classes import is_of_head
from core.backend.devices import pick_device
from core.backend.tokenised import Rows
from core.backend.tokens import Encoded
from core.strategy.plan import Plan

BASE = "base model weights"
"""The name under which the sum of the untuned weights stands."""
TRAINING_ROWS = "training rows"
"""The same of the rows, in their order, as the model sees them."""
_SHORT = 16
_NOT_DECIDING: Any = dict.fromkeys(("name", "patience", "tracker", "variants", "forgetting_check", "averaging"), True)
_NOT_DECIDING["data"] = {"train_rows", "generated"}
_WORDS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


def decides(plan: Plan, rows: Rows, base: str) -> dict[str, Any]:
    """All of it, flat: "learning_rate", "data.seed", "options.rank"; `base` is the sum of the untuned weights."""
    left_out = _NOT_DECIDING if plan.head == "class" else _NOT_DECIDING | {"head": True}
    return {
        # How many rows may be taken, and what is made of them, is told by the rows themselves, and checkpoints of
        # before there were heads say nothing of them, so that older ones can be gone on with.
        **_flat(plan.model_dump(mode="json", exclude=left_out)),
        "rows": len(rows.train.rows),
        TRAINING_ROWS: sum_of_rows(rows.train.rows),
        "validation rows": sum_of_rows(rows.validation.rows),
        BASE: base,
        "threads": torch.get_num_threads(),
        "device": pick_device().name,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str]:
    """What differs, each with both its values in words."""
    return {
        key: f"{before.get(key)!r} when it was written, {now.get(key)!r} now"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    }


def sum_of_rows(rows: Sequence[Encoded]) -> str:
    """A sum of the rows' tokens that another order, another row or another tokenizer changes."""
    found = hashlib.sha256()
    for row in rows:
        label = () if row.label is None else (row.label,)
        found.update(repr((row.input_ids, row.prompt_length, *label)).encode())
    return found.hexdigest()[:_SHORT]


def sum_of_weights(model: Any, *, head: bool = False) -> str:  # noqa: ANN401 - a PreTrainedModel
    """A sum of a model's weights as loaded that one changed bit changes; it costs one look at each number.

    With `head` its classification head stays out, which begins as the seed wants.

    Each tensor's bits are added up where they lie: hashing gigabytes would take longer than a short run.
    """
    found = hashlib.sha256()
    for name, weights in model.named_parameters():
        if head and is_of_head(model, name):
            continue
        bits = weights.detach().contiguous().view(_WORDS[weights.element_size()])
        found.update(f"{name} {tuple(weights.shape)} {int(bits.sum(dtype=torch.int64))}".encode())
    return found.hexdigest()[:_SHORT]


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    return dict(_pairs(values, before))


def _pairs(values: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _pairs(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
