from dataclasses import replace

import pytest

from core.dataset.example import Split
from core.errors import ModelError
from core.strategy.cautions import cautions
from core.strategy.gpus import Holder
from core.strategy.machine import Gpu
from core.strategy.model_facts import read_facts


def of(split, choice, facts, machine):
    return list(cautions(split, choice, facts, machine))


@pytest.fixture
def starter():
    return read_facts("starter")


def with_test(split, count=60):
    return Split(split.train, split.validation, split.train[:count])


def test_enough_rows_and_a_fitting_model_give_no_caution(rows, choice, starter, machine):
    assert of(with_test(rows(500)), choice, starter, machine) == []


def test_few_rows_are_told_to_try_a_prompt_first_and_few_test_rows_to_tell_little(rows, choice, starter, machine):
    few, tests = of(with_test(rows(30), 8), choice, starter, machine)
    assert "30 examples are few" in few
    assert "8 test rows" in tests


def test_a_base_model_is_not_the_one_to_begin_with(rows, choice, small, machine):
    (told,) = of(with_test(rows(500)), choice, small, machine)
    assert "base model" in told
    chats = choice.model_copy(update={"format": "chat"})
    (told,) = of(with_test(rows(500)), chats, small, machine)
    assert "no chat template" in told


def test_memory_that_somebody_else_holds_is_told_before_the_start(rows, choice, starter, machine):
    busy = replace(machine, gpus=(Gpu("NVIDIA A10", 24.0, 2.0, holders=(Holder(5, "python", 22.0),)),))
    (told,) = of(with_test(rows(500)), choice, starter, busy)
    assert "python (process 5, 22 GiB)" in told


def test_a_model_that_the_hub_does_not_give_can_be_planned_with_and_says_so(monkeypatch, rows, choice, machine):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    facts = read_facts("Qwen/Qwen2.5-0.5B-Instruct")
    assert facts.parameters == 494_032_768
    (told,) = of(with_test(rows(500)), choice, facts, machine)
    assert "not train" in told


def test_a_typo_in_a_hub_id_is_answered_with_what_was_meant(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError) as refused:
        read_facts("Qwen/Qwen2.5-0.5B-Instuct")
    assert "Did you mean Qwen/Qwen2.5-0.5B-Instruct?" in refused.value.fix


def test_a_model_without_a_fused_attention_is_slow_and_says_so(rows, choice, starter, machine):
    (told,) = of(with_test(rows(500)), choice, replace(starter, architecture="gemma2"), machine)
    assert "fused kernel" in told
