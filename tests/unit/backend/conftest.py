"""A tiny model and tokenizer, made once; plans and rows that train in a second."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from core.backend.train import TrainTask
from core.dataset.choice import DataChoice
from core.dataset.example import Example, Split, Turn
from core.events import Event
from core.strategy.plan import Plan

CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
COLOURS = ("red", "green", "blue")

RATES = {"ia3": 5e-2, "norms": 5e-2, "prompt": 1e-1, "prefix": 1e-1, "oft": 2e-2}
"""Of the methods of few weights: a model of random weights has little for them to steer."""


def example(row: int, long: bool = False) -> Example:
    colour = COLOURS[row % 3]
    filler = "the quick fox jumps over a lazy dog " * (row % 4 + (40 if long else 0))
    return Example(row, (Turn("user", f"Name the colour. {filler}It is {colour} number {row}."),), colour, colour)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    tokens = Tokenizer(models.BPE(unk_token=None))
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    special = ["<|pad|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokens.train_from_iterator([e.prompt + " " + e.answer for e in map(example, range(60))], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokens, eos_token="<|end|>", pad_token="<|pad|>", chat_template=CHAT, padding_side="left"
    )


@pytest.fixture(scope="session")
def tiny(tmp_path_factory, tokenizer) -> Path:
    """Folder of a Llama of two layers with random weights."""
    folder = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(3)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            attention_bias=True,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def split() -> Split:
    rows = [example(i) for i in range(40)]
    return Split(tuple(rows[:24]), tuple(rows[24:32]), tuple(rows[32:]))


@pytest.fixture
def make_plan(tiny):
    def make(**values: Any) -> Plan:
        data = DataChoice(name="colours", source="colours", sha256="0" * 64, format="labelled_text", mapping={})
        wanted = {
            "model": str(tiny),
            "method": "lora",
            "epochs": 2,
            "learning_rate": 5e-3,
            "max_length": 128,
            "precision": "fp32",
        }
        return Plan(data=data, **(wanted | values))

    return make


@dataclass
class Told:
    """What a run has said, and a hook that sees each event as it is said."""

    events: list[Event] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    hook: Any = None

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if self.hook:
            self.hook(event)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def make_task(tmp_path, monkeypatch, make_plan, split):
    """A task whose rows are `split`, without any file of data."""

    def make(resume: bool = False, rows: Split = split, folder: str = "run", **values: Any) -> TrainTask:
        monkeypatch.setattr("core.backend.train.load", lambda choice, home, seed: rows)
        return TrainTask(make_plan(**values), tmp_path, tmp_path / folder, resume)

    return make
