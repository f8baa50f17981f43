"""Answers that stop too soon are found where answers need no closing sign."""

import random

import pytest

from core.augment.entries import Shape
from core.augment.filter.check import Known
from core.augment.filter.ends import ENDS, cut, measures

SHAPE = Shape(
    format="question_answer",
    mapping={"context": "context", "question": "question", "answer": "answer"},
    instruction="",
    inputs=("context", "question"),
    answers=("answer",),
)


def row(number, change=str):
    chance = random.Random(number)
    what, where = chance.choice(["sales", "costs", "rents", "wages"]), chance.choice(["north", "south", "islands"])
    answer = f"higher {what} in the {where}, and the price of {chance.choice(['oil', 'gas', 'wood'])} in {where} towns"
    context = f"In {1990 + number} profit was lower due to {answer}. Nothing else changed in that year."
    return SHAPE.entry({"context": context, "question": "Why was profit lower?", "answer": change(answer)}, number)


@pytest.fixture
def known():
    return Known(shape=SHAPE, seeds=[row(number) for number in range(60)])


def test_whole_answers_pass_and_cut_ones_are_rejected_with_the_word_where_they_stop(known):
    chance = random.Random(1)
    whole = [row(number) for number in range(100, 120)]
    short = [row(number, lambda answer: cut(answer, chance)) for number in range(120, 140)]
    verdict = ENDS.run(known, whole + short)
    assert len(set(verdict.rejected) & set(range(20))) <= 1
    assert len(set(verdict.rejected) & set(range(20, 40))) >= 16
    assert all(
        f"stops behind {short[place - 20].cells['answer'].split()[-1]!r}" in reason
        for place, reason in verdict.rejected.items()
        if place >= 20
    )
    assert "of seeds that were cut" in verdict.note


def test_where_answers_close_with_a_sign_it_is_left_to_the_check_of_that(known):
    seeds = [row(number, lambda answer: f"{answer}.") for number in range(60)]
    assert not ENDS.run(Known(shape=SHAPE, seeds=seeds), known.seeds).rejected


def test_few_long_answers_teach_nothing_and_the_check_says_so(known):
    seeds = [row(number, lambda answer: answer if len(answer) % 7 == 0 else "oil") for number in range(20)]
    verdict = ENDS.run(Known(shape=SHAPE, seeds=seeds), [row(100, lambda _: "higher sales in the")])
    assert not verdict.rejected
    assert "too few to learn where answers stop" in verdict.note


def test_seeds_that_stop_anywhere_judge_nobody():
    words = [f"word{number}" for number in range(300)]
    chance = random.Random(4)
    seeds = []
    for number in range(80):
        text = chance.choices(words, k=40)
        end = chance.randint(7, 30)
        cells = {"context": " ".join(text), "question": "What?", "answer": " ".join(text[5:end])}
        seeds.append(SHAPE.entry(cells | {"answer": cells["answer"] or "x"}, number))
    verdict = ENDS.run(Known(shape=SHAPE, seeds=seeds), seeds[:9])
    assert not verdict.rejected
    assert "AUC" in verdict.note


@pytest.mark.parametrize("answer", ["", "…", "oil", "1,204.5 %"])
def test_whatever_the_answer_it_can_be_measured(answer):
    assert bool(measures("Why? For oil.", answer)) == bool(answer)
