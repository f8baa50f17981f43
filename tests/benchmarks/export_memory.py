"""The memory of an export against its forecast: `python -m tests.benchmarks.export_memory SIZE DTYPE EXPORTER...`.

Llamas with random weights, stored in DTYPE, with a LoRA adapter of random weights beside them. Measured is what the
export and the processes that it starts hold together, shared pages once (Linux, PSS), looked at fifty times a second.
Rounding to 4 bits is measured, and forecast, with 16 blocks of rows instead of 128 and one step instead of twenty: that
takes minutes instead of hours.
"""

import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from core.backend.checkpoints import write_folder
from core.dataset.files.source import open_source
from core.dataset.load import choose
from core.export import four_bits
from core.export.exporters import EXPORTERS, ExportTask
from core.export.forecast import forecast
from core.strategy.machine import probe
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan
from tests.unit.export.tuned_runs import make_tokenizer, rows

SIZES = {"50M": (512, 1536, 8), "200M": (1024, 2816, 14), "500M": (1536, 4096, 16)}
"""Width, width within the blocks, blocks."""
MIB = 2**20
CHILD = """
import pickle, sys, threading
from pathlib import Path
from core.export import four_bits
from core.export import four_bits
from core.export.exporters import export
four_bits.ROUNDS, four_bits.BLOCKS = 1, 16
export(pickle.loads(Path(sys.argv[1]).read_bytes()), lambda event: None, threading.Event())
"""


def make(size: str, dtype: str, folder: Path) -> tuple[Plan, Path]:
    """Model and run, made without training."""
    hidden, inner, layers = SIZES[size]
    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=32000,
        hidden_size=hidden,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=hidden // 128,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config).to(getattr(torch, dtype))
    place = folder / "model"
    model.save_pretrained(place)
    tokenizer.save_pretrained(place)
    run = folder / "run"
    tuned = get_peft_model(model, LoraConfig(r=16, target_modules="all-linear", task_type="CAUSAL_LM"))
    write_folder(run / "best", lambda into: tuned.save_pretrained(into))
    file = folder / "colours.csv"
    lines = "\n".join(f'"{text}",{label}' for text, label in rows() * 30)
    file.write_text(f"text,label\n{lines}", encoding="utf-8")
    data = choose(open_source(file, folder / "home"))
    return Plan(method="lora", data=data, model=str(place), precision="fp32", max_length=256), run


def held(process: psutil.Process) -> int:
    """Bytes of the process and all that it started."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def measure(task: ExportTask, folder: Path) -> tuple[int, float]:
    """Peak in bytes, and seconds."""
    (folder / "task").write_bytes(pickle.dumps(task))
    began = time.monotonic()
    command = [sys.executable, "-W", "ignore", "-c", CHILD, str(folder / "task")]
    with (folder / "said").open("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        watched, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            try:
                peak = max(peak, held(watched))
            except psutil.Error:
                break
            time.sleep(0.02)
        if process.wait():
            said.seek(0)
            raise RuntimeError(said.read())
    return peak, time.monotonic() - began


def main() -> None:
    size, dtype, *names = sys.argv[1:]
    four_bits.BLOCKS = 16
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan, run = make(size, dtype, folder)
        facts = read_facts(plan.model)
        for exporter in names:
            task = ExportTask(plan=plan, home=folder / "home", folder=run, exporter=exporter, out=folder / "out")
            told = forecast(EXPORTERS[exporter], task, facts, probe(folder), ()).memory_bytes
            peak, seconds = measure(task, folder)
            model = f"{facts.parameters / 1e6:.0f} M, {dtype}"
            numbers = f"{told / MIB:.0f} | {peak / MIB:.0f} | {peak / told:.2f} | {seconds:.0f}"
            print(f"| {model} | {exporter} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
