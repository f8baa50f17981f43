"""Which examples stand in front of a question, and how."""

from collections import Counter

import pytest
from transformers import AutoTokenizer

from core.backend.tokens import encode, render_prompt
from core.dataset.example import Example, Turn
from core.evaluate.shots import draw, first_answer, some, with_shots
from core.strategy.model_facts import locate


def asked(row, text="", answer="yes", label=None, system=""):
    told = (Turn("system", system),) if system else ()
    return Example(row, (*told, Turn("user", text or f"Question {row}?")), answer, label)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(locate("starter"))


def test_labels_are_as_even_as_possible_in_all_examples_and_in_the_first_few():
    train = [asked(row, answer=label, label=label) for row, label in enumerate("aaaaaaaaaaaaaaaaabbbcc")]
    shots = draw(train, 8, 7)
    assert Counter(shot.label for shot in shots) == {"a": 3, "b": 3, "c": 2}
    assert {shot.label for shot in shots[:3]} == {"a", "b", "c"}
    assert len({shot.row for shot in shots}) == 8


def test_the_same_seed_draws_the_same_examples_and_another_one_others():
    train = [asked(row) for row in range(200)]
    assert draw(train, 8, 7) == draw(train, 8, 7) != draw(train, 8, 8)
    assert draw(train, 4, 7) == draw(train, 8, 7)[:4]


def test_long_rows_come_last_and_a_prompt_comes_once():
    short, long = [asked(row) for row in range(4)], [asked(row, "long " * 90 + str(row)) for row in range(4, 8)]
    assert {shot.row for shot in draw([*long, *short], 4, 7)} == {0, 1, 2, 3}
    assert len(draw([asked(1, "same"), asked(2, "same"), asked(3)], 8, 7)) == 2
    assert draw([], 8, 7) == ()


def test_of_many_rows_some_are_drawn_in_their_order():
    rows = [asked(row) for row in range(500)]
    drawn = some(rows, 100, 7)
    assert len(drawn) == 100
    assert [row.row for row in drawn] == sorted(row.row for row in drawn)
    assert some(rows, 100, 7) == drawn
    assert some(rows[:5], 100, 7) == rows[:5]


def test_a_chat_model_sees_examples_as_earlier_turns(tokenizer):
    shots = [asked(1, answer="red"), asked(2, answer="blue")]
    row = with_shots(asked(3), shots)
    assert [(turn.role, turn.content) for turn in row.turns] == [
        ("user", "Question 1?"),
        ("assistant", "red"),
        ("user", "Question 2?"),
        ("assistant", "blue"),
        ("user", "Question 3?"),
    ]
    messages = [{"role": turn.role, "content": turn.content} for turn in row.turns]
    whole = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert tokenizer.decode(encode(tokenizer, row, 1024).input_ids).startswith(whole)
    assert (row.row, row.answer) == (3, "yes")


def test_a_model_without_a_template_reads_pairs_as_in_training(tokenizer):
    plain = AutoTokenizer.from_pretrained(locate("starter"))
    plain.chat_template = None
    shot, row = asked(1, answer="red"), asked(2)
    trained = render_prompt(plain, shot.turns) + shot.answer
    assert render_prompt(plain, with_shots(row, [shot]).turns) == f"{trained}\n\n{render_prompt(plain, row.turns)}"


def test_what_the_system_says_stands_once_and_another_system_is_not_lost():
    row = asked(3, system="Be brief.")
    turns = with_shots(row, [asked(1, system="Be brief."), asked(2, system="Rhyme.")]).turns
    assert [turn.role for turn in turns] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert turns[1].content == "Question 1?"
    assert turns[3].content == "Rhyme.\n\nQuestion 2?"
    assert turns[5].content == "Question 3?"


def test_without_examples_a_row_is_asked_as_it_is():
    row = asked(3, system="Be brief.")
    assert with_shots(row, []) == row


def test_an_answer_ends_where_the_model_asks_itself_the_next_question():
    shots = [asked(1, answer="red")]
    assert first_answer("blue\n\nQuestion 4?\n\ngreen", shots) == "blue"
    assert first_answer("one\n\ntwo", [asked(1, answer="a\n\nb")]) == "one\n\ntwo", "answers hold blank lines here"
    assert first_answer("one\n\ntwo", []) == "one\n\ntwo"
