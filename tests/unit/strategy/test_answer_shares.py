from dataclasses import replace

from core.dataset.example import Example, Turn
from core.engine import Engine
from core.strategy.lengths import answer_shares


def row(prompt: int, answer: int, number: int = 1) -> Example:
    return Example(row=number, turns=(Turn("user", "p" * prompt),), answer="a" * answer)


def test_short_answers_are_a_small_share_of_the_tokens(small):
    low, expected, high = answer_shares([row(3500, 35, n) for n in range(10)], replace(small, folder=None))
    assert low == expected
    assert 0.005 < expected <= high < 0.02


def test_a_batch_of_the_longest_answers_is_the_high_end(small):
    shares = answer_shares([row(700, 35), *(row(700, 700, n) for n in (2, 3))], replace(small, folder=None))
    assert shares.expected < 0.45 < shares.high < 0.55


def test_a_text_without_prompt_is_learned_whole(small):
    assert set(answer_shares([Example(row=1, turns=(), answer="a text")], small)) == {1.0}


def test_nothing_is_said_of_no_rows(small):
    assert answer_shares([], small) is None


def test_the_forecast_of_a_plan_knows_how_much_of_its_rows_is_answer(tmp_path):
    engine = Engine(tmp_path)
    try:
        choice = engine.choose(engine.open_data("legal_clauses"))
        plan = engine.advise(choice, "starter").plan
        known = engine.forecast(plan)
        gone = engine.forecast(plan.model_copy(update={"data": choice.model_copy(update={"source": "0" * 16})}))
        assert known.parts["logits"] < gone.parts["logits"] / 3
        assert "mostly answer" in gone.cause
        assert "mostly answer" not in known.cause
    finally:
        engine.close()
