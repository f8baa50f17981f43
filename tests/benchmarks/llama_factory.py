"""One epoch of the rows of `engines` by LLaMA-Factory, in an environment of its own, as its needs and ours differ.

`PYTHON tests/benchmarks/llama_factory.py TASK.json` prints what `engines` prints. The task holds `model`, `method`
(lora, qlora or full), `precision`, `rank`, `learning_rate`, `rows_per_step`, `rows` (token ids and length of the
prompt), and `settings`, which are LLaMA-Factory's own. What was measured: 0.9.5 with transformers 5.6.0, peft 0.18.1
and trl 0.24.0, `DISABLE_VERSION_CHECK=1`, without torchvision, and an empty module in the place of torchaudio.
"""

import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, DatasetDict
from llamafactory.train.tuner import run_exp
from transformers import TrainerCallback


class Watch(TrainerCallback):
    """Processor seconds from the first step on, and the loss of each step."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.spent = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.spent = -used()

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.spent += used()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if "loss" in (logs or {}):
            self.losses.append(float(logs["loss"]))


def used() -> float:
    """Processor seconds of this process."""
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime


def settings_of(task: dict[str, Any], rows: Path, out: Path) -> dict[str, Any]:
    """LLaMA-Factory's arguments for the task."""
    settings = {
        "model_name_or_path": task["model"],
        "stage": "sft",
        "do_train": True,
        "template": "empty",
        "dataset": "rows",  # must be named, and is not read: the rows have their tokens already
        "tokenized_path": str(rows),
        "cutoff_len": 512,
        "output_dir": str(out),
        "finetuning_type": "full" if task["method"] == "full" else "lora",
        "per_device_train_batch_size": task["rows_per_step"],
        "gradient_accumulation_steps": 1,
        "num_train_epochs": 1.0,
        "learning_rate": task["learning_rate"],
        "lr_scheduler_type": "linear",
        "bf16": task["precision"] == "bf16",
        "use_cpu": True,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
    }
    if task["method"] != "full":
        settings |= {"lora_rank": task["rank"], "lora_target": "all"}
    if task["method"] == "qlora":
        settings |= {"quantization_bit": 4, "quantization_method": "bnb", "double_quantization": True}
    return settings | task["settings"]


def main(task: dict[str, Any]) -> dict[str, Any]:
    """Run it."""
    torch.set_num_threads(1)
    rows = [
        {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": [-100] * prompt + ids[prompt:]}
        for ids, prompt in task["rows"]
    ]
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "rows"
        DatasetDict({"train": Dataset.from_list(rows)}).save_to_disk(str(kept))
        run_exp(settings_of(task, kept, Path(folder) / "out"), callbacks=[watch])
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    tokens = sum(len(ids) for ids, _ in task["rows"])
    return {"tokens_per_second": tokens / watch.spent, "peak_mib": peak, "losses": watch.losses}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
