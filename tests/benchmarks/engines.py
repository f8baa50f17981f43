"""One epoch of the same rows on the same start weights, by one engine, in a process of its own.

`python -m tests.benchmarks.engines FOLDER ENGINE METHOD PRECISION` prints JSON: real tokens per processor second (wall
second on a GPU), the most memory in MiB, and the loss of each optimizer step. `FOLDER` holds a model that
`save_model` wrote.
"""

import json
import math
import random
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from core.backend.tokens import Encoded
from core.strategy.plan import Plan
from tests.unit.strategy.memory_probe import Case, plan_of

ROWS, ROWS_PER_STEP, WORDS = 64, 8, 60
SHORTEST, LONGEST = 16, 496
PEERS: dict[str, dict[str, Any]] = {
    "trl": {},
    "trl_grouped": {"train_sampling_strategy": "group_by_length"},
    "trl_padding_free": {"padding_free": True, "max_length": None},
    "trl_packing": {"packing": True, "max_length": 512, "per_device_train_batch_size": 2},
}
ENGINES = ("ours", "ours_padded", "loop", "loop_sorted", *PEERS)


def rows() -> list[Encoded]:
    """Lengths as limited data have them, log-uniform; the last third of a row is its answer."""
    dice = random.Random(5)
    lengths = [round(math.exp(dice.uniform(math.log(SHORTEST), math.log(LONGEST)))) for _ in range(ROWS)]
    return [Encoded([dice.randrange(3, WORDS) for _ in range(n)], n - n // 3, truncated=False) for n in lengths]


def plan_for(folder: Path, method: str, precision: str) -> Plan:
    """What all engines do: eight rows per step, one epoch, a rate that falls evenly, nothing held back."""
    case = Case("llama", method, precision=precision, batch=ROWS_PER_STEP, length=512)
    changes = {"schedule": "linear", "warmup_share": 0.0, "learning_rate": 1e-4}
    return plan_of(case, folder).model_copy(update=changes)


def ours(plan: Plan, folder: Path, *, joined: bool = True) -> tuple[Callable[[], object], list[float]]:
    """A run of the product, without validations and checkpoints."""
    from core.backend.keeper import Keeper
    from core.backend.model import load_for
    from core.backend.pace import Clock, Pace
    from core.backend.reporter import Reporter
    from core.backend.rows import Layout, choose_layout
    from core.backend.train import ready
    from core.backend.trainer import RowTrainer, Work
    from core.events import StepTaken
    from core.strategy.methods import METHODS

    losses: list[float] = []

    def listen(event: object) -> None:
        if isinstance(event, StepTaken):
            losses.append(event.loss or math.nan)

    loaded, given = load_for(plan), rows()
    joins = joined and METHODS[plan.method].joins_rows
    layout = choose_layout(loaded.model, given) if joins else Layout(joined=False)
    pace = Pace.of(len(given), ROWS_PER_STEP, 1)
    work = Work(plan, folder, ready(loaded, plan), given, given[:1], layout, pace, Clock())
    reporter = Reporter(listen, threading.Event(), pace, work.clock)
    trainer = RowTrainer(work, Keeper(folder, listen, 99, loaded.tokenizer), reporter, lambda: False)
    reporter.trainer = trainer
    reporter._pace = Pace(pace.steps_per_epoch, -1, 10**9)
    return trainer.train, losses


def _peer_model(plan: Plan) -> Any:
    """The same weights with the same method, as someone would load them with plain transformers."""
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    from core.backend.bottleneck import register
    from core.backend.trainer import seed_everything
    from core.strategy.methods import METHODS, read_options

    register()
    method = METHODS[plan.method]
    extra: dict[str, Any] = {}
    if method.quantised:
        product = torch.bfloat16 if plan.precision == "bf16" else torch.float32
        extra["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=product
        )
    model = AutoModelForCausalLM.from_pretrained(plan.model, dtype=torch.float32, attn_implementation="sdpa", **extra)
    if torch.cuda.is_available():
        model.to("cuda")
    seed_everything(plan.seed)
    return method.prepare(model, read_options(plan.method, plan.options))


def trl(plan: Plan, folder: Path, settings: dict[str, Any]) -> tuple[Callable[[], object], list[float]]:
    """TRL's trainer with its defaults but for checkpointing, which is off, and what `settings` change."""
    from datasets import Dataset
    from transformers import AutoTokenizer, TrainerCallback
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    losses: list[float] = []

    class Listen(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if "loss" in (logs or {}):
                losses.append(float(logs["loss"]))

    data = Dataset.from_dict(
        {
            "input_ids": [row.input_ids for row in rows()],
            "labels": [[-100] * row.prompt_length + row.input_ids[row.prompt_length :] for row in rows()],
        }
    )
    common: dict[str, Any] = {"per_device_train_batch_size": ROWS_PER_STEP, "max_length": 512}
    if not settings.get("packing"):
        common["dataset_kwargs"] = {"skip_prepare_dataset": True}
    arguments = SFTConfig(
        output_dir=str(folder),
        num_train_epochs=1,
        learning_rate=plan.learning_rate,
        lr_scheduler_type="linear",
        gradient_checkpointing=False,
        bf16=plan.precision == "bf16",
        use_cpu=not torch.cuda.is_available(),
        seed=plan.seed,
        data_seed=plan.seed,
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
        **(common | settings),
    )
    tokenizer = AutoTokenizer.from_pretrained(plan.model)
    trainer = SFTTrainer(
        model=_peer_model(plan), args=arguments, train_dataset=data, processing_class=tokenizer, callbacks=[Listen()]
    )
    for weights in trainer.model.parameters():
        if weights.requires_grad:  # TRL rounds those of QLoRA to bf16, which is other work, with another loss.
            weights.data = weights.data.float()
    return trainer.train, losses


def loop(plan: Plan, *, by_length: bool) -> tuple[Callable[[], object], list[float]]:
    """What someone writes by hand: batches padded to their longest row, the loss as the model gives it."""
    model, given, losses = _peer_model(plan), rows(), []
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=plan.learning_rate)

    def batches() -> Iterator[list[Encoded]]:
        order = list(given)
        random.Random(plan.seed).shuffle(order)
        if by_length:
            order.sort(key=lambda row: len(row.input_ids))
        for start in range(0, len(order), ROWS_PER_STEP):
            yield order[start : start + ROWS_PER_STEP]

    def run() -> None:
        model.train()
        for batch in batches():
            longest = max(len(row.input_ids) for row in batch)
            ids = torch.zeros(len(batch), longest, dtype=torch.long)
            labels, mask = torch.full_like(ids, -100), torch.zeros_like(ids)
            for place, row in enumerate(batch):
                size = len(row.input_ids)
                ids[place, :size] = torch.tensor(row.input_ids)
                labels[place, row.prompt_length : size] = ids[place, row.prompt_length : size]
                mask[place, :size] = 1
            mixed = torch.autocast(device.type, torch.bfloat16) if plan.precision == "bf16" else nullcontext()
            with mixed:
                loss = model(input_ids=ids.to(device), attention_mask=mask.to(device), labels=labels.to(device)).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())

    return run, losses


def build(engine: str, plan: Plan, folder: Path) -> tuple[Callable[[], object], list[float]]:
    """The engine's loop, ready to be called once, and where its losses will stand."""
    if engine in PEERS:
        return trl(plan, folder, PEERS[engine])
    if engine.startswith("loop"):
        return loop(plan, by_length=engine == "loop_sorted")
    return ours(plan, folder, joined=engine == "ours")


def peak_mib() -> float:
    """The most memory so far: of torch's allocator on a GPU, else of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    # Not ru_maxrss, which a process inherits from the one that started it.
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def seconds() -> float:
    """Of this process on a processor, of the clock on a GPU."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main(model: Path, engine: str, method: str, precision: str) -> dict[str, Any]:
    """Run it."""
    from core.backend.model import quiet

    quiet()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        run, losses = build(engine, plan_for(model, method, precision), Path(folder))
        began = seconds()
        run()
        spent = seconds() - began
    tokens = sum(len(row.input_ids) for row in rows())
    return {"tokens_per_second": tokens / spent, "peak_mib": peak_mib(), "losses": losses}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), *sys.argv[2:])))
