"""The forecast against what real steps keep, through the very path that a run takes."""

import pytest

from core.strategy.architectures import FAMILIES
from core.strategy.memory.blocks import STYLES
from tests.unit.strategy.memory_probe import Case, held_bytes, kept_bytes, predicted, saved

CASES = (
    Case("llama", "lora", {"targets": "attention"}),
    Case("qwen3", "qlora", {"rank": 8}, precision="bf16", batch=2),
    Case("gpt2", "full"),
    Case("gemma", "adapter", {"placement": "houlsby", "activation": "gelu"}, length=96),
    Case("llama", "full", precision="bf16", accumulation=2),
    Case("llama", "ia3"),
    Case("llama", "prompt"),
    Case("qwen3", "norms"),
    Case("gpt2", "biases"),
    Case("llama", "last_blocks"),
    Case("llama", "oft"),
    Case("qwen2", "lora", {"dropout": 0.1}, recompute=True, batch=2, length=128),
    Case("gemma2", "lora", {"targets": "attention"}, precision="bf16", batch=2, length=256),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_activations_are_those_that_a_real_step_keeps(case):
    with saved(case) as folder:
        assert predicted(case, folder)[1] == pytest.approx(kept_bytes(case, folder), rel=0.1)


def test_a_prefix_is_counted_as_if_rows_were_longer_by_it_which_is_a_bit_too_much():
    case = Case("llama", "prefix")
    with saved(case) as folder:
        kept = kept_bytes(case, folder)
        assert 0.95 * kept < predicted(case, folder)[1] < 1.25 * kept


@pytest.mark.parametrize("case", [CASES[0], CASES[-1]], ids=str)
def test_a_step_holds_at_its_peak_what_was_forecast(case):
    with saved(case) as folder:
        assert predicted(case, folder)[2] == pytest.approx(held_bytes(case, folder), rel=0.15)


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_batch_that_is_divided_holds_at_its_peak_what_was_forecast(method):
    case = Case("llama", method, batch=16, length=256)
    with saved(case) as folder:
        assert predicted(case, folder)[2] == pytest.approx(held_bytes(case, folder), rel=0.15)


def test_every_family_says_how_its_blocks_work():
    assert set(STYLES) == set(FAMILIES)
