import importlib
import re

import pytest
import torch
from pydantic import ValidationError
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from core.errors import NotFoundError, SettingsError
from core.strategy.complete_plan import refusals
from core.strategy.methods import METHODS, read_options
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan

FAMILIES = ["llama", "gpt2", "gpt_neox", "phi", "phi3", "qwen3", "gemma3_text"]


def load(folder, *, quantised=False):
    extra = (
        {"quantization_config": BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")} if quantised else {}
    )
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **extra)


def count_trainable(model) -> int:
    return sum(weights.numel() for weights in model.parameters() if weights.requires_grad)


@pytest.fixture(autouse=True, scope="module")
def tuner():
    importlib.import_module("core.backend.bottleneck").register()


@pytest.mark.parametrize("name", METHODS)
def test_the_defaults_survive_a_round_trip(name):
    options = METHODS[name].options()
    assert read_options(name, options.model_dump(mode="json")) == options


@pytest.mark.parametrize("name", METHODS)
def test_every_option_says_what_it_is_and_where_it_ends(name):
    for field_name, field in METHODS[name].options.model_fields.items():
        assert field.title, field_name
        assert field.description, field_name
        assert field.description.endswith("."), field_name
        if re.search(r"\b(int|float)\b", str(field.annotation)):
            assert {"Ge", "Le"} <= {type(rule).__name__ for rule in field.metadata}, field_name


@pytest.mark.parametrize("name", METHODS)
def test_options_are_frozen(name):
    options = METHODS[name].options()
    for field in type(options).model_fields:
        with pytest.raises(ValidationError):
            setattr(options, field, None)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_says_when_to_take_it_and_where_it_comes_from(name):
    method = METHODS[name]
    assert method.title
    assert method.source
    assert method.when[0].islower(), "it completes 'Take it when ...'"
    assert not method.when.endswith(".")


@pytest.mark.parametrize("name", METHODS)
def test_prepare_leaves_as_many_trainable_parameters_as_were_forecast(name, llama):
    method = METHODS[name]
    options = method.options()
    model = method.prepare(load(llama, quantised=method.quantised), options)
    assert count_trainable(model) == method.trainable(read_facts(str(llama)), options)


@pytest.mark.parametrize("name", METHODS)
def test_a_prepared_model_learns(name, llama):
    method = METHODS[name]
    model = method.prepare(load(llama, quantised=method.quantised), method.options()).train()
    optimizer = torch.optim.Adam([weights for weights in model.parameters() if weights.requires_grad], lr=1e-2)
    ids = torch.arange(3, 35).reshape(2, 16)
    losses = []
    for _ in range(4):
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", METHODS)
def test_recomputed_activations_still_carry_gradients(name, llama, choice):
    method = METHODS[name]
    if refusals(Plan(data=choice, model=str(llama), method=name, max_length=16, gradient_checkpointing=True)):
        return
    model = load(llama, quantised=method.quantised)
    model.gradient_checkpointing_enable({"use_reentrant": True})
    model = method.prepare(model, method.options())
    model.train()
    ids = torch.arange(3, 35).reshape(2, 16)
    model(input_ids=ids, labels=ids).loss.backward()
    assert any(weights.grad is not None and weights.grad.abs().sum() > 0 for weights in model.parameters())


@pytest.mark.parametrize("kind", FAMILIES)
@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("lora", {"rank": 4}),
        ("lora", {"rank": 3, "targets": "attention", "rslora": True}),
        ("adapter", {}),
        ("adapter", {"placement": "houlsby", "reduction": 5, "activation": "swish"}),
        ("full", {}),
        ("lora", {"dora": True}),
        ("ia3", {}),
        ("prompt", {}),
        ("prefix", {"virtual_tokens": 3}),
        ("norms", {}),
        ("biases", {}),
        ("last_blocks", {"blocks": 1}),
        ("oft", {}),
        ("oft", {"block": 5, "targets": "attention"}),
        ("lora", {"rank": 4, "init": "pissa", "dora": True}),
        ("lora", {"rank": 4, "init": "olora"}),
        ("lora", {"rank": 4, "init": "eva"}),
    ],
)
def test_the_count_of_trainable_parameters_is_exact_for_every_family(kind, name, raw, save_model, choice):
    folder = family_folder(kind, save_model)
    options = read_options(name, raw)
    if refused(name, raw, folder, choice):
        return
    model = METHODS[name].prepare(load(folder), options)
    assert count_trainable(model) == METHODS[name].trainable(read_facts(str(folder)), options)


