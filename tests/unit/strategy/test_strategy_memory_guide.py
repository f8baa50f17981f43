"""The forecast beside the memory figures of the guide's comparison, and where they come from.

"Fine-Tuning Large Language Models with Limited Data" (Vereonix) gives GB (1e9 bytes) for models of 7 and 70 billion
parameters without saying for which batch. Here: Llama 2, one row of 512 tokens, rank 16 on attention for LoRA and
QLoRA.
"""

import pytest

from core.dataset.choice import DataChoice
from core.strategy.memory import MemoryForecast, forecast
from core.strategy.model_facts import ModelFacts, facts_of
from core.strategy.plan import Plan

SHARED = {"model_type": "llama", "vocab_size": 32000, "max_position_embeddings": 4096, "dtype": "float16"}
CONFIGS = {
    "7B": SHARED
    | {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32},
    "70B": SHARED
    | {
        "hidden_size": 8192,
        "intermediate_size": 28672,
        "num_hidden_layers": 80,
        "num_attention_heads": 64,
        "num_key_value_heads": 8,
    },
}
ATTENTION = {"rank": 16, "targets": "attention"}
BOTTLENECK = {"reduction": 9}
"""Trains 3.6 % of 7B, as the guide's adapters do."""
NO_ROWS = (
    "the guide leaves activations out, which are 2.7 GB here: its figure is an older estimate of weights and overhead"
)
MORE_ROWS = "the guide says not for which rows; three of them, not one, would need as much"
TENFOLD = "the guide took its figure for 7B times ten"
CLAIMS = (
    # size, method, options, claimed GB, ours GB, and the reason where they are more than a fifth apart
    ("7B", "full", {}, 112, 108.6, ""),
    ("7B", "lora", ATTENTION, 18, 17.4, ""),
    ("7B", "qlora", ATTENTION, 6, 7.9, NO_ROWS),
    ("7B", "adapter", BOTTLENECK, 24, 18.8, MORE_ROWS),
    ("70B", "full", {}, 1120, 1104, ""),
    ("70B", "lora", ATTENTION, 180, 154, ""),
    ("70B", "qlora", ATTENTION, 48, 52.9, ""),
    ("70B", "adapter", BOTTLENECK, 240, 172, TENFOLD),
)


def gigabytes(told: MemoryForecast) -> float:
    return told.total_gib * 1024**3 / 1e9


def one_row(size: str, method: str, options: dict, choice: DataChoice) -> tuple[Plan, ModelFacts]:
    facts = facts_of(CONFIGS[size], size, size, has_chat_template=False)
    return Plan(data=choice, model=size, method=method, options=options, batch_size=1, max_length=512), facts


@pytest.mark.parametrize(("size", "method", "options", "claim", "ours", "reason"), CLAIMS)
def test_the_guides_figures_are_met_or_their_difference_has_a_reason(
    size, method, options, claim, ours, reason, choice, gpu_machine
):
    found = gigabytes(forecast(*one_row(size, method, options, choice), gpu_machine))
    assert found == pytest.approx(ours, rel=0.02)
    assert bool(reason) == (abs(found - claim) > 0.2 * claim)


def test_the_reasons_hold(choice, gpu_machine):
    qlora = forecast(*one_row("7B", "qlora", ATTENTION, choice), gpu_machine)
    without = qlora.total_gib - qlora.parts["activations"]
    assert without * 1024**3 / 1e9 < 6
    plan, facts = one_row("7B", "adapter", BOTTLENECK, choice)
    three = forecast(plan.model_copy(update={"batch_size": 3}), facts, gpu_machine)
    assert gigabytes(three) == pytest.approx(24, rel=0.05)
    claims = {(size, method): claim for size, method, _, claim, _, _ in CLAIMS}
    assert claims["70B", "adapter"] == 10 * claims["7B", "adapter"]
