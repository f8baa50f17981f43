"""Weights that are kept as the products read them change no answer."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from core.backend.model import load_base, load_tuned
from core.backend.settling import settle
from core.backend.train import train
from core.strategy.methods import METHODS
from tests.unit.backend.conftest import RATES

ROW = torch.tensor([[5, 6, 7, 8, 9, 10]])


def logits(loaded):
    with torch.no_grad(), loaded.autocast():
        return loaded.model(ROW).logits


def in_bf16(model):
    return sum(type(m) is nn.Linear and m.weight.dtype is torch.bfloat16 for m in model.modules())


@pytest.mark.parametrize(
    ("method", "options"), [*((name, {}) for name in METHODS), ("lora", {"dora": True})], ids=lambda value: str(value)
)
def test_a_settled_model_says_what_it_said_to_the_last_bit(method, options, make_task, told):
    task = make_task(method=method, options=options, epochs=1, learning_rate=RATES.get(method, 5e-3))
    train(task, told, told.stopping)
    plan = task.plan.model_copy(update={"precision": "bf16"})
    loaded = load_tuned(plan, task.folder)
    before = logits(loaded)
    assert in_bf16(loaded.model) == 0
    settle(loaded)
    assert torch.equal(logits(loaded), before)
    assert in_bf16(loaded.model) >= 1
    if hasattr(loaded.model, "disable_adapter"):
        fresh = load_tuned(plan, task.folder)
        with loaded.model.disable_adapter(), fresh.model.disable_adapter():
            assert torch.equal(logits(loaded), logits(fresh))


def test_the_table_of_words_stays_as_it_is_where_the_output_layer_shares_it(tiny):
    loaded = settle(load_base(str(tiny), precision="bf16"))
    assert loaded.model.get_input_embeddings().weight.dtype is torch.float32
    assert in_bf16(loaded.model) == 2 * 7 + 1


def test_a_model_that_reckons_in_fp32_or_has_a_head_stays_as_it_is(tiny):
    loaded = load_base(str(tiny), precision="fp32")
    assert in_bf16(settle(loaded).model) == 0
    headed = replace(load_base(str(tiny), precision="bf16"), labels=("red", "green"))
    assert in_bf16(settle(headed).model) == 0
