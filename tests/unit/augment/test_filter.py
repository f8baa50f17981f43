"""The filter keeps good rows and rejects damaged ones, and says of each why."""

import random
from collections import Counter

import pytest
from rouge_score.rouge_scorer import RougeScorer

from core.augment.entries import Shape
from core.augment.filter.alike import rouge_matches
from core.augment.filter.check import Known
from core.augment.filter.choose import choose_diverse
from core.augment.filter.funnel import CHECKS, sift
from core.augment.filter.grounded import foreign_numbers
from tests.unit.augment.sets import mixed

SHAPE = Shape(
    format="labelled_text",
    mapping={"text": "text", "label": "label"},
    instruction="Classify.",
    inputs=("text",),
    answers=("label",),
)


def rows(*texts, label="a"):
    return [SHAPE.entry({"text": text, "label": label}, number) for number, text in enumerate(texts, start=1)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "good", "damaged"),
    [
        ("legal_clauses", 0.9, 0.15),
        ("medical_notes", 0.9, 0.15),
        ("financial_qa", 0.85, 0.2),  # one draw; answers of other rows pass: what-the-checks-keep.md
    ],
)
def test_real_rows_are_kept_and_damaged_ones_rejected(task, good, damaged, tmp_path):
    """Test rows stand in for a strong teacher's: two thirds of them as they are, damaged copies of the others."""
    known, rows_ = mixed(task, tmp_path, draw=1, free=task != "legal_clauses")
    sifted = sift(known, [row for _, row in rows_])
    kept, all_ = Counter(rows_[place][0] for place in sifted.kept), Counter(kind for kind, _ in rows_)
    print({kind: f"{kept[kind]} of {count}" for kind, count in all_.items()})
    bad = len(rows_) - all_["good"]
    assert kept["good"] >= good * all_["good"]
    assert len(sifted.kept) - kept["good"] <= damaged * bad
    assert len(sifted.kept) + len(sifted.reasons) == len(rows_)
    assert sum(stage.rejected for stage in sifted.stages) == len(sifted.reasons)


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("I am fifty-four years old.", "54"),
        ("It was in nineteen eighty four, I think.", "1984"),
        ("since two thousand and nine", "2009"),
        ("She weighs two hundred and five pounds.", "205"),
        ("a fever of one hundred one point four", "101.4"),
        ("He smokes half a pack.", "0.5"),
        ("on the third of December", "12"),
        ("She died in her eighties.", "80"),
    ],
)
def test_a_number_that_is_spelled_out_in_what_is_asked_is_no_fact_of_its_own(said, number):
    assert not foreign_numbers(said, f"It is {number}.")
    assert foreign_numbers(said, "It is 7777.") == {"7777"}


def test_the_numbers_of_a_list_are_no_facts():
    assert not foreign_numbers("Cancer, and an artery.", "1. Cancer. 2. Artery.")
    assert foreign_numbers("Cancer.", "1. Cancer at 62.") == {"62"}


def test_the_gate_takes_no_more_of_the_seeds_than_a_twentieth_whatever_quality_is_wanted():
    chance = random.Random(2)
    words = {label: [f"{label}{n}" for n in range(12)] + [f"any{n}" for n in range(30)] for label in "abc"}
    seeds = [
        SHAPE.entry({"text": " ".join(chance.choices(words[label], k=9)), "label": label}, number)
        for number, label in enumerate("abc" * 40)
    ]
    verdict = CHECKS["quality"].run(Known(shape=SHAPE, seeds=seeds, quality_threshold=0.999), seeds[:60])
    assert "of the seeds would be rejected" in verdict.note
    assert len(verdict.rejected) <= 3


def test_the_rows_too_like_another_are_those_that_the_rouge_score_library_finds():
    chance = random.Random(3)
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    found = rows(*(" ".join(chance.choices(words, k=chance.randint(4, 9))) for _ in range(120)))
    matches = rouge_matches(found[:40], found[40:], ("text",))
    scorer, out = RougeScorer(["rougeL"]), set()
    texts = [row.cells["text"] for row in found]
    for number in range(40, 120):
        if any(
            scorer.score(texts[number], texts[other])["rougeL"].fmeasure >= 0.7
            for other in range(number)
            if other not in out
        ):
            out.add(number)
    assert {40 + place for place in matches} == out
    assert 5 < len(out) < 75


def test_one_question_on_two_tables_is_not_one_row_twice():
    shape = Shape(
        format="question_answer",
        mapping={"context": "context", "question": "question", "answer": "answer"},
        instruction="",
        inputs=("context", "question"),
        answers=("answer",),
    )
    one = shape.entry({"context": "sales were 5 in May", "question": "What were sales?", "answer": "5"}, 1)
    two = shape.entry({"context": "in winter a firm sold nine cars", "question": "What were sales?", "answer": "9"}, 2)
    assert not rouge_matches([one], [two], shape.inputs)
    assert rouge_matches([one], [one], shape.inputs)


def test_few_seeds_are_no_judge_and_the_gate_says_so():
    seeds = rows("one two three four", "five six seven eight")
    verdict = CHECKS["quality"].run(Known(shape=SHAPE, seeds=seeds), rows("nine ten eleven twelve"))
    assert not verdict.rejected
    assert "too few" in verdict.note


def test_labels_that_have_nothing_to_do_with_the_texts_switch_the_gate_off():
    chance = random.Random(5)
    words = [f"word{number}" for number in range(40)]
    seeds = [
        SHAPE.entry({"text": " ".join(chance.choices(words, k=12)), "label": chance.choice("ab")}, number)
        for number in range(80)
    ]
    verdict = CHECKS["quality"].run(Known(shape=SHAPE, seeds=seeds), seeds[:5])
    assert not verdict.rejected
    assert "AUC" in verdict.note


def test_a_candidate_like_a_held_out_row_is_rejected_without_saying_which():
    held = rows("the tenant pays the rent on the first of each month without delay")
    close = rows("the tenant pays the rent on the first of every month without delay")
    verdict = CHECKS["leakage"].run(Known(shape=SHAPE, seeds=rows("x y z"), held_out=held), close)
    assert verdict.rejected == {0: "is like a row that is held out for validation or test"}


def test_refusals_and_gaps_are_rejected():
    candidates = rows(
        "As an AI language model I cannot write a contract.", "The rent is due to [COMPANY NAME].", "The rent is due."
    )
    verdict = CHECKS["refusal"].run(Known(shape=SHAPE, seeds=rows("A plain sentence.")), candidates)
    assert set(verdict.rejected) == {0, 1}


def test_the_choice_prefers_what_is_unlike_the_seeds_and_what_is_taken():
    seeds = rows("apples and pears in a basket")
    candidates = rows("apples and pears in a bowl", "stars over the desert at night", "stars over the desert at dusk")
    assert choose_diverse(SHAPE, seeds, candidates, {}, 2, 0.9)[0] != 0
    assert choose_diverse(SHAPE, seeds, candidates, {0: 1.0, 1: 0.9, 2: 0.9}, 1, 0.0) == [0]
    taken = choose_diverse(SHAPE, seeds, candidates, {}, 2, 0.9)
    assert set(taken) != {1, 2}
