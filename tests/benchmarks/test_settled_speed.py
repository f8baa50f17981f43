"""Writing with weights that lie in bf16 against weights that autocast rounds anew with each word.

`pytest -m benchmark -s tests/benchmarks/test_settled_speed.py` prints processor seconds of interleaved rounds, random
weights in the shapes of SmolLM-135M and Qwen2.5-0.5B (with a smaller vocabulary). Both write the same words.
"""

import copy
import os
import statistics
import time

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from core.backend.devices import Device
from core.backend.model import Loaded
from core.backend.settling import settle

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]
ROUNDS = int(os.environ.get("FEWTUNE_ROUNDS", "3"))
PROMPT, NEW = 64, 12
SHAPES = {"135M": (576, 30, 1536, 9, 3, 49_152), "0.5B": (896, 24, 4864, 14, 2, 32_000)}


def made(shape):
    width, layers, inner, heads, shared, words = shape
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        intermediate_size=inner,
        num_attention_heads=heads,
        num_key_value_heads=shared,
        vocab_size=words,
        tie_word_embeddings=True,
    )
    return Loaded(LlamaForCausalLM(config).eval(), None, Device(torch.device("cpu"), "CPU"), "bf16")


def written(loaded, rows):
    """Processor seconds, and the words."""
    ids = torch.randint(5, 1000, (rows, PROMPT), generator=torch.Generator().manual_seed(1))
    began = time.process_time()
    with torch.no_grad(), loaded.autocast():
        out = loaded.model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, min_new_tokens=NEW, do_sample=False,
            pad_token_id=0,
        )  # fmt: skip
    return time.process_time() - began, out


@pytest.mark.parametrize("size", SHAPES)
def test_settled_weights_write_the_same_words_in_less_time(size, capsys):
    cast = made(SHAPES[size])
    settled = settle(copy.deepcopy(cast))
    for rows in (1, 8):
        written(cast, rows), written(settled, rows)
        times = {"cast": [], "settled": []}
        for _ in range(ROUNDS):
            (one, before), (other, after) = written(cast, rows), written(settled, rows)
            times["cast"].append(one)
            times["settled"].append(other)
            assert torch.equal(before, after)
        first, second = (statistics.median(found) for found in times.values())
        with capsys.disabled():
            print(f"\n{size}, {rows} at a time: {first:.2f} s, settled {second:.2f} s ({first / second:.2f} times)")
        assert second < first
