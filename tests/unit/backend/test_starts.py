"""Starts of LoRA's matrices: what they are, and that what is kept of them is plain LoRA beside the untouched model."""

import json
import threading
from dataclasses import replace

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from core.backend import starts
from core.backend.model import load_base, load_for, load_tuned
from core.backend.rows import joined_losses
from core.backend.tokens import encode
from core.backend.train import ready, train
from core.backend.weights import read, write
from core.dataset.example import Split
from core.errors import ChangedError, DataError, ModelError, Stopped
from core.events import StepTaken, Validated
from tests.unit.backend.conftest import example

IDS = torch.tensor([[5, 9, 40, 77, 120, 33]])
LAYER = "base_model.model.model.layers.0.mlp.down_proj"


def logits(model):
    with torch.no_grad():
        return model.eval()(input_ids=IDS).logits


def rows_of(tokenizer, numbers=range(24)):
    return [encode(tokenizer, example(i), 128) for i in numbers]


def begun(plan, rows):
    loaded = ready(load_for(plan), plan)
    starts.begin(loaded, plan, rows, threading.Event())
    return loaded.model


def move(model):
    """Let the matrices be as after some training."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.requires_grad:
                weights.add_(0.05 * torch.randn_like(weights))


@pytest.mark.parametrize("init", ["default", "pissa", "olora", "eva"])
def test_a_model_begins_as_the_untuned_one_whatever_its_matrices_start_from(init, make_plan, tiny, tokenizer):
    model = begun(make_plan(options={"init": init}), rows_of(tokenizer))
    assert torch.allclose(logits(model), logits(load_base(str(tiny), precision="fp32").model), atol=1e-4)
    layer = model.get_submodule(LAYER)
    assert bool(layer.lora_B["default"].weight.any()) == (init in {"pissa", "olora"})


@pytest.mark.parametrize("more", [{}, {"rslora": True}, {"dora": True}, {"targets": "attention", "alpha": 8}], ids=str)
@pytest.mark.parametrize("init", ["pissa", "olora"])
def test_what_is_written_is_plain_lora_of_twice_the_rank(init, more, make_plan, tiny, tmp_path):
    plan = make_plan(options={"init": init, "rank": 4, **more})
    model = ready(load_for(plan), plan).model
    move(model)
    write(model, tmp_path)
    base = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float32)
    untuned = logits(base)
    again = PeftModel.from_pretrained(base, str(tmp_path))
    assert (again.peft_config["default"].r, again.peft_config["default"].init_lora_weights) == (8, True)
    assert torch.allclose(logits(again), logits(model), atol=1e-4)
    assert not torch.allclose(logits(again), untuned, atol=1e-2)
    assert torch.allclose(logits(again.merge_and_unload()), logits(model), atol=1e-4)


def test_what_is_read_back_are_the_same_bits(make_plan, tmp_path):
    plan = make_plan(options={"init": "pissa"})
    model, other = ready(load_for(plan), plan).model, ready(load_for(plan), plan).model
    move(model)
    write(model, tmp_path)
    read(other, tmp_path)
    for (name, mine), theirs in zip(model.named_parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs), name


def test_matrices_with_another_start_are_refused(make_plan, tmp_path):
    plan = make_plan(options={"init": "pissa"})
    model = ready(load_for(plan), plan).model
    write(model, tmp_path)
    file = tmp_path / "adapter_model.safetensors"
    save_file({name: tensor * 1.001 for name, tensor in load_file(file).items()}, file)
    with pytest.raises(ChangedError, match="came out otherwise"):
        read(model, tmp_path)


def test_eva_takes_the_main_directions_of_the_training_rows(make_plan, tokenizer):
    plan, rows = make_plan(options={"init": "eva", "rank": 4}), rows_of(tokenizer)
    model = begun(plan, rows)
    seen = []
    layer = model.get_submodule(LAYER)
    layer.register_forward_hook(lambda _, given, __: seen.append(given[0].reshape(-1, given[0].shape[-1])))
    with torch.no_grad():
        for row in rows:
            model(input_ids=torch.tensor([row.input_ids]))
    inputs = torch.cat(seen) - torch.cat(seen).mean(0)
    best = torch.linalg.svd(inputs, full_matrices=False).Vh[:4]
    found = layer.lora_A["default"].weight
    assert torch.allclose(found @ found.T, torch.eye(4), atol=1e-4)
    assert (inputs @ found.T).square().sum() > 0.99 * (inputs @ best.T).square().sum()


def test_eva_never_looks_at_rows_that_are_held_out(make_task, told, split):
    plan = {"options": {"init": "eva"}, "epochs": 1}
    others = tuple(example(i, long=True) for i in range(60, 76))
    train(make_task(folder="one", **plan), told, told.stopping)
    first = [step.loss for step in told.of(StepTaken)]
    told.events.clear()
    train(make_task(folder="two", rows=Split(split.train, others[:8], others[8:]), **plan), told, told.stopping)
    assert [step.loss for step in told.of(StepTaken)] == first


def test_eva_ends_though_its_directions_never_settle(make_plan, tokenizer, monkeypatch):
    monkeypatch.setattr(starts, "_TOKENS", 64)
    plan = make_plan(options={"init": "eva", "rank": 16})
    config = ready(load_for(plan), plan)
    config.model.peft_config["default"].eva_config.tau = 1.0
    starts.begin(config, plan, rows_of(tokenizer), threading.Event())
    assert config.model.get_submodule(LAYER).lora_A["default"].weight.isfinite().all()


def test_eva_asks_for_rows_enough_and_can_be_stopped(make_plan, tokenizer):
    plan, rows = make_plan(options={"init": "eva", "rank": 32}), rows_of(tokenizer)
    loaded = ready(load_for(plan), plan)
    with pytest.raises(DataError, match="tokens together"):
        starts.begin(loaded, plan, rows[:1], threading.Event())
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(Stopped):
        starts.begin(loaded, plan, rows, stopping)


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
def test_loftq_mends_a_part_of_what_quantising_took_away(kind, make_plan, tiny, tokenizer):
    def distance(init):
        options = {"init": init, "quantisation": kind, "rank": 16}
        model = begun(make_plan(method="qlora", options=options), rows_of(tokenizer))
        layer = model.get_submodule(LAYER)
        weight = starts.dequantize_module_weight(layer.base_layer).float() + layer.get_delta_weight("default")
        original = load_file(tiny / "model.safetensors")["model.layers.0.mlp.down_proj.weight"]
        return float((weight - original).norm()), (logits(model) - untuned).norm()

    untuned = logits(load_base(str(tiny), precision="fp32").model)
    before, after = distance("default"), distance("loftq")
    assert after[0] < 0.7 * before[0]
    assert after[1] < before[1]


def test_loftq_says_that_it_needs_the_original_weights(make_plan, tmp_path, tiny, tokenizer):
    plan = make_plan(method="qlora", options={"init": "loftq"})
    loaded = ready(load_for(plan), plan)
    (tmp_path / "config.json").write_text(json.dumps({}), encoding="utf-8")
    with pytest.raises(ModelError, match="LoftQ needs"):
        starts.begin(loaded, plan.model_copy(update={"model": str(tmp_path)}), rows_of(tokenizer), threading.Event())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", ["nf4", "fp4", "int8"])
def test_a_quantised_model_computes_alike_whether_it_trains_or_not(kind, precision, make_plan, tokenizer):
    plan = make_plan(method="qlora", precision=precision, options={"quantisation": kind})
    loaded, rows = ready(load_for(plan), plan), rows_of(tokenizer, range(3))
    with loaded.autocast():
        trained = joined_losses(loaded.model.train(), rows).detach()
        with torch.no_grad():
            judged = joined_losses(loaded.model.eval(), rows)
    assert torch.equal(trained, judged)
    assert loaded.precision_text == f"{precision}, {8 if kind == 'int8' else 4}-bit weights"


@pytest.mark.parametrize("kind", ["nf4", "fp4", "int8"])
def test_a_model_of_every_quantisation_learns_and_is_kept(kind, make_task, told):
    task = make_task(method="qlora", options={"quantisation": kind}, epochs=4)
    train(task, told, told.stopping)
    losses = [event.loss for event in told.of(Validated)]
    assert min(losses) < losses[0] - 0.3
    assert load_tuned(task.plan, task.folder).quantisation == kind


@pytest.mark.parametrize("init", ["pissa", "eva"])
def test_a_run_starts_from_the_best_weights_of_another_with_such_a_start(init, make_task, told):
    plan = {"options": {"init": init}}
    first = make_task(folder="first", epochs=3, **plan)
    train(first, told, told.stopping)
    best = min(event.loss for event in told.of(Validated))
    told.events.clear()
    train(replace(make_task(folder="second", **plan), start_from=first.folder), told, told.stopping)
    assert told.of(Validated)[0].loss == pytest.approx(best, abs=1e-4)
