"""Turn the last checkpoint into the files that everybody else loads."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import network
import pretrain
import torch
import vocabulary
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerBase,
)

LARGEST = 16 * 2**20
"""Bytes of all model files together."""
SHOWN = (
    "Classify the text.\n\nI lost my card on the bus, please send me another one.",
    "Continue the text.\n\nThis Agreement shall be governed by",
    "Give me three words that rhyme with day.",
)


def read_facts(work: Path) -> dict[str, Any]:
    """Return what the stages have noted so far."""
    path = work / "facts.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def write(work: Path, out: Path, model: LlamaForCausalLM) -> None:
    """Write the model folder beside `out`, load it again as a user would, then move file by file.

    Raises:
        ValueError: The files are too large to ship.
    """
    out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=".starter-"))
    try:
        vocabulary.save(work / "tokenizer.model", folder, network.CONTEXT)
        model = model.to(torch.bfloat16).eval()
        model.config._attn_implementation = "sdpa"
        model.generation_config = GenerationConfig(
            bos_token_id=1, eos_token_id=2, pad_token_id=3, do_sample=False, max_new_tokens=128, repetition_penalty=1.1
        )
        model.save_pretrained(folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        if size > LARGEST:
            raise ValueError(
                f"The model takes {size / 2**20:.1f} MiB, more than the {LARGEST / 2**20:.0f} that can be shipped."
            )
        tokenizer = AutoTokenizer.from_pretrained(folder)
        loaded = AutoModelForCausalLM.from_pretrained(folder, dtype="auto").eval()
        shown = {prompt: answer(loaded, tokenizer, prompt) for prompt in SHOWN}
        facts = {"bytes": size, "parameters": sum(weight.numel() for weight in loaded.parameters()), "shown": shown}
        pretrain.note(work / "facts.json", facts)
        for path in folder.iterdir():
            path.chmod(0o644)
            path.replace(out / path.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@torch.no_grad()
def answer(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, prompt: str) -> str:
    """Return the greedy answer to `prompt`."""
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    ids = model.generate(**asked, max_new_tokens=60)[0, asked["input_ids"].shape[1] :]
    return str(tokenizer.decode(ids, skip_special_tokens=True)).strip()
