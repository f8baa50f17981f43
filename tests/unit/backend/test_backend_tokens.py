import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.backend.tokens import GAP, answer_ids, encode, encode_prompt, end_id, prompt_ids, render_prompt, stop_ids
from core.dataset.example import Example, Turn

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<|>"), min_size=1, max_size=80)


@pytest.fixture(scope="module")
def plain(tokenizer):
    bare = copy.deepcopy(tokenizer)
    bare.chat_template = None
    bare.__dict__.pop("_fewtune_end_id", None)
    return bare


@pytest.mark.parametrize("templated", [True, False])
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=TEXT, answer=TEXT)
def test_the_prompt_is_an_exact_prefix_and_the_answer_is_whole(tokenizer, plain, templated, prompt, answer):
    mine = tokenizer if templated else plain
    row = encode(mine, Example(1, (Turn("user", prompt),), answer), 4096)
    assert row.input_ids[: row.prompt_length] == prompt_ids(mine, (Turn("user", prompt),))
    assert mine.decode(row.input_ids[row.prompt_length : -1]) == answer
    assert row.input_ids[-1] == end_id(mine)
    assert row.input_ids.count(end_id(mine)) == 1 + templated
    assert not row.truncated


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.integers(1, 200), room=st.integers(24, 120), answer=TEXT)
def test_a_shortened_row_fits_and_keeps_its_answer_and_its_frame(tokenizer, words, room, answer):
    given_row = Example(1, (Turn("system", "Be brief."), Turn("user", "Say: " + "word " * words + "Why?")), answer)
    row = encode(tokenizer, given_row, room)
    tail = answer_ids(tokenizer, given_row.turns, answer)
    if row is None:
        frame = prompt_ids(tokenizer, (given_row.turns[0], Turn("user", "")))
        assert len(frame) + len(tail) > room
        return
    assert len(row.input_ids) <= room
    assert row.input_ids[row.prompt_length :] == tail
    text = tokenizer.decode(row.input_ids[: row.prompt_length])
    assert text.startswith("<|system|>")
    assert text.endswith("<|end|><|assistant|>")


def test_a_long_prompt_loses_its_middle(tokenizer):
    turns = (Turn("user", "Classify the text. " + "filler " * 300 + "Is it red?"),)
    kept, ids, truncated = encode_prompt(tokenizer, turns, 60)
    assert truncated
    assert len(ids) <= 60
    assert kept[0].content.startswith("Classify")
    assert kept[0].content.endswith("red?")
    assert GAP in kept[0].content


def test_as_much_as_fits_is_kept(tokenizer):
    turns = (Turn("user", "filler " * 300),)
    _, ids, _ = encode_prompt(tokenizer, turns, 100)
    assert len(ids) > 90


def test_a_prompt_without_room_is_no_prompt(tokenizer):
    assert encode_prompt(tokenizer, (Turn("user", "hello"),), 2) is None


def test_without_a_template_prompts_are_plain_text(plain):
    assert render_prompt(plain, (Turn("system", "A"), Turn("user", "B"))) == "A\n\nB\n\n"


def test_an_answer_ends_where_its_turn_ends(tokenizer, plain):
    other = copy.deepcopy(tokenizer)
    other.__dict__.pop("_fewtune_end_id", None)
    other.eos_token = "<|system|>"
    assert end_id(other) == tokenizer.eos_token_id
    assert set(stop_ids(other)) == {tokenizer.eos_token_id, other.eos_token_id}
    assert end_id(plain) == plain.eos_token_id
