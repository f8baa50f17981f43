from dataclasses import replace

import pytest
import torch

from core.backend import bottleneck
from core.strategy.disk import disk_needed
from core.strategy.machine import Gpu
from core.strategy.memory import AnswerShares, forecast
from core.strategy.methods import METHODS
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan

GIB = 1024**3


@pytest.fixture
def plan(choice) -> Plan:
    return Plan(data=choice, model="m", method="lora", max_length=512, batch_size=8)


def changed(plan: Plan, **changes) -> Plan:
    return plan.model_copy(update=changes)


@pytest.mark.parametrize("name", METHODS)
def test_the_parts_add_up_to_the_total_inside_the_range(name, plan, seven_billion, machine, gpu_machine):
    for place in (machine, gpu_machine):
        found = forecast(changed(plan, method=name), seven_billion, place)
        assert sum(found.parts.values()) == pytest.approx(found.total_gib)
        assert 0 < found.low_gib < found.total_gib < found.high_gib
        assert found.cause


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("change", [{"batch_size": 16}, {"max_length": 1024}])
def test_more_tokens_at_once_need_more_memory(name, change, plan, seven_billion, gpu_machine):
    plan = changed(plan, method=name)
    before, after = (forecast(p, seven_billion, gpu_machine) for p in (plan, changed(plan, **change)))
    assert after.total_gib > before.total_gib
    assert after.parts["weights"] == before.parts["weights"]
    assert after.parts["activations"] == pytest.approx(2 * before.parts["activations"], rel=0.1)


def test_a_row_is_never_longer_than_the_models_context(plan, seven_billion, machine):
    sizes = [forecast(changed(plan, max_length=n), seven_billion, machine).total_gib for n in (4096, 8192)]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("name", METHODS)
def test_recomputing_activations_saves_memory(name, plan, seven_billion, gpu_machine):
    plan = changed(plan, method=name)
    saved = forecast(changed(plan, gradient_checkpointing=True), seven_billion, gpu_machine)
    assert saved.total_gib < forecast(plan, seven_billion, gpu_machine).total_gib


def test_qlora_needs_less_than_lora_and_lora_less_than_full_tuning(plan, seven_billion, machine, gpu_machine):
    for place in (machine, gpu_machine):
        sizes = [
            forecast(changed(plan, method=name), seven_billion, place).total_gib for name in ("qlora", "lora", "full")
        ]
        assert sizes == sorted(sizes)


def test_gradients_of_a_model_that_learns_whole_take_the_room_that_activations_leave(plan, seven_billion, gpu_machine):
    whole = changed(plan, method="full", batch_size=1, max_length=256)
    once = forecast(whole, seven_billion, gpu_machine)
    assert once.parts["gradients"] * GIB == pytest.approx(4 * seven_billion.parameters)
    assert once.parts["activations"] < 0.1
    twice = forecast(changed(whole, accumulation=2), seven_billion, gpu_machine)
    assert twice.parts["activations"] > 1
    assert twice.total_gib > once.total_gib + 1


def test_a_known_share_of_answers_narrows_the_range(plan, seven_billion, gpu_machine):
    wide = forecast(plan, seven_billion, gpu_machine)
    narrow = forecast(plan, seven_billion, gpu_machine, AnswerShares(0.1, 0.1, 0.2))
    assert narrow.high_gib - narrow.low_gib < wide.high_gib - wide.low_gib
    assert "answer" in wide.cause
    assert "answer" not in narrow.cause


def test_weights_in_fp32_are_copied_for_products_in_bf16(plan, seven_billion, machine):
    copies = [forecast(changed(plan, precision=p), seven_billion, machine).parts["copies"] for p in ("fp32", "bf16")]
    assert copies[0] == 0
    assert copies[1] * GIB == pytest.approx(2 * seven_billion.parameters, rel=0.05)


def test_double_quantisation_saves_and_a_larger_rank_costs(plan, seven_billion, gpu_machine):
    def total(**options) -> float:
        return forecast(changed(plan, method="qlora", options=options), seven_billion, gpu_machine).total_gib

    assert total(double_quantisation=True) < total(double_quantisation=False)
    assert total(rank=8) < total(rank=64)
    assert total(targets="attention") < total(targets="all-linear")


def test_the_free_memory_of_the_device_that_will_be_used_decides(plan, seven_billion, machine, gpu_machine):
    assert forecast(plan, seven_billion, gpu_machine).where == "GPU"
    assert forecast(plan, seven_billion, gpu_machine).available_gib == 138.0
    busy = replace(machine, gpus=(Gpu("A busy GPU", 80, 10),))
    assert not forecast(plan, seven_billion, busy).fits
    on_cpu = forecast(plan, seven_billion, machine)
    assert (on_cpu.where, on_cpu.available_gib, on_cpu.fits) == ("memory", 20.0, False)


