"""Texts that a model makes up: each next token drawn by its probability, behind words that are given."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import GenerationConfig

from core.backend.model import load_base
from core.backend.settling import settle
from core.backend.tokens import encode_prompt, stop_ids
from core.dataset.example import Turn
from core.errors import ModelError

_TOP_P = 0.95
"""Share of the probability that is drawn from. Holtzman and others (arXiv 1904.09751), section 3.1."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the model wrote behind the given words."""

    texts: tuple[str, ...]
    prompt_tokens: int
    answer_tokens: int
    """Of all texts together."""


class Writer:
    """A model of this computer that writes; loaded once, and asked by one thread at a time."""

    def __init__(self, model: str) -> None:
        """Load it.

        Raises:
            ModelError: It is not there, or cannot be loaded.
        """
        self._loaded = settle(load_base(model))
        self._lock = threading.Lock()

    def write(self, prompt: str, begin: str, copies: int, most_tokens: int, temperature: float, seed: int) -> Written:
        """So many texts that go on behind `begin` in the answer to `prompt`, which is shortened where it is too long.

        Raises:
            ModelError: The model has no room for such a question.
        """
        model, tokenizer = self._loaded.model, self._loaded.tokenizer
        ahead = tokenizer(begin, add_special_tokens=False)["input_ids"]
        context = getattr(model.config.get_text_config(), "max_position_embeddings", None) or 4096
        fitted = encode_prompt(tokenizer, [Turn("user", prompt)], context - most_tokens - len(ahead))
        if fitted is None:
            raise ModelError(
                f"The model has room for {context} tokens, which such a question does not leave.",
                "Choose a model with a longer context.",
            )
        given = [*fitted[1], *ahead]
        ends = stop_ids(tokenizer, model)
        config = GenerationConfig(
            do_sample=True,
            temperature=max(temperature, 0.01),
            top_p=_TOP_P,
            num_return_sequences=copies,
            max_new_tokens=most_tokens,
            eos_token_id=ends,
            pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else ends[0],
        )
        ids = torch.tensor([given], device=self._loaded.device.torch)
        with self._lock, torch.no_grad(), self._loaded.autocast():
            torch.manual_seed(seed)
            out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config)
        rows = [_until(row[len(given) :], {*ends, config.pad_token_id}) for row in out.tolist()]
        texts = tuple(str(tokenizer.decode(row, skip_special_tokens=True)) for row in rows)
        return Written(texts, len(given), sum(map(len, rows)))


def _until(ids: Sequence[int], ends: set[int]) -> list[int]:
    return list(ids[: next((at for at, token in enumerate(ids) if token in ends), len(ids))])
