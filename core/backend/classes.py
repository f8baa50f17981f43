"""A classification head: how rows become tokens for it, and what it makes of them.

A text goes in as it is, without chat template and without its label; one score per label comes out.
"""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from core.backend.rows import Network, alike, class_logits
from core.backend.tokens import Encoded
from core.dataset.example import Example
from core.errors import Stopped

CONFIG = "config.json"


def text_of(example: Example, instruction: str) -> str:
    """What a head reads of a row: the prompt without the instruction, which is the same in all rows."""
    return example.prompt.removeprefix(f"{instruction}\n\n") if instruction else example.prompt


def encode_class(
    tokenizer: PreTrainedTokenizerBase, text: str, max_length: int, *, label: int | None = None, weight: float = 1.0
) -> Encoded:
    """A text in at most `max_length` tokens, with the tokenizer's own marks; of a longer one the beginning is kept.

    `label` is the id of its class.
    """
    whole = list(tokenizer(text)["input_ids"])
    ids = list(tokenizer(text, truncation=True, max_length=max_length)["input_ids"])
    # No token at all is no row: one that means nothing stands for an empty text.
    ids = ids or [int(tokenizer.pad_token_id)]
    return Encoded(ids, len(ids), truncated=len(whole) > len(ids), weight=weight, label=label)


def class_scores(
    model: Network,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    max_length: int,
    *,
    on_advance: Any = None,  # noqa: ANN401 - a callable that is told how many rows are done
    stopping: threading.Event | None = None,
) -> list[list[float]]:
    """Logarithm of the probability of each class, by its id, for each text.

    Raises:
        Stopped: `stopping` was set.
    """
    rows = [encode_class(tokenizer, text, max_length) for text in texts]
    places = {id(row): place for place, row in enumerate(rows)}
    scores: list[list[float]] = [[] for _ in rows]
    done = 0
    for group in alike(rows) if rows else ():
        if stopping is not None and stopping.is_set():
            raise Stopped("Stopped while scoring.")
        with torch.no_grad():
            found = class_logits(model, group).double().log_softmax(-1)  # (rows, classes)
        for row, line in zip(group, found.tolist(), strict=True):
            scores[places[id(row)]] = line
        done += len(group)
        if on_advance:
            on_advance(done)
    return scores


def is_of_head(network: PreTrainedModel, name: str) -> bool:
    """Whether a weight or module of that name belongs to the head, an encoder's pooler included."""
    prefix = f"{network.base_model_prefix}."
    return not name.startswith(prefix) or name.startswith(f"{prefix}pooler.")


def sorted_labels(folder: Path) -> tuple[str, ...]:
    """The labels of a model with a head in the order of their ids, as its `config.json` names them."""
    named: dict[str, str] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["id2label"]
    return tuple(named[str(place)] for place in range(len(named)))
