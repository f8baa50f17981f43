"""Gemma 2 caps its attention's scores, which no fused kernel here does: it is trained and scored all the same."""

import pytest
import torch

from core.backend.model import load_base
from core.backend.rows import ATTENTION, choose_layout, padded_losses
from core.backend.tokens import Encoded
from core.backend.train import train
from core.events import StepTaken, Validated

ROWS = [Encoded(list(range(5, 5 + length)), length - 4, truncated=False) for length in (9, 13, 20)]


@pytest.fixture(scope="module")
def capped(tmp_path_factory, tokenizer):
    from transformers import Gemma2Config, Gemma2ForCausalLM

    folder = tmp_path_factory.mktemp("gemma2")
    torch.manual_seed(3)
    config = Gemma2Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=256,
        sliding_window=16,
        attn_logit_softcapping=0.5,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = Gemma2ForCausalLM(config)
    for weights in model.parameters():
        weights.data.mul_(4)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_capped_attention_is_the_models_own_and_rows_are_padded(capped, tiny):
    from transformers import AutoModelForCausalLM

    loaded = load_base(str(capped), precision="fp32").model.eval()
    assert loaded.config._attn_implementation == "eager"
    assert not choose_layout(loaded, ROWS).joined
    own = AutoModelForCausalLM.from_pretrained(capped, attn_implementation="eager").eval()
    with torch.no_grad():
        assert torch.allclose(padded_losses(loaded, ROWS), padded_losses(own, ROWS), atol=1e-5)
    assert load_base(str(tiny), precision="fp32").model.config._attn_implementation == ATTENTION


@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_model_with_capped_attention_trains_to_its_end(capped, make_task, told, method):
    task = make_task(model=str(capped), method=method, epochs=1)
    train(task, told, told.stopping)
    assert told.of(StepTaken)
    assert told.of(Validated)
