"""What was trained, as files: an adapter as PEFT writes it, a whole model, or the few weights of it that changed."""

import copy
from pathlib import Path
from typing import Any

from peft import get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from core.backend import matrices

ADAPTER = "adapter_model.safetensors"
CHANGED = "changed.safetensors"
"""Weights of the base model that learned, where the others did not."""


def write(model: Any, folder: Path) -> None:  # noqa: ANN401 - peft has no types
    """Write what was trained into `folder`, in safetensors."""
    configs = getattr(model, "peft_config", None)
    if configs is None:
        _write_own(model, folder)
        return
    save(matrices.put_back(model, adapter(model)), folder / ADAPTER)
    config = matrices.plain(model, copy.copy(configs[model.active_adapter]))
    config.inference_mode = True
    config.base_model_name_or_path = str(model.get_base_model().config._name_or_path)
    config.save_pretrained(str(folder))


def is_part(folder: Path) -> bool:
    """Whether `folder` holds a part of a model: an adapter, or weights that changed."""
    return (folder / ADAPTER).is_file() or (folder / CHANGED).is_file()


def read(model: Any, folder: Path) -> None:  # noqa: ANN401
    """Put what `write` wrote back into a model that was readied in the same way; the trained bits are the same again.

    Raises:
        ValueError: The file belongs to a model that was readied otherwise.
        ChangedError: The start of its matrices came out otherwise on this machine.
    """
    if getattr(model, "peft_config", None) is not None:
        set_peft_model_state_dict(model, matrices.take_out(model, load_file(folder / ADAPTER)), model.active_adapter)
        return
    put(model, load_file(folder / CHANGED))


def put(model: nn.Module, changed: dict[str, Tensor]) -> None:
    """Put changed weights into a model.

    Raises:
        ValueError: It has no weights of some name.
    """
    unknown = model.load_state_dict(changed, strict=False).unexpected_keys
    if unknown:
        raise ValueError(f"The model has no weights called {unknown[0]!r}.")


def save(tensors: dict[str, Tensor], file: Path) -> None:
    """Write tensors, wherever they are."""
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(kept, str(file), metadata={"format": "pt"})


def _write_own(model: Any, folder: Path) -> None:  # noqa: ANN401
    learned = {name: weights for name, weights in model.named_parameters() if weights.requires_grad}
    if len(learned) == sum(1 for _ in model.parameters()):
        model.save_pretrained(str(folder))
        return
    save(learned, folder / CHANGED)


def adapter(model: Any) -> dict[str, Tensor]:  # noqa: ANN401
    """What learns beside the base model, by PEFT's names."""
    # Asked about embeddings, PEFT would ask the hub whether the vocabulary has grown; this program calls nobody.
    state: dict[str, Tensor] = get_peft_model_state_dict(model, save_embedding_layers=False)
    return state
