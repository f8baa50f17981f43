"""Training against TRL with its defaults, checkpointing off: real tokens per processor second, interleaved."""

import random
import resource
import statistics

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from core.backend.devices import Device, Precision
from core.backend.keeper import Keeper
from core.backend.model import Loaded, quiet
from core.backend.pace import Clock, Pace
from core.backend.reporter import Reporter
from core.backend.rows import ATTENTION, Layout
from core.backend.tokens import Encoded
from core.backend.trainer import RowTrainer, Work
from core.dataset.choice import DataChoice
from core.strategy.plan import Plan

ROWS, ROUNDS = 40, 3


def _rows() -> list[Encoded]:
    """Short rows like those of clause classification: about 60 tokens, the last three the answer."""
    dice = random.Random(5)
    lengths = [int(min(200, max(20, dice.lognormvariate(4.0, 0.4)))) for _ in range(ROWS)]
    return [Encoded([dice.randrange(5, 4096) for _ in range(n)], n - 3, truncated=False) for n in lengths]


def _model(attention: str):
    torch.manual_seed(0)
    base = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=4096,
            hidden_size=256,
            intermediate_size=768,
            num_hidden_layers=6,
            num_attention_heads=4,
            num_key_value_heads=4,
            tie_word_embeddings=False,
            attn_implementation=attention,
        )
    )
    return get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"))


@pytest.fixture(scope="module")
def tokenizer():
    from tokenizers import Tokenizer, models

    words = {f"t{i}": i for i in range(4096)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="t0")), pad_token="t1", eos_token="t2"
    )


def _ours(rows, tokenizer, folder, precision: Precision):
    import threading

    data = DataChoice(name="x", source="x", sha256="0" * 64, format="chat", mapping={})
    plan = Plan(data=data, model="x", method="lora", epochs=1, batch_size=8, learning_rate=1e-4)
    loaded = Loaded(_model(ATTENTION), tokenizer, Device(torch.device("cpu"), "CPU"), precision)
    pace = Pace.of(len(rows), 8, 1)
    work = Work(plan, folder, loaded, rows, rows[:1], Layout(joined=True), pace, Clock())
    said = []
    reporter = Reporter(said.append, threading.Event(), pace, work.clock)
    trainer = RowTrainer(work, Keeper(folder, said.append, 99, tokenizer), reporter, lambda: False)
    reporter.trainer = trainer
    reporter._pace = Pace(pace.steps_per_epoch, -1, 10**9)  # training alone: no validation
    return trainer


def _theirs(rows, tokenizer, folder):
    data = Dataset.from_dict(
        {
            "input_ids": [row.input_ids for row in rows],
            "labels": [[-100] * row.prompt_length + row.input_ids[row.prompt_length :] for row in rows],
        }
    )
    arguments = SFTConfig(
        output_dir=str(folder),
        num_train_epochs=1,
        per_device_train_batch_size=8,
        learning_rate=1e-4,
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
        dataset_kwargs={"skip_prepare_dataset": True},
    )
    return SFTTrainer(model=_model("sdpa"), args=arguments, train_dataset=data, processing_class=tokenizer)


def _speed(trainer, tokens: int) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF)
    trainer.train()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return tokens / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


@pytest.mark.benchmark
@pytest.mark.timeout(1800)
def test_training_is_faster_than_plain_trl(tokenizer, tmp_path, capsys):
    quiet()
    torch.set_num_threads(1)
    rows = _rows()
    tokens = sum(len(row.input_ids) for row in rows)
    speeds: dict[str, list[float]] = {"TRL": [], "ours, fp32": [], "ours, bf16": []}
    for _ in range(ROUNDS):
        speeds["TRL"].append(_speed(_theirs(rows, tokenizer, tmp_path), tokens))
        speeds["ours, fp32"].append(_speed(_ours(rows, tokenizer, tmp_path, "fp32"), tokens))
        speeds["ours, bf16"].append(_speed(_ours(rows, tokenizer, tmp_path, "bf16"), tokens))
    peer = statistics.median(speeds["TRL"])
    with capsys.disabled():
        for name, found in speeds.items():
            middle = statistics.median(found)
            print(
                f"\n{name}: {middle:.0f} real tokens per CPU second "
                f"[{min(found):.0f}-{max(found):.0f}], {middle / peer:.2f} times TRL",
                end="",
            )
    assert statistics.median(speeds["ours, fp32"]) > peer
