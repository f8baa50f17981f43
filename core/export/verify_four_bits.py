"""The fresh process that loads 4-bit weights with transformers, as anybody would, and answers held-out rows with them.

Run as `python -m core.export.verify_four_bits FOLDER`; see `core.export.fresh`.
"""

import json
from pathlib import Path
from typing import Any

from core.export.fresh import answer_with


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the model in the folder `export` makes of each row."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, device = request["export"], request["device"]
    wishes: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
    if _layout(folder) == "gptq":
        from transformers import AutoRoundConfig

        wishes["quantization_config"] = AutoRoundConfig()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto", device_map={"": device}, **wishes).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return {"rows": [_row(model, tokenizer, row, request) for row in request["rows"]]}


def _layout(folder: str) -> str:
    config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    return str(config["quantization_config"]["quant_method"])


def _row(model: Any, tokenizer: Any, row: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    loss, choices = _read(model, row["ids"], row["prompt"])
    told = {"loss": loss, "choices": choices, "written": [], "same_text": True, "same_ids": True}
    if not row["turns"]:
        return told
    prompt = row["ids"][: row["prompt"]]
    if request["templated"]:
        text = tokenizer.apply_chat_template(row["turns"], tokenize=False, add_generation_prompt=True)
        told["same_text"] = text == row["text"]
    # As the loading lines do it: a template writes its own marks.
    ids = tokenizer(row["text"], add_special_tokens=not request["templated"])["input_ids"]
    told["same_ids"] = list(ids) == prompt
    told["written"] = _written(model, prompt, request, row["most"])
    return told


def _read(model: Any, ids: list[int], prompt: int) -> tuple[float, list[int]]:  # noqa: ANN401
    """Loss of the right answer, summed, in nats; and the likeliest token at each of its places."""
    import torch

    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).logits
    at = logits[0, prompt - 1 : len(ids) - 1].float()
    right = torch.tensor(ids[prompt:], device=at.device)
    return float(torch.nn.functional.cross_entropy(at, right, reduction="sum")), at.argmax(-1).tolist()


def _written(model: Any, prompt: list[int], request: dict[str, Any], most: int) -> list[int]:  # noqa: ANN401
    import torch

    given = torch.tensor([prompt], device=model.device)
    with torch.no_grad():
        (ids,) = model.generate(
            input_ids=given,
            attention_mask=torch.ones_like(given),
            do_sample=False,
            num_beams=1,
            max_new_tokens=most,
            eos_token_id=request["stops"],
            pad_token_id=request["stops"][0],
            repetition_penalty=request["penalty"],
        ).tolist()
    answer = ids[len(prompt) :]
    ends = [place for place, token in enumerate(answer) if token in request["stops"]]
    return [int(token) for token in answer[: ends[0] if ends else None]]


if __name__ == "__main__":
    answer_with(answer)
