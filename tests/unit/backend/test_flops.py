"""Operations per token are counted from the weights; a peak is known or not said."""

from types import SimpleNamespace

import pytest
from transformers import AutoModelForCausalLM

from core.backend.flops import flops_per_token, peak_flops


def test_a_frozen_weight_costs_four_operations_and_one_that_learns_six(tiny):
    model = AutoModelForCausalLM.from_pretrained(str(tiny))
    body = sum(weights.numel() for layer in model.model.layers for weights in layer.parameters() if weights.ndim > 1)
    assert flops_per_token(model) == 6 * body
    model.requires_grad_(False)
    assert flops_per_token(model) == 4 * body


@pytest.mark.parametrize(
    ("name", "precision", "known"),
    [
        ("NVIDIA H100 80GB HBM3", "bf16", 989.5e12),
        ("NVIDIA H200", "bf16, 4-bit weights", 989.5e12),
        ("NVIDIA A100-SXM4-80GB", "bf16", 312e12),
        ("NVIDIA L40", "bf16", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "bf16", None),
        ("NVIDIA H200", "fp32", None),
    ],
)
def test_a_peak_is_never_guessed(name, precision, known):
    loaded = SimpleNamespace(device=SimpleNamespace(is_gpu=True, name=name), precision_text=precision)
    assert peak_flops(loaded) == known
