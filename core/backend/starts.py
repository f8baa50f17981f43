"""Starts of LoRA's matrices that need more than the model: training rows (EVA) or the original weights (LoftQ)."""

import json
import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import initialize_lora_eva_weights
from peft.tuners.lora.eva import SVDHook
from peft.tuners.lora.layer import LoraLayer
from peft.utils.integrations import dequantize_module_weight
from safetensors import safe_open
from torch import Tensor
from transformers.utils import cached_file

from core.backend.model import Loaded
from core.backend.tokenised import go_or_stop
from core.backend.tokens import Encoded
from core.errors import DataError, ModelError
from core.strategy.model_facts import locate
from core.strategy.plan import Plan

_TOKENS = 1024
"""Of a batch that EVA looks at, at least."""
_PASSES, _BATCHES = 3, 200
"""EVA looks no longer: directions that are still turning by then are many of equal weight, and any of them will do."""


def begin(loaded: Loaded, plan: Plan, rows: Sequence[Encoded], stopping: threading.Event) -> None:
    """Set the matrices of a readied model to a start that needs training rows (EVA) or the original weights (LoftQ).

    Raises:
        DataError: The rows have fewer tokens than the rank asks for.
        ModelError: The original weights cannot be found.
        Stopped: Someone asked to stop.
    """
    init = plan.options.get("init")
    if init == "eva":
        _main_directions(loaded, plan, rows, stopping)
    elif init == "loftq":
        _mend(loaded.model, plan, stopping)


def _main_directions(loaded: Loaded, plan: Plan, rows: Sequence[Encoded], stopping: threading.Event) -> None:
    """EVA: A takes the main directions of each layer's inputs over the training rows, B is zero."""
    model = loaded.model
    rank = model.peft_config[model.active_adapter].r
    batches = list(_batches(rows, plan.seed, rank, loaded.device.torch))
    seen = 0

    def forward(network: Any, batch: dict[str, Tensor]) -> None:  # noqa: ANN401
        nonlocal seen
        go_or_stop(stopping)
        seen += 1
        if seen > min(_BATCHES, _PASSES * len(batches)):
            for hook in _hooks(network):
                hook.sim_thresh = -2.0
        with loaded.autocast():
            network(**batch, use_cache=False, logits_to_keep=1)

    initialize_lora_eva_weights(model, batches, forward_fn=forward, show_progress_bar=False)


def _hooks(network: Any) -> Iterator[SVDHook]:  # noqa: ANN401
    for module in network.modules():
        yield from (hook for hook in module._forward_hooks.values() if isinstance(hook, SVDHook))


def _batches(rows: Sequence[Encoded], seed: int, rank: int, device: torch.device) -> Iterator[dict[str, Tensor]]:
    """Rows in random order, padded, in batches of a thousand tokens and more.

    Raises:
        DataError: All of them together have fewer tokens than the rank.
    """
    enough = max(_TOKENS, 2 * rank)
    mixed = random.Random(seed).sample(list(rows), len(rows))
    groups: list[list[Encoded]] = [[]]
    size = 0
    for row in mixed:
        groups[-1].append(row)
        size += len(row.input_ids)
        if size >= enough:
            groups.append([])
            size = 0
    if len(groups) > 1:
        left = groups.pop()
        groups[-1] += left
    elif size < rank:
        raise DataError(
            f"The training rows have {size} tokens together, and a start from {rank} main directions needs more.",
            "Set the start of the matrices to default, or add rows.",
        )
    for group in groups:
        longest = max(len(row.input_ids) for row in group)
        spare = [longest - len(row.input_ids) for row in group]
        ids = [row.input_ids + [0] * more for row, more in zip(group, spare, strict=True)]
        mask = [[1] * (longest - more) + [0] * more for more in spare]
        yield {
            "input_ids": torch.tensor(ids, device=device),
            "attention_mask": torch.tensor(mask, device=device),
        }


def _mend(model: Any, plan: Plan, stopping: threading.Event) -> None:  # noqa: ANN401
    """LoftQ with one round: B A is the best matrix of its rank for W - Q, what quantising W to Q took away.

    More rounds would quantise other weights than those of the model that everybody has. Layer by layer, so that no
    second model is held. Source: Li et al. (arXiv 2310.08659), section 3, algorithm 1 with T = 1.
    """
    original = _Original(plan.model, str(model.get_base_model().base_model_prefix))
    for name, layer in model.named_modules():
        if not isinstance(layer, LoraLayer):
            continue
        go_or_stop(stopping)
        base = layer.get_base_layer()
        lost = dequantize_module_weight(base).detach().float().neg_()
        lost += original.weight(name.removeprefix("base_model.model.")).to(lost)
        adapter = model.active_adapter
        rank, scale = layer.r[adapter], layer.scaling[adapter]
        # A few more directions than are kept make those that are kept exact.
        u, s, v = torch.svd_lowrank(lost, q=min(rank + 8, *lost.shape), niter=16)
        root = (s[:rank] / scale).sqrt()
        layer.lora_A[adapter].weight.data = (root[:, None] * v[:, :rank].T).contiguous()
        layer.lora_B[adapter].weight.data = (u[:, :rank] * root).contiguous()


class _Original:
    """The weights of a model as its files have them, one at a time."""

    def __init__(self, model: str, prefix: str) -> None:
        self._model, self._prefix = model, prefix
        folder = Path(str(cached_file(str(locate(model)), "config.json"))).parent
        index = folder / "model.safetensors.index.json"
        if index.is_file():
            named = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            self._places = {name: folder / file for name, file in named.items()}
        else:
            self._places = {name: file for file in folder.glob("*.safetensors") for name in _names(file)}

    def weight(self, layer: str) -> Tensor:
        """The weight of the layer of that name, (outputs, inputs).

        Raises:
            ModelError: No file has it.
        """
        wanted = f"{layer}.weight"
        for name in (wanted, wanted.removeprefix(f"{self._prefix}.")):
            if name in self._places:
                with safe_open(self._places[name], framework="pt") as file:
                    return file.get_tensor(name)
        raise ModelError(
            f"The files of the model {self._model!r} have no weights called {wanted!r}, which LoftQ needs.",
            "Set the start of the matrices to default or eva.",
        )


def _names(file: Path) -> list[str]:
    with safe_open(file, framework="pt") as opened:
        return list(opened.keys())
