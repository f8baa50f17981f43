from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import core.strategy.catalogue as module
from core.strategy.catalogue import catalogue, known, nearest, room_for
from core.strategy.machine import Gpu

ROWS = yaml.safe_load(Path(module.__file__).with_name("catalogue.yaml").read_text("utf-8"))


@pytest.mark.parametrize("row", [row for row in ROWS if "config" in row], ids=lambda row: row["model"])
def test_the_parameters_that_a_card_names_follow_from_the_configuration(row):
    assert known(row["model"]).facts.parameters == row["parameters"]


def test_the_catalogue_begins_with_the_smallest_and_says_what_each_is():
    sizes = [entry.facts.parameters for entry in catalogue()]
    assert sizes == sorted(sizes)
    assert catalogue()[0].model == "starter"
    assert all(entry.about and entry.licence and entry.languages for entry in catalogue())
    assert not known("openai-community/gpt2").facts.has_chat_template


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Qwen/Qwen2.5-0.5B-Instuct", "Qwen/Qwen2.5-0.5B-Instruct"),
        ("qwen2.5-0.5b-instruct", "Qwen/Qwen2.5-0.5B-Instruct"),
        ("meta-lama/Llama-3.2-1B-Instruct", "meta-llama/Llama-3.2-1B-Instruct"),
        ("somebody/entirely-different", ""),
    ],
)
def test_a_typo_is_answered_with_the_model_that_was_meant(typed, meant):
    assert nearest(typed) == meant


@pytest.mark.parametrize(
    ("gib", "model", "fitting"),
    [
        (6, "Qwen/Qwen2.5-1.5B-Instruct", {"qlora", "lora", "adapter"}),
        (16, "Qwen/Qwen2.5-7B-Instruct", {"qlora"}),
        (24, "mistralai/Mistral-7B-Instruct-v0.3", {"qlora", "lora", "adapter"}),
        (80, "Qwen/Qwen2.5-1.5B-Instruct", {"qlora", "lora", "adapter", "full"}),
    ],
)
def test_what_fits_on_a_card_is_what_people_know_to_fit(gib, model, fitting, gpu_machine):
    machine = replace(gpu_machine, gpus=(Gpu("A card", gib, gib * 0.97),))
    rooms = room_for(known(model).facts, machine)
    assert {method for method, room in rooms.items() if room.fits} == fitting
