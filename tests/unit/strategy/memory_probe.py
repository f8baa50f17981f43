"""What real training steps hold, measured: random models go through the very path that a run takes."""

import gc
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.data import SequentialSampler

from core.backend.keeper import Keeper
from core.backend.model import load_for, quiet
from core.backend.pace import Clock, Pace
from core.backend.reporter import Reporter
from core.backend.rows import choose_layout
from core.backend.tokens import Encoded
from core.backend.train import ready
from core.backend.trainer import RowTrainer, Work
from core.dataset.choice import DataChoice
from core.strategy.machine import Gpu, Machine
from core.strategy.memory import AnswerShares, MemoryForecast, forecast, step_of
from core.strategy.methods import METHODS
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan

MIB = 2**20
WORDS = 64


@dataclass(frozen=True, slots=True)
class Case:
    """A random model, a method and a step."""

    kind: str
    method: str
    options: dict[str, Any] = field(default_factory=dict)
    precision: str = "fp32"
    batch: int = 4
    length: int = 64
    answers: int = 8
    """Per row."""
    recompute: bool = False
    accumulation: int = 1
    sizes: dict[str, int] = field(default_factory=dict)
    head: str = "text"

    def __str__(self) -> str:
        told = ",".join(f"{name}={value}" for name, value in self.options.items())
        extra = f" x{self.accumulation}" * (self.accumulation > 1) + " r" * self.recompute
        return f"{self.kind} {self.method} {told} {self.precision} {self.batch}x{self.length} a{self.answers}{extra}"


SIZES = {
    "hidden_size": 192,
    "num_hidden_layers": 4,
    "num_attention_heads": 6,
    "num_key_value_heads": 3,
    "head_dim": 32,
    "intermediate_size": 512,
    "vocab_size": 2048,
    "max_position_embeddings": 2048,
}
_GPT2 = {
    "hidden_size": "n_embd",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "intermediate_size": "n_inner",
    "vocab_size": "vocab_size",
    "max_position_embeddings": "n_positions",
}
_DISTILBERT = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "hidden_dim": "intermediate_size",
    "vocab_size": "vocab_size",
    "max_position_embeddings": "max_position_embeddings",
}
_NO_HEAD_WIDTH = {"gpt_neox", "phi", "phi3"}


def save_model(case: Case, folder: Path) -> Path:
    """Write a random model of the case's shape, with a tokenizer of single words, into `folder`."""
    from tokenizers import Tokenizer, models
    from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, PreTrainedTokenizerFast

    quiet()
    sizes = SIZES | case.sizes
    if case.kind == "gpt2":
        sizes = {_GPT2[name]: value for name, value in sizes.items() if name in _GPT2}
    if case.kind in _NO_HEAD_WIDTH:
        sizes.pop("head_dim")
    if case.kind == "gpt_neox":
        sizes.pop("num_key_value_heads")
    if case.kind == "distilbert":
        sizes = {new: sizes[old] for new, old in _DISTILBERT.items()}
    config = AutoConfig.for_model(case.kind, **sizes, pad_token_id=0, bos_token_id=1, eos_token_id=2)
    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        kind = AutoModelForCausalLM if case.head == "text" else AutoModel
        kind.from_config(config, dtype=torch.float32).save_pretrained(folder)
    words = Tokenizer(models.WordLevel({f"t{word}": word for word in range(WORDS)}, unk_token="t0"))
    PreTrainedTokenizerFast(tokenizer_object=words, pad_token="t0", eos_token="t2").save_pretrained(folder)
    return folder


def plan_of(case: Case, folder: Path) -> Plan:
    """The case as a plan."""
    return Plan(
        data=DataChoice(name="d", source="s", sha256="0" * 64, format="chat", mapping={}),
        model=str(folder),
        method=case.method,
        options=case.options,
        epochs=1,
        batch_size=case.batch,
        accumulation=case.accumulation,
        max_length=case.length,
        gradient_checkpointing=case.recompute,
        precision=case.precision,
        head=case.head,
    )


