import pytest

from core.engine import Engine
from core.evaluate.beside import prompted, same_rows, standing
from core.evaluate.compare import compare
from core.evaluate.prompting import Prompting, PromptScore
from tests.e2e.seeding import seed
from tests.unit.evaluate.test_compare_answers import make_split, say


def evaluation(texts, wanted="ab"):
    split = make_split(list(wanted) * 20, labelled=True)
    return compare(split, say(split, ["a"] * 40), say(split, texts), seed=7)


def answers(found, wrong=0):
    return {row.row: "z" if row.row <= wrong else row.reference for row in found.rows}


def test_something_else_on_the_same_rows_is_compared_row_by_row_in_a_sentence():
    found = evaluation(["a", "b"] * 20)
    worse = standing(found, "linear", "linear", "a linear model", answers(found, wrong=16))
    assert worse.values["accuracy"] == pytest.approx(0.6)
    assert set(worse.values) == {"accuracy", "macro_f1"}
    assert worse.told.startswith("Better than a linear model by 40 points (")
    assert worse.told.endswith("100 % against 60 %, on the same 40 rows.")
    even = standing(found, "linear", "linear", "a linear model", answers(found, wrong=1))
    assert even.told.startswith("These 40 rows cannot tell the tuned model and a linear model apart; about ")
    better = standing(evaluation(["a", "a"] * 20), "linear", "linear", "a linear model", answers(found))
    assert better.told.startswith("Worse than a linear model by 50 points (")


def test_answers_to_other_rows_are_not_compared():
    found = evaluation(["a", "b"] * 20)
    some = answers(found)
    del some[3]
    assert standing(found, "linear", "linear", "a linear model", some) is None
    assert standing(found, "linear", "linear", "a linear model", {}) is None
    assert same_rows(found, evaluation(["b", "b"] * 20))
    assert not same_rows(found, evaluation(["a", "b"] * 20, wanted="ba"))


def test_a_prompt_says_that_it_was_measured_on_other_rows():
    scores = (
        PromptScore(examples=0, value=0.1, low=0.0, high=0.2),
        PromptScore(examples=8, value=0.5, low=0.4, high=0.6),
    )
    known = Prompting(
        model="m",
        metric="accuracy",
        scores=scores,
        rows=50,
        among=50,
        too_long=0,
        room=9,
        most_frequent=0.1,
        taken=(1,),
        seed=7,
        seconds=1.0,
        at=0.0,
    )
    told = prompted(known)
    assert (told.short, told.values) == ("8-shot", {"accuracy": 0.5})
    assert "50 validation rows: other rows than these" in told.told


def test_an_earlier_run_stands_beside_another_only_on_the_same_test_rows(tmp_path):
    first, second, third = seed(tmp_path), seed(tmp_path, name="Second"), seed(tmp_path, source="financial_qa")
    engine = Engine(tmp_path, launcher="thread")
    try:
        results = engine.results
        assert [row.id for row in results.comparable(second)] == [first]
        assert results.comparable(third) == []
        assert [one.name for one in results.beside(second, first)] == ["linear", first]
        assert [one.name for one in results.beside(second, third)] == ["linear"]
        assert "the run 'Legal clauses, first try'" in results.beside(second, first)[1].told
        assert [one.name for one in results.beside(third)] == []
    finally:
        engine.close()
