"""Small real models with random weights, one of each family, and rows to advise on."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable
from pathlib import Path

import pytest

from core.dataset.choice import DataChoice
from core.dataset.example import Example, Split, Turn
from core.strategy.machine import Gpu, Machine
from core.strategy.model_facts import ModelFacts, read_facts

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 88,
    "vocab_size": 120,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
"""A configuration that every family but GPT-2 understands; the families' own head widths stay as they are."""


@pytest.fixture(scope="session")
def save_model(tmp_path_factory) -> Callable[..., Path]:
    """Write a random model of a family into a folder."""

    def save(kind: str, **changes: object) -> Path:
        from transformers import AutoConfig, AutoModelForCausalLM

        folder = tmp_path_factory.mktemp(kind)
        sizes = {name: value for name, value in SIZES.items() if kind != "gpt_neox" or name != "num_key_value_heads"}
        config = AutoConfig.for_model(kind, **sizes | changes)
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
        return folder

    return save


@pytest.fixture(scope="session")
def llama(save_model) -> Path:
    return save_model("llama", attention_bias=True)


@pytest.fixture
def seven_billion() -> ModelFacts:
    """Llama 2 of 7 B parameters, as its configuration describes it."""
    from core.strategy.architectures import FAMILIES, Shape, parameters

    shape = Shape(
        layers=32,
        hidden=4096,
        heads=32,
        kv_heads=32,
        head_dim=128,
        intermediate=11008,
        vocabulary=32000,
        context=4096,
        tied=False,
        raw={},
    )
    return ModelFacts(
        model="meta/llama-7b",
        title="llama-7b",
        architecture="llama",
        parameters=parameters(FAMILIES["llama"], shape),
        layers=shape.layers,
        hidden=shape.hidden,
        heads=shape.heads,
        kv_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        intermediate=shape.intermediate,
        vocabulary=shape.vocabulary,
        context=shape.context,
        tied=False,
        has_chat_template=False,
        torch_dtype="bfloat16",
        weights_gib=12.55,
        linears=FAMILIES["llama"].linears(shape),
        folder=None,
        weights_here=False,
    )


@pytest.fixture
def small(llama) -> ModelFacts:
    return read_facts(str(llama))


@pytest.fixture
def machine() -> Machine:
    return Machine(
        cpu_name="A processor",
        cpu_count=2,
        memory_total_gib=23.5,
        memory_available_gib=20.0,
        disk_free_gib=70.0,
        gpus=(),
        system="Linux",
    )


@pytest.fixture
def gpu_machine(machine) -> Machine:
    from dataclasses import replace

    return replace(machine, gpus=(Gpu("NVIDIA H200", 139.8, 138.0),))


@pytest.fixture
def choice() -> DataChoice:
    return DataChoice(name="clauses", source="abc", sha256="0" * 64, format="labelled_text", mapping={"text": "text"})


@pytest.fixture
def rows() -> Callable[..., Split]:
    """A split with this many rows that are not held out for the test."""

    def make(count: int, words: int = 12) -> Split:
        def example(row: int) -> Example:
            text = " ".join(f"word{row % 7}" for _ in range(words))
            return Example(row, (Turn("user", f"Classify the text.\n\n{text}"),), "yes", "yes")

        examples = tuple(example(row) for row in range(1, count + 1))
        held = max(1, count // 10)
        return Split(examples[held:], examples[:held], ())

    return make
