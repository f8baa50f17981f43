"""Runs for the tests of evaluation and export: real data, a tiny model, trained for real for a few steps."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from core.backend.train import TrainTask, train
from core.dataset.files.source import open_source
from core.dataset.load import choose
from core.events import Event
from core.strategy.methods import METHODS
from core.strategy.plan import Plan

COLOURS = ("red", "green", "blue")
VARIANTS = [
    ("lora", {"init": "pissa"}),
    ("lora", {"init": "pissa", "dora": True}),
    ("lora", {"init": "olora", "rslora": True}),
    ("lora", {"init": "eva"}),
    ("qlora", {"init": "loftq", "quantisation": "fp4", "double_quantisation": False}),
    ("qlora", {"init": "eva", "quantisation": "int8"}),
]
"""Methods with settings that change what is written or what it stands beside."""


@dataclass(frozen=True)
class Run:
    plan: Plan
    home: Path
    folder: Path


@dataclass
class Told:
    """What was said, and a hook that hears each event."""

    events: list[Event] = field(default_factory=list)
    hook: Any = None

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if self.hook:
            self.hook(event)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def rows():
    fillers = ("It was", "They painted it", "Everybody saw it", "The door is", "My coat was", "Her car is")
    return [(f"{fillers[i % 6]} {COLOURS[i % 3]}, house {i}.", COLOURS[i % 3]) for i in range(90)]


def make_tokenizer() -> PreTrainedTokenizerFast:
    tokens = Tokenizer(models.BPE(unk_token=None))
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|pad|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokens.train_from_iterator([f"{text} {label}" for text, label in rows()], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token="<|end|>", pad_token="<|pad|>")


_MADE: dict[str, Any] = {}


def _once(name: str, make: Any) -> Any:
    """Two folders of tests import these fixtures, which makes them two each; training twice takes time."""
    if name not in _MADE:
        _MADE[name] = make()
    return _MADE[name]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    return _once("model", lambda: make_model(tmp_path_factory))


@pytest.fixture(scope="session")
def trained(tmp_path_factory, tiny_model):
    return _once("runs", lambda: make_runs(tmp_path_factory, tiny_model))


def make_model(tmp_path_factory) -> Path:
    """Folder of a Llama of two layers with random weights, and a licence."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    tokenizer = make_tokenizer()
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        attention_bias=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "LICENSE.txt").write_text("Anybody may use this.", encoding="utf-8")
    return folder


def make_runs(tmp_path_factory, tiny_model):
    """A function from a method's name and options to a finished run, made once each."""
    home = tmp_path_factory.mktemp("home")
    file = tmp_path_factory.mktemp("data") / "colours.csv"
    file.write_text("text,label\n" + "\n".join(f'"{text}",{label}' for text, label in rows()), encoding="utf-8")
    data = choose(open_source(file, home))
    made: dict[str, Run] = {}

    def run(method: str, **options: Any) -> Run:
        name = "-".join([method, *(f"{field}-{value}" for field, value in sorted(options.items()))])
        if name not in made:
            # Full tuning learns the task within seconds; of the others it is enough that they change the model.
            rate = 1e-2 if METHODS[method].advised else 1e-1
            pace = {"epochs": 6, "learning_rate": 3e-3} if method == "full" else {"epochs": 1, "learning_rate": rate}
            common = {"data": data, "model": str(tiny_model), "max_length": 96, "precision": "fp32"}
            plan = Plan(method=method, options=options, **common, **pace)
            folder = home / "runs" / name
            folder.mkdir(parents=True)
            train(TrainTask(plan, home, folder, resume=False), Told(), threading.Event())
            made[name] = Run(plan, home, folder)
        return made[name]

    return run


@pytest.fixture
def told() -> Told:
    return Told()