def this_machine() -> Machine:
    """The device under measurement; its sizes play no part."""
    gpus = (Gpu(torch.cuda.get_device_name(0), 80, 80),) if torch.cuda.is_available() else ()
    return Machine("A processor", 2, 64, 64, 64, gpus, "Linux")


def predicted(case: Case, folder: Path) -> tuple[MemoryForecast, float, float]:
    """The forecast, and of it the bytes that a forward pass keeps and that a step holds besides the exact parts."""
    plan, facts, machine = plan_of(case, folder), read_facts(str(folder)), this_machine()
    share = case.answers / case.length
    kept = step_of(plan, facts, machine, share).kept()
    told = forecast(plan, facts, machine, answers=AnswerShares(share, share, share))
    moving = sum(told.parts[name] for name in ("gradients", "activations", "copies", "logits", "temporary"))
    return told, kept.activations + kept.copies, moving * 2**30


def trainer_of(case: Case, folder: Path, steps: int, *, mixed: bool = False) -> RowTrainer:
    """A trainer as a run makes it, that neither validates nor saves; `mixed`: all rows but the first are shorter."""
    plan = plan_of(case, folder)
    ids = [3 + place % (WORDS - 3) for place in range(case.length)]
    count = case.batch * case.accumulation * steps
    spare = (case.length - case.answers) // 2 if mixed else 0
    shorter = [random.Random(5 + row).randint(0, spare) if row >= case.batch else 0 for row in range(count)]
    rows = [Encoded(ids[less:], case.length - less - case.answers, truncated=False) for less in shorter]
    if case.head == "class":
        rows = [replace(row, prompt_length=len(row.input_ids), label=place % 2) for place, row in enumerate(rows)]
    loaded = load_for(plan, ("a", "b") if case.head == "class" else ())
    layout = choose_layout(loaded.model, rows, joins=METHODS[plan.method].joins_rows)
    pace = Pace.of(count, plan.rows_per_step, 1)
    work = Work(plan, folder, ready(loaded, plan), rows, rows[:1], layout, pace, Clock())
    stop = threading.Event()
    reporter = Reporter(lambda _: None, stop, work.pace, work.clock)
    trainer = RowTrainer(work, Keeper(folder, lambda _: None, 3, loaded.tokenizer), reporter, stop.is_set)
    trainer._get_train_sampler = lambda *_: SequentialSampler(range(count))
    trainer.evaluate = lambda *_, **__: {}
    trainer._save_checkpoint = lambda *_, **__: None
    reporter.trainer = trainer
    return trainer


def kept_bytes(case: Case, folder: Path) -> int:
    """Bytes that autograd keeps after the forward pass of a step, besides the model, without the logarithms' row."""
    trainer = trainer_of(case, folder, steps=1)
    model = trainer.model
    own = {weights.untyped_storage().data_ptr() for weights in (*model.parameters(), *model.buffers())}
    kept: dict[int, tuple[int, torch.Tensor]] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    measured: list[int] = []
    compute = trainer.compute_loss

    def loss(*args: Any, **kwargs: Any) -> Any:
        with saved_tensors_hooks(keep, lambda tensor: tensor):
            found = compute(*args, **kwargs)
        measured.append(sum(size for size, _ in kept.values()))
        kept.clear()
        return found

    trainer.compute_loss = loss
    trainer.train()
    vocabulary = model.config.get_text_config().vocab_size
    scored = case.answers * case.batch if case.head == "text" else 0
    return measured[-1] - 4 * vocabulary * scored  # these are counted as logits


def held_bytes(case: Case, folder: Path, steps: int = 3) -> int:
    """Most bytes that the steps hold at once, besides weights, adapter and optimizer, by the allocator's own count."""
    trainer = trainer_of(case, folder, steps)
    trained = sum(4 * weights.numel() for weights in trainer.model.parameters() if weights.requires_grad)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        trainer.train()
        return torch.cuda.max_memory_allocated() - before - 2 * trained
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        trainer.train()
    events = [event for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    most = now = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most - 2 * trained


@contextmanager
def saved(case: Case) -> Iterator[Path]:
    """A folder with the case's model."""
    with tempfile.TemporaryDirectory() as folder:
        yield save_model(case, Path(folder))
