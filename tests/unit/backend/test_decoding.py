"""Answers that grow together are those that each prompt gets alone, on every shape of model."""

import threading

import pytest
import torch

from core.backend import decoding, generation
from core.backend.generation import generate
from core.backend.rows import ATTENTION
from core.backend.tokens import prompt_ids, stop_ids
from core.dataset.example import Example, Turn
from core.errors import Stopped
from tests.unit.backend.test_label_tree import loaded  # noqa: F401 - the shapes

ROWS = [Example(i, (Turn("user", f"It is {'very ' * (i % 9)}colour {i}."),), "red") for i in range(40)]
NEW = 12


def alone(loaded, example):  # noqa: F811
    """What transformers itself writes to one prompt."""
    ids = torch.tensor([prompt_ids(loaded.tokenizer, example.turns)])
    out = loaded.model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW,
        eos_token_id=stop_ids(loaded.tokenizer, loaded.model), pad_token_id=loaded.tokenizer.pad_token_id or 0,
        repetition_penalty=generation.repetition_penalty(loaded.model),
    )  # fmt: skip
    return loaded.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True).strip()


@pytest.fixture
def penalty(loaded):  # noqa: F811
    before = loaded.model.generation_config.repetition_penalty
    loaded.model.generation_config.repetition_penalty = 1.3
    yield
    loaded.model.generation_config.repetition_penalty = before


def test_each_answer_is_the_one_that_its_prompt_gets_alone(loaded, monkeypatch):  # noqa: F811
    monkeypatch.setattr(decoding, "READ_AT_ONCE", 100)
    assert generate(loaded.model, loaded.tokenizer, ROWS, NEW, max_length=128) == [alone(loaded, row) for row in ROWS]


def test_every_shape_without_settings_of_its_own_for_writing_takes_the_fast_way(loaded):  # noqa: F811
    assert decoding.writes_plainly(loaded.model)


def test_prompts_that_begin_alike_are_answered_as_each_alone(loaded, monkeypatch):  # noqa: F811
    shared = []
    honest = decoding._shared
    monkeypatch.setattr(decoding, "_shared", lambda group: shared.append(honest(group)) or shared[-1])
    asked = "Name the colour of what follows in one word and say nothing else"
    rows = [Example(i, (Turn("user", f"{asked}: {'very ' * (i % 3)}{i}."),), "red") for i in range(12)]
    assert generate(loaded.model, loaded.tokenizer, rows, NEW, max_length=128) == [alone(loaded, row) for row in rows]
    if loaded.model.config.model_type != "mistral":  # which sees a few tokens only, and reads from a cache
        assert max(shared) > 8


def test_a_penalty_on_repetition_counts_prompt_and_answer_as_in_transformers(loaded, penalty):  # noqa: F811
    found = generate(loaded.model, loaded.tokenizer, ROWS[:9], NEW, max_length=128)
    assert found == [alone(loaded, row) for row in ROWS[:9]]


def test_what_is_told_on_the_way_ends_with_all_rows(loaded, monkeypatch):  # noqa: F811
    monkeypatch.setattr(generation, "MOST_ROWS", 16)
    told = []
    generate(loaded.model, loaded.tokenizer, ROWS, NEW, max_length=128, on_advance=told.append)
    assert told == sorted(told)
    assert told[-1] == len(ROWS)


def test_a_stop_ends_the_answers_that_are_being_written(loaded, monkeypatch):  # noqa: F811
    monkeypatch.setattr(generation, "MOST_ROWS", 16)  # random weights may all go round at the same token
    stopping = threading.Event()
    heard = []

    def advance(done):
        heard.append(done)
        stopping.set()

    with pytest.raises(Stopped):
        generate(loaded.model, loaded.tokenizer, ROWS, 60, max_length=128, on_advance=advance, stopping=stopping)
    assert heard[0] < len(ROWS)


def test_settings_of_a_model_that_are_not_heeded_here_leave_it_to_transformers(loaded, monkeypatch):  # noqa: F811
    monkeypatch.setattr(generation, "most_likely", None)
    monkeypatch.setattr(loaded.model.generation_config, "no_repeat_ngram_size", 1)
    (answer,) = generate(loaded.model, loaded.tokenizer, ROWS[:1], NEW, max_length=128)
    assert answer == alone(loaded, ROWS[0])


def test_another_attention_is_asked_in_padded_batches(loaded, monkeypatch):  # noqa: F811
    together = generate(loaded.model, loaded.tokenizer, ROWS[:5], NEW, max_length=128)
    monkeypatch.setattr(generation, "most_likely", None)
    loaded.model.set_attn_implementation("sdpa")
    try:
        assert generate(loaded.model, loaded.tokenizer, ROWS[:5], NEW, max_length=128) == together
    finally:
        loaded.model.set_attn_implementation(ATTENTION)
