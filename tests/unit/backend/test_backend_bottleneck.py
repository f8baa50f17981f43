import pytest
import torch
from peft import PeftConfig, PeftModel, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM

from core.backend.bottleneck import BottleneckConfig, register, write_readme
from core.strategy.methods.targets import BLOCKS, OUTPUTS

MODELS = {
    "llama": lambda: LlamaForCausalLM(
        LlamaConfig(vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
    ),
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=64)),
    "neox": lambda: GPTNeoXForCausalLM(
        GPTNeoXConfig(vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4)
    ),
}
IDS = torch.arange(20)[None]


def _config(placement="block", **more):
    return BottleneckConfig(
        task_type="CAUSAL_LM", target_modules=BLOCKS if placement == "block" else OUTPUTS, reduction=4, **more
    )


def _logits(model):
    model.eval()
    with torch.no_grad():
        return model(IDS).logits


def _train(model, steps=5):
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    model.train()
    for _ in range(steps):
        model(IDS, labels=IDS).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@pytest.fixture(params=list(MODELS))
def base(request):
    torch.manual_seed(0)
    return MODELS[request.param]().eval()


@pytest.mark.parametrize("placement", ["block", "houlsby"])
def test_a_new_adapter_is_the_identity_and_learns(base, placement):
    before = _logits(base)
    frozen = {name: weights.clone() for name, weights in base.named_parameters()}
    model = get_peft_model(base, _config(placement))
    assert torch.equal(_logits(model), before)
    _train(model)
    assert not torch.allclose(_logits(model), before)
    with model.disable_adapter():
        assert torch.equal(_logits(model), before)
    left = model.unload()
    assert all(torch.equal(weights, frozen[name]) for name, weights in left.named_parameters())


@pytest.mark.parametrize("placement", ["block", "houlsby"])
def test_a_saved_adapter_loads_to_the_bit(base, placement, tmp_path):
    base.config._name_or_path = base.name_or_path = "base"
    model = get_peft_model(base, _config(placement, activation="gelu"))
    _train(model)
    trained = _logits(model)
    model.save_pretrained(str(tmp_path), save_embedding_layers=False)
    assert isinstance(PeftConfig.from_pretrained(str(tmp_path)), BottleneckConfig)
    again = PeftModel.from_pretrained(model.unload(), str(tmp_path))
    assert torch.equal(_logits(again), trained)


def test_a_loaded_adapter_can_be_trained_on(base, tmp_path):
    model = get_peft_model(base, _config())
    model.save_pretrained(str(tmp_path), save_embedding_layers=False)
    again = PeftModel.from_pretrained(model.unload(), str(tmp_path), is_trainable=True)
    before = _logits(again)
    _train(again)
    assert not torch.allclose(_logits(again), before)


def test_generation_with_a_cache_equals_generation_without(base):
    model = get_peft_model(base, _config())
    _train(model)
    model.eval()
    wishes = {"input_ids": IDS, "max_new_tokens": 6, "do_sample": False, "pad_token_id": 0, "eos_token_id": 63}
    assert torch.equal(model.generate(**wishes), model.generate(**wishes, use_cache=False))


def test_two_adapters_live_side_by_side(base):
    model = get_peft_model(base, _config())
    before = _logits(model)
    _train(model)
    model.add_adapter("second", _config())
    model.set_adapter("second")
    assert torch.equal(_logits(model), before)
    model.delete_adapter("default")
    assert torch.equal(_logits(model), before)


def test_merging_is_refused(base):
    model = get_peft_model(base, _config())
    with pytest.raises(ValueError, match="not linear"):
        model.merge_and_unload()
    with pytest.raises(ValueError, match="not linear"):
        model.merge_adapter()


def test_only_the_adapter_is_trained_and_it_is_as_large_as_forecast():
    model = get_peft_model(MODELS["llama"](), _config())
    trained = {name: weights for name, weights in model.named_parameters() if weights.requires_grad}
    assert all("bottleneck_" in name for name in trained)
    assert sum(weights.numel() for weights in trained.values()) == 2 * (2 * 32 * 8 + 32 + 8)


def test_layers_can_be_chosen():
    config = BottleneckConfig(
        task_type="CAUSAL_LM", target_modules=["down_proj"], layers_to_transform=[1], layers_pattern="layers"
    )
    names = [
        name for name, weights in get_peft_model(MODELS["llama"](), config).named_parameters() if weights.requires_grad
    ]
    assert names
    assert all("layers.1." in name for name in names)


def test_a_wrong_setting_is_refused():
    with pytest.raises(ValueError, match="no activation"):
        BottleneckConfig(activation="sine")
    with pytest.raises(ValueError, match="at least 1"):
        BottleneckConfig(reduction=0)


def test_registering_twice_changes_nothing():
    register()
    register()


def test_a_saved_folder_says_how_to_load_it(tmp_path):
    write_readme(tmp_path, "owner/model")
    text = (tmp_path / "README.md").read_text()
    assert "bottleneck.register()" in text
    assert '"owner/model"' in text