def refused(name, raw, folder, choice):
    return refusals(Plan(data=choice, model=str(folder), method=name, options=raw))


_FOLDERS = {}


def family_folder(kind, save_model):
    if kind not in _FOLDERS:
        _FOLDERS[kind] = save_model(kind)
    return _FOLDERS[kind]


def test_alpha_follows_the_rank_unless_it_is_given(llama):
    scaled = {}
    for raw in ({"rank": 8}, {"rank": 8, "alpha": 8}):
        model = METHODS["lora"].prepare(load(llama), read_options("lora", raw))
        scaled[str(raw)] = model.peft_config["default"].lora_alpha / 8
    assert list(scaled.values()) == [2, 1]


def test_a_saved_adapter_names_layers_as_other_programs_expect(llama):
    model = METHODS["lora"].prepare(load(llama), read_options("lora", {"targets": "attention"}))
    assert set(model.peft_config["default"].target_modules) == {"q_proj", "k_proj", "v_proj", "o_proj"}


@pytest.mark.parametrize(
    ("kind", "method", "raw", "field", "instead"),
    [
        ("llama", "lora", {"init": "loftq"}, "options.init", "QLoRA"),
        ("llama", "qlora", {"init": "pissa"}, "options.init", "loftq"),
        ("llama", "qlora", {"init": "olora"}, "options.init", "LoRA as the method"),
        ("llama", "qlora", {"init": "loftq", "dora": True}, "options.init", "switch DoRA off"),
        ("llama", "lora", {"init": "pissa", "dropout": 0.1}, "options.dropout", "Set dropout to 0"),
        ("llama", "lora", {"init": "eva", "rank": 512}, "options.rank", "Set the rank to"),
        ("gpt2", "lora", {"init": "olora"}, "options.init", "pissa"),
        ("gpt2", "qlora", {"init": "loftq"}, "options.init", "eva"),
    ],
)
def test_a_start_that_cannot_work_is_refused_beside_its_field(kind, method, raw, field, instead, save_model, choice):
    problems = refused(method, raw, family_folder(kind, save_model), choice)
    assert list(problems) == [field]
    assert instead in problems[field]


@pytest.mark.parametrize(
    ("method", "raw"),
    [
        ("lora", {"init": "pissa", "dora": True, "rslora": True, "b_rate": 4}),
        ("lora", {"init": "eva", "dropout": 0.1}),
        ("qlora", {"init": "loftq", "quantisation": "fp4"}),
        ("qlora", {"init": "eva", "quantisation": "int8", "dora": True}),
    ],
)
def test_a_start_that_works_is_not_refused(method, raw, llama, choice):
    assert not refused(method, raw, llama, choice)


def test_all_wrong_options_are_reported_at_once_under_their_names():
    with pytest.raises(SettingsError) as caught:
        read_options("lora", {"rank": 0, "dropout": 2, "aplha": 4})
    problems = caught.value.problems
    assert set(problems) == {"options.rank", "options.dropout", "options.aplha"}
    assert "'alpha'" in problems["options.aplha"]


@pytest.mark.parametrize(("method", "said"), [("full", "no options"), ("adapter", "reduction")])
def test_an_option_of_another_method_is_answered_with_what_there_is(method, said):
    with pytest.raises(SettingsError) as caught:
        read_options(method, {"zzz": 8})
    assert said in caught.value.problems["options.zzz"]


def test_an_unknown_method_is_answered_with_the_nearest():
    with pytest.raises(NotFoundError, match="'lora'"):
        read_options("lorra", {})
