"""The fresh process: load an export as anybody would, and compare its logits with those it was given.

Run as `python -m core.export.verify FOLDER`; the folder holds `request.json` and `logits`, and gets `answer.json`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from core.export.fresh import end_with_parent


def head_logits(model: Any, ids: list[int], device: Any) -> Any:  # noqa: ANN401 - torch has no place here
    """What a classification head makes of the row, (classes), in fp32 on the processor."""
    import torch

    given = torch.tensor([ids], device=device)
    with torch.no_grad():
        return model(input_ids=given, attention_mask=torch.ones_like(given)).logits[0].float().cpu()


def last_logits(model: Any, ids: list[int], device: Any, positions: int) -> Any:  # noqa: ANN401 - as above
    """Logits of the row's last positions, (positions, vocabulary), in fp32 on the processor."""
    import torch

    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids], device=device), use_cache=False).logits
    return logits[0, -positions:].float().cpu()


def load_export(request: dict[str, Any]) -> Any:  # noqa: ANN401
    """The exported model, loaded with transformers and, for an adapter, peft."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification, BitsAndBytesConfig

    kind = AutoModelForSequenceClassification if request["head"] else AutoModelForCausalLM
    wishes: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
    if request["exporter"] != "adapter":
        model = kind.from_pretrained(request["export"], dtype="auto", **wishes)
        return model.to(request["device"]).eval()
    if request["bottleneck"]:
        from core.backend import bottleneck

        bottleneck.register()
    from peft import PeftModel

    if request["quantisation"]:
        wishes["quantization_config"] = BitsAndBytesConfig(**request["quantisation"])
        wishes["device_map"] = {"": request["device"]}
    if request["head"]:
        wishes["config"] = AutoConfig.from_pretrained(request["export"], local_files_only=True)  # it names the labels
    base = kind.from_pretrained(request["base"], dtype=request["dtype"], **wishes)
    if not request["quantisation"]:
        base.to(request["device"])
    elif request["device"] == "cpu":
        # As the loading lines do: bitsandbytes would round once more in a processor's kernels.
        base = base.dequantize()
    return PeftModel.from_pretrained(base, request["export"], local_files_only=True).eval()


def measure(folder: Path) -> float:
    """The largest difference of a logit between the export and what `folder` holds."""
    from safetensors.torch import load_file

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    expected = load_file(folder / "logits")
    model = load_export(request)
    largest = 0.0
    for index, ids in enumerate(request["rows"]):
        wanted = expected[str(index)]
        device = request["device"]
        said = head_logits(model, ids, device) if request["head"] else last_logits(model, ids, device, len(wanted))
        largest = max(largest, float((said - wanted).abs().max()))
    return largest


if __name__ == "__main__":
    end_with_parent()
    place = Path(sys.argv[1])
    (place / "answer.json").write_text(json.dumps({"difference": measure(place)}), encoding="utf-8")
