"""LoRA's matrices as files, where their start was taken out of the base weights (PiSSA, OLoRA).

W - s B0 A0 is what stays frozen then. As files the matrices are plain LoRA of twice the rank beside the untouched base
model, [A; A0] and [B, -B0], because W - s B0 A0 + s B A = W + s [B, -B0] [A; A0]: Meng et al., PiSSA (arXiv
2404.02948), appendix C. PEFT can write that too, but leaves DoRA's sizes out.
"""

from typing import Any

import torch
from peft import get_peft_model_state_dict
from torch import Tensor

from core.errors import ChangedError
from core.strategy.methods.starts import TAKEN_OUT
from core.strategy.plan import Plan

_START = "start_of_matrices"
"""Under which a model remembers A0 and B0, by PEFT's names, on the processor."""


def remember(model: Any, plan: Plan) -> None:  # noqa: ANN401 - peft has no types
    """Keep the start of a readied model's matrices, where it was taken out of the base weights."""
    if plan.options.get("init") in TAKEN_OUT:
        state = get_peft_model_state_dict(model, save_embedding_layers=False)
        setattr(model, _START, {name: state[name].detach().cpu().clone() for name in state if _is_matrix(name)})


def put_back(model: Any, state: dict[str, Tensor]) -> dict[str, Tensor]:  # noqa: ANN401
    """The matrices as they fit the untouched base model: [A; A0] and [B, -B0] where a start was taken out of it."""
    first: dict[str, Tensor] = getattr(model, _START, {})
    whole = dict(state)
    for name, start in first.items():
        learned = state[name].detach().cpu()
        whole[name] = torch.cat([learned, start]) if ".lora_A." in name else torch.cat([learned, -start], dim=1)
    return whole


def take_out(model: Any, state: dict[str, Tensor]) -> dict[str, Tensor]:  # noqa: ANN401
    """What `put_back` was given.

    Raises:
        ChangedError: The start that stands in the files is not the one that this model was readied with.
    """
    first: dict[str, Tensor] = getattr(model, _START, {})
    learned = dict(state)
    for name, start in first.items():
        dim = 0 if ".lora_A." in name else 1
        rank = start.shape[dim]
        before = state[name].narrow(dim, rank, rank) if state[name].shape[dim] == 2 * rank else None
        if before is None or not torch.equal(start, before if dim == 0 else -before):
            raise ChangedError(
                f"The start of the matrices came out otherwise than when these weights were written ({name}).",
                "Go on with the same device, threads and libraries, or train again.",
            )
        learned[name] = state[name].narrow(dim, 0, rank).contiguous()
    return learned


def plain(model: Any, config: Any) -> Any:  # noqa: ANN401
    """The configuration for what `put_back` gives: to load it, nothing has to be worked out again."""
    if not hasattr(config, "init_lora_weights"):
        return config
    config.init_lora_weights, config.eva_config = True, None
    if hasattr(model, _START):
        config.r *= 2
        # The scale, alpha / r or alpha / sqrt(r), stays what it was.
        config.lora_alpha *= 2**0.5 if config.use_rslora else 2
    return config


def _is_matrix(name: str) -> bool:
    return ".lora_A." in name or ".lora_B." in name
