"""The whole model: plain transformers weights that need nothing of Fewtune or peft."""

import shutil
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from core.errors import Stopped
from core.events import Advanced, Emit
from core.export.exporter import Exporter, ExportTask, auto_class
from core.strategy.methods import METHODS
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.model import Loaded

_SHARD = "1GB"
_MODEL_FILES = ("config.json", "generation_config.json", "*.safetensors", "model.safetensors.index.json")


def available(plan: Plan) -> str:
    """Why a plan's result cannot become plain weights; empty where it can."""
    method = METHODS[plan.method]
    if method.mergeable:
        return ""
    return f"{method.title} cannot be merged: what it adds is no change of weights."


def size(task: ExportTask, bytes_per_weight: int) -> int:
    """Bytes of the merged weights."""
    if METHODS[task.plan.method].learns == "everything":
        return sum(path.stat().st_size for path in _model_files(task.best))
    return read_facts(task.plan.model).parameters * bytes_per_weight


def write(task: ExportTask, loaded: "Loaded", into: Path, emit: Emit, stopping: Flag) -> None:
    """Write plain weights and configuration; uses the loaded model up.

    Raises:
        Stopped: `stopping` was set.
    """
    from core.backend.tokens import stop_ids

    generation = None if loaded.labels else loaded.model.generation_config
    method = METHODS[task.plan.method]
    if method.learns == "everything":
        _copy(task.best, into, emit, stopping)
    else:
        emit(Advanced(what="Merging", done=0, total=0))
        model = loaded.model
        if method.has_adapter:
            model = _merge(model, task.best, quantised=loaded.quantised)
        if stopping.is_set():
            raise Stopped
        emit(Advanced(what="Writing the merged model", done=0, total=1))
        # Each file is copied in memory before it is written: small files keep the peak near the weights themselves.
        model.save_pretrained(str(into), max_shard_size=_SHARD)
        emit(Advanced(what="Writing the merged model", done=1, total=1))
    if generation is None:
        return
    # Answers ended with the chat template's own mark in training; who generates with the export must stop there too.
    generation.eos_token_id = stop_ids(loaded.tokenizer, loaded.model)
    generation.save_pretrained(str(into))


def let_go(loaded: "Loaded") -> None:
    """Give back the memory of weights that are on disk by now, so that the process which converts them has it."""
    import torch

    for weights in loaded.model.parameters():
        weights.data = torch.empty(0, dtype=weights.dtype, device=weights.device)


def _merge(model: Any, best: Path, *, quantised: bool) -> Any:  # noqa: ANN401 - peft has no types
    """Fold the adapter into the weights.

    4-bit weights are turned back into full numbers first and the adapter is merged into those: it was trained beside
    exactly these values, and merging into 4 bits, or into the original weights, gives another model.
    """
    if not quantised:
        return model.merge_and_unload(safe_merge=True)
    from peft import PeftModel

    model = PeftModel.from_pretrained(model.unload().dequantize(), str(best), local_files_only=True)
    return _turn_back(model.merge_and_unload(safe_merge=True))


def _turn_back(model: Any) -> Any:  # noqa: ANN401 - transformers has no types
    """Lay weights as the model's own class has them: GPT-2 holds (inputs, outputs), which quantising had transposed."""
    import torch
    from transformers.pytorch_utils import Conv1D

    with torch.device("meta"):
        plain = type(model)(model.config)
    for name, own in plain.named_modules():
        linear = model.get_submodule(name)
        if not isinstance(own, Conv1D) or isinstance(linear, Conv1D):
            continue
        own.weight = torch.nn.Parameter(linear.weight.detach().t().contiguous(), requires_grad=False)
        own.bias = linear.bias
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, own)
    return model


def _copy(best: Path, into: Path, emit: Emit, stopping: Flag) -> None:
    files = _model_files(best)
    for done, path in enumerate(files):
        emit(Advanced(what="Copying the tuned model", done=done, total=len(files)))
        if stopping.is_set():
            raise Stopped
        shutil.copyfile(path, into / path.name)


def _model_files(best: Path) -> list[Path]:
    return sorted({path for pattern in _MODEL_FILES for path in best.glob(pattern)})


def _loading(plan: Plan, base_model: str) -> str:  # noqa: ARG001 - it needs no base model
    kind = auto_class(plan)
    return "\n".join(
        [
            f"from transformers import {kind}, AutoTokenizer",
            "",
            f'model = {kind}.from_pretrained(folder, dtype="auto").eval()',
            "tokenizer = AutoTokenizer.from_pretrained(folder)",
        ]
    )


def _commands(plan: Plan, base_model: str) -> dict[str, str]:  # noqa: ARG001 - it needs no base model
    if plan.head == "class":
        return {}
    return {"transformers": "transformers serve FOLDER", "vLLM": "vllm serve FOLDER"}


EXPORTER = Exporter(
    name="merged",
    title="Merged model",
    when="it shall run anywhere, or be converted further: one folder that holds everything",
    needs="the transformers library, or any program that reads its folders",
    available=available,
    instead="Choose 'adapter', and load it beside the base model.",
    size_bytes=size,
    write=write,
    loading=_loading,
    commands=_commands,
)
