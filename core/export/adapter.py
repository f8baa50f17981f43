"""The small file: what training added, to be put beside the base model."""

import json
import shutil
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from core.events import Advanced, Emit
from core.export.exporter import Exporter, ExportTask, auto_class
from core.export.facts import public_name
from core.strategy.methods import METHODS
from core.strategy.methods.targets import HEADS
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.model import Loaded

_CONFIG = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_LABELS = "config.json"


def _available(plan: Plan) -> str:
    method = METHODS[plan.method]
    if method.has_adapter:
        return ""
    return f"{method.title} changed weights of the base model itself, so there is no adapter to hand over."


def _size(task: ExportTask, bytes_per_weight: int) -> int:  # noqa: ARG001 - the weights are there already, as they are
    return sum((task.best / name).stat().st_size for name in (_CONFIG, _WEIGHTS))


def _write(task: ExportTask, loaded: "Loaded", into: Path, emit: Emit, stopping: Flag) -> None:  # noqa: ARG001
    emit(Advanced(what="Writing the adapter", done=0, total=1))
    shutil.copyfile(task.best / _WEIGHTS, into / _WEIGHTS)
    config = json.loads((task.best / _CONFIG).read_text(encoding="utf-8"))
    # A folder of this machine means nothing on another one.
    config["base_model_name_or_path"] = public_name(task.plan.model)
    (into / _CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if loaded.labels:  # the names of the labels belong to what is handed over
        config = json.loads((task.best / _LABELS).read_text(encoding="utf-8"))
        config.pop("quantization_config", None)
        (into / _LABELS).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    emit(Advanced(what="Writing the adapter", done=1, total=1))


def _loading(plan: Plan, base_model: str) -> str:
    method = METHODS[plan.method]
    lines = [
        *(["import torch"] * method.quantised),
        "from peft import PeftModel",
        f"from transformers import {', '.join(_imported(plan))}",
        *(["from core.backend import bottleneck  # of Fewtune"] * _is_ours(plan)),
        "",
        f"base_model = {base_model!r}",
        *(["config = AutoConfig.from_pretrained(folder)  # it names the labels"] * (plan.head == "class")),
        *(["bottleneck.register()  # tells peft what a bottleneck adapter is"] * _is_ours(plan)),
    ]
    wishes, exact = ", config=config" * (plan.head == "class"), []
    dtype = '"float32"' if method.own_weights else '"auto"'
    if method.quantised:
        lines += _quantised(plan)
        wishes += ", quantization_config=quantised"
        exact = [
            "if not torch.cuda.is_available():",
            "    base = base.dequantize()  # on a processor, quantised layers would round once more",
        ]
    return "\n".join(
        [
            *lines,
            f"base = {auto_class(plan)}.from_pretrained(base_model, dtype={dtype}{wishes})",
            *exact,
            "model = PeftModel.from_pretrained(base, folder).eval()",
            "tokenizer = AutoTokenizer.from_pretrained(folder)",
        ]
    )


def _imported(plan: Plan) -> list[str]:
    quantised = ["BitsAndBytesConfig"] * METHODS[plan.method].quantised
    return [*["AutoConfig"] * (plan.head == "class"), auto_class(plan), "AutoTokenizer", *quantised]


def _commands(plan: Plan, base_model: str) -> dict[str, str]:
    if plan.method != "lora" or plan.head == "class":
        return {}
    return {"vLLM": f'vllm serve "{base_model}" --enable-lora --lora-modules tuned=FOLDER'}


def _is_ours(plan: Plan) -> bool:
    return plan.method == "adapter"


def _quantised(plan: Plan) -> list[str]:
    kind = plan.options.get("quantisation", "nf4")
    # A head's layers learned, which quantised ones cannot.
    whole = f", llm_int8_skip_modules={list(HEADS)}" if plan.head == "class" else ""
    if kind == "int8":
        return [f"quantised = BitsAndBytesConfig(load_in_8bit=True{whole})"]
    return [
        f'quantised = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="{kind}"{whole},',
        f"                               bnb_4bit_use_double_quant={plan.options.get('double_quantisation', True)})",
    ]


EXPORTER = Exporter(
    name="adapter",
    title="Adapter",
    when="the base model is at hand where the result will run, or many tasks share it: the file is small",
    needs="the base model and the peft library",
    available=_available,
    instead="Choose 'merged', which is the whole tuned model.",
    size_bytes=_size,
    write=_write,
    loading=_loading,
    commands=_commands,
)
