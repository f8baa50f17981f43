"""Models with virtual tokens before each row, asked as if they had none.

PEFT drops positions that it is given and knows no cache to go on from. Here the virtual tokens are a cache of their own
from which the base model goes on, so that padding at the left, prompts that are read once, and caches all work.
"""

from typing import Any

import torch
from torch import Tensor


def virtual_tokens(model: Any) -> int:  # noqa: ANN401 - peft has no types
    """How many virtual tokens stand before each row; 0 where there are none, or while they are switched off."""
    configs = getattr(model, "peft_config", None)
    if configs is None or model._adapters_disabled:
        return 0
    config = configs[model.active_adapter]
    return int(config.num_virtual_tokens) if config.is_prompt_learning else 0


def with_virtual_tokens(model: Any) -> Any:  # noqa: ANN401
    """What scoring and generation ask: the model itself, or one that goes on from its virtual tokens."""
    return _GoesOn(model) if virtual_tokens(model) else model


class _GoesOn:
    """A base model that has read the virtual tokens already. No gradients."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401
        self._model = model
        self._base = model.get_base_model()
        self.virtual = virtual_tokens(model)
        self.generation_config = model.generation_config

    def parameters(self) -> Any:  # noqa: ANN401
        return self._model.parameters()

    def __call__(
        self,
        *,
        input_ids: Tensor,
        attention_mask: Tensor,
        position_ids: Tensor,
        past_key_values: Any = None,  # noqa: ANN401
        **more: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """A forward pass; the mask is of the rows alone, and so are the positions."""
        rows = input_ids.shape[0]
        return self._base(
            input_ids=input_ids,
            attention_mask=self._mask(attention_mask),
            position_ids=position_ids + self.virtual,
            past_key_values=self._cache(rows) if past_key_values is None else past_key_values,
            **more,
        )

    def generate(self, *, input_ids: Tensor, attention_mask: Tensor, **more: Any) -> Tensor:  # noqa: ANN401
        """As the base model's, which takes the virtual tokens for the beginning of what it has read."""
        rows = input_ids.shape[0]
        before = torch.zeros(rows, self.virtual, dtype=input_ids.dtype, device=input_ids.device)
        written: Tensor = self._base.generate(
            input_ids=torch.cat([before, input_ids], dim=1),
            attention_mask=self._mask(attention_mask),
            past_key_values=self._cache(rows),
            **more,
        )
        return written[:, self.virtual :]

    def _mask(self, mask: Tensor) -> Tensor:
        return torch.cat([mask.new_ones(mask.shape[0], self.virtual), mask], dim=1)

    def _cache(self, rows: int) -> Any:  # noqa: ANN401
        prompt = self._model.get_prompt(batch_size=rows)
        if not isinstance(prompt, Tensor):
            return prompt
        prompt = prompt.to(self._base.dtype)
        return self._base(inputs_embeds=prompt, use_cache=True, logits_to_keep=1).past_key_values