def test_bf16_on_a_processor_costs_compiled_kernels(plan, small, machine):
    fp32, bf16 = (forecast(changed(plan, precision=p), small, machine).parts["runtime"] for p in ("fp32", "bf16"))
    assert bf16 > fp32
    able = replace(machine, cpu_bf16=True)
    assert forecast(plan, small, able).parts["runtime"] == bf16
    assert forecast(plan, small, machine).parts["runtime"] == fp32


def test_a_gpu_without_bf16_holds_the_weights_in_fp32(plan, seven_billion, gpu_machine):
    old = replace(gpu_machine, gpus=(Gpu("An older GPU", 48, 48, bf16=False),))
    new = forecast(plan, seven_billion, gpu_machine).parts["weights"]
    assert forecast(plan, seven_billion, old).parts["weights"] == pytest.approx(2 * new)


@pytest.mark.parametrize("name", [name for name in METHODS if not METHODS[name].quantised])
def test_weights_and_what_is_trained_are_exact_for_a_real_model(name, plan, llama, machine):
    from transformers import AutoModelForCausalLM

    bottleneck.register()
    parts = forecast(changed(plan, method=name, accumulation=2), read_facts(str(llama)), machine).parts
    model = AutoModelForCausalLM.from_pretrained(llama, dtype=torch.float32)
    assert parts["weights"] * GIB == sum(w.numel() * w.element_size() for w in model.parameters())
    tuned = METHODS[name].prepare(model, METHODS[name].options())
    trained = [w for w in tuned.parameters() if w.requires_grad]
    assert parts["gradients"] * GIB == sum(w.numel() * w.element_size() for w in trained)
    assert parts["optimizer"] == 2 * parts["gradients"]
    assert parts["adapter"] in {0, parts["gradients"]}


@pytest.mark.parametrize("double", [True, False], ids=["double", "single"])
@pytest.mark.parametrize("kind", ["nf4", "fp4", "int8"])
def test_quantised_weights_are_those_of_a_real_quantised_model(kind, double, plan, save_model, machine):
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    folder = save_model("llama", hidden_size=256, intermediate_size=768, num_hidden_layers=1)
    four = {"load_in_4bit": True, "bnb_4bit_quant_type": kind, "bnb_4bit_use_double_quant": double}
    config = BitsAndBytesConfig(**({"load_in_8bit": True} if kind == "int8" else four))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, quantization_config=config)
    held = sum(w.numel() * w.element_size() for w in model.parameters())
    for weights in model.parameters():
        held += 4 * weights.SCB.numel() if getattr(weights, "SCB", None) is not None else 0
        state = getattr(weights, "quant_state", None)
        if state is not None:
            scales = state.absmax
            held += scales.numel() + 4 * state.state2.absmax.numel() if state.nested else 4 * scales.numel()
    quantised = changed(plan, method="qlora", options={"quantisation": kind, "double_quantisation": double})
    predicted = forecast(quantised, read_facts(str(folder)), machine).parts["weights"] * GIB
    assert predicted == pytest.approx(held, rel=0.01)


def test_eight_bits_hold_more_than_four_and_less_than_none(plan, seven_billion, gpu_machine):
    def total(method, **options) -> float:
        return forecast(changed(plan, method=method, options=options), seven_billion, gpu_machine).total_gib

    nf4, fp4, int8 = (total("qlora", quantisation=kind) for kind in ("nf4", "fp4", "int8"))
    assert nf4 == fp4 < int8 < total("lora")


def test_a_start_that_was_taken_out_is_held_and_stored_beside_what_it_became(plan, seven_billion, machine):
    default, pissa = (changed(plan, method="lora", options={"init": init}) for init in ("default", "pissa"))
    parts = [forecast(each, seven_billion, machine).parts["adapter"] for each in (default, pissa)]
    assert parts[1] == 2 * parts[0]
    more = disk_needed(pissa, seven_billion) - disk_needed(default, seven_billion)
    assert more == pytest.approx(5 * parts[0] * GIB)


def test_a_plan_without_the_mean_of_the_best_weights_needs_room_for_fewer_of_them(plan, seven_billion):
    with_it, without = (changed(plan, method="lora", averaging=averaging) for averaging in (True, False))
    assert disk_needed(without, seven_billion) < disk_needed(with_it, seven_billion)
    whole = [changed(plan, method="full", averaging=averaging) for averaging in (True, False)]
    assert disk_needed(whole[0], seven_billion) == disk_needed(whole[1], seven_billion), "nothing is averaged there"
