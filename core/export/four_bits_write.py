"""The fresh process that rounds a merged folder to 4 bits with AutoRound.

Run as `python -m core.export.four_bits_write FOLDER`; see `core.export.fresh`.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from core.export.fresh import answer_with

_KEPT = ("config.json", "quantization_config.json", "*.safetensors", "model.safetensors.index.json")
"""What becomes part of the export. AutoRound also copies what lies beside a model, programs among it."""


def write(request: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `out` from the folder `model`; the answer holds a `problem` where that cannot be."""
    import torch
    from auto_round import AutoRound
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _report(Path(request["progress"]))
    source, out = request["model"], Path(request["out"])
    tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True, trust_remote_code=False)
    model = AutoModelForCausalLM.from_pretrained(
        source, dtype="auto", local_files_only=True, use_safetensors=True, trust_remote_code=False
    )
    rows = [torch.tensor([ids]) for ids in request["rows"]]
    rounding = AutoRound(
        model,
        tokenizer,
        scheme="W4A16",
        group_size=request["group"],
        sym=True,
        iters=request["rounds"],
        dataset=rows,
        nsamples=len(rows),
        seqlen=rows[0].shape[1],
        batch_size=min(8, len(rows)),
        device_map=request["device"],
        low_cpu_mem_usage=False,  # would lay weights aside on another disk
        enable_torch_compile=False,  # wants a C++ compiler
        seed=request["seed"],
    )
    with tempfile.TemporaryDirectory(prefix=".rounded-", dir=out) as name:
        rounding.quantize_and_save(name, format=request["layout"])
        found = sorted(path.parent for path in Path(name).rglob("config.json"))
        if not found:
            return {"problem": "AutoRound wrote no model."}
        for path in sorted({path for pattern in _KEPT for path in found[0].glob(pattern)}):
            shutil.copyfile(path, out / path.name)
    _halve(out)
    return {"problem": ""}


def _halve(out: Path) -> None:
    """Hold what is not rounded in 16 bits, as servers do; on a processor AutoRound works in 32."""
    import torch
    from safetensors.torch import load_file, save_file

    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    if config["dtype"] not in {"float16", "bfloat16"}:
        config["dtype"] = "bfloat16"
    for path in out.glob("*.safetensors"):
        tensors = load_file(path)
        for name, tensor in tensors.items():
            if tensor.dtype == torch.float32:
                tensors[name] = tensor.to(getattr(torch, config["dtype"]))
        save_file(tensors, path, metadata={"format": "pt"})
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _report(file: Path) -> None:
    """Let `file` say how many of the model's blocks are done, of how many, as AutoRound's own bar shows it."""
    from tqdm import tqdm

    advance = tqdm.update

    def update(bar: Any, n: float = 1) -> Any:  # noqa: ANN401
        told = advance(bar, n)
        if bar.desc.startswith("Quantizing"):
            file.write_text(f"{bar.n} {bar.total}", encoding="utf-8")
        return told

    tqdm.update = update


if __name__ == "__main__":
    answer_with(write)
