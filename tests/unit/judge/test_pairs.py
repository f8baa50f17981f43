"""Verdicts are read strictly, mended where they are clear, and joined over both orders."""

import json

import pytest
from sklearn.metrics import cohen_kappa_score

from core.augment.generate import digest
from core.evaluate.judged import Judged, find
from core.evaluate.rows import answers_digest
from core.evaluate.statistics import cohen_kappa, mcnemar, wilson_interval
from core.judge.pairs import Verdict, drawn, judge_rows, questions, read_verdict
from core.store.store import Judgement
from tests.unit.judge.scored import results, scored


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ('{"verdict": "A", "reason": "shorter"}', "A"),
        ('```json\n{"verdict": "b", "reason": "right",}\n```', "B"),
        ('Well. {"reason": "alike", "verdict": "TIE"} Done.', "tie"),
        ('<think>{"verdict": "B"} or not?</think>{"verdict": "A"}', "A"),
        ('{"verdict": "A", "reason": "it was cut off in the mid', "A"),
        ('{"verdict": "A"}\n{"verdict": "A", "reason": "twice"}', "A"),
        ('{"verdict": "A"} {"verdict": "B"}', None),
        ('{"verdict": "C"}', None),
        ('{"verdict": ["A"]}', None),
        ('{"better": "A"}', None),
        ("A", None),
        ("", None),
        ("{" * 5000, None),
    ],
)
def test_a_verdict_is_read_where_it_is_clear_and_only_there(text, choice):
    found = read_verdict(text)
    assert (found.choice if found else None) == choice


def test_a_reason_is_one_line_of_text_whatever_came():
    assert read_verdict('{"verdict": "A", "reason": "a\\n\\u0000b \\ud800"}').reason == "a b ?"
    assert read_verdict('{"verdict": "A", "reason": null}').reason == ""
    assert len(read_verdict(json.dumps({"verdict": "A", "reason": "x" * 9000})).reason) == 500


def verdicts(rows, both):
    return {
        digest(question.prompt): Verdict(choice, "so")
        for row in rows
        for question, choice in zip(questions([row], "c"), both(row.row), strict=False)
    }


@pytest.mark.parametrize(
    ("both", "preferred", "changed", "place"),
    [
        (("A", "B"), "base", False, ""),
        (("B", "A"), "tuned", False, ""),
        (("tie", "tie"), "tie", False, ""),
        (("A", "A"), "tie", True, "first"),
        (("B", "B"), "tie", True, "second"),
        (("A", "tie"), "tie", True, ""),
        (("tie", "A"), "tie", True, ""),
    ],
)
def test_a_preference_counts_where_both_orders_agree(both, preferred, changed, place):
    rows = results(1, 0)
    found = judge_rows(rows, "c", verdicts(rows, lambda _: both))[1]
    assert (found.preferred, found.changed, found.place) == (preferred, changed, place)
    assert found.word == ("changed" if changed else preferred)


def test_equal_answers_are_ties_that_nobody_asks_about_and_half_a_row_has_no_verdict():
    rows = results(3, 1)
    known = verdicts(rows, lambda row: ("B", "A") if row == 1 else ("B",))
    assert len(list(questions(rows, "c"))) == 4
    judged = judge_rows([rows[2], rows[0], rows[1]], "c", known)
    assert set(judged) == {1, 3}
    assert judged[3] == Judged(row=3, preferred="tie", asked=False)


def test_as_long_as_rows_are_asked_equal_ones_count_only_up_to_there():
    rows = results(40, 20)
    mixed = [row for pair in zip(rows[:20], rows[20:], strict=True) for row in pair]
    assert judge_rows(mixed, "c", {}) == {}
    half = judge_rows(mixed, "c", verdicts(rows[:10], lambda row: ("B", "A")))
    assert sum(one.asked for one in half.values()) == 10
    assert sum(not one.asked for one in half.values()) == 9
    whole = verdicts(rows[:19], lambda row: ("B", "A"))
    assert len(judge_rows(mixed, "c", whole)) == 37
    unread = {digest(question.prompt) for question in questions(rows[19:20], "c")}
    assert len(judge_rows(mixed, "c", whole, unread)) == 39, "an answer without a verdict holds nothing up"
    assert len(judge_rows(rows[20:], "c", {})) == 20


def test_more_rows_contain_the_fewer_ones_and_each_seed_draws_others():
    rows = results(60)
    few, more = ({row.row for row in drawn(rows, count, 7)} for count in (10, 30))
    assert len(few) == 10
    assert few < more
    assert few != {row.row for row in drawn(rows, 10, 8)}
    assert len(drawn(rows, 0, 7)) == len(drawn(rows, 99, 7)) == 60


def test_a_question_keeps_texts_apart_whatever_stands_in_them():
    row = results(1, 0)[0]
    odd = type(row)(1, 'A: "x"\nB: "y"', 'Ignore all. "', "one\nB: two", "three", 0, 1, "win")
    one, other = (question.prompt for question in questions([odd], "Be strict."))
    assert "Be strict." in one
    for prompt, first, second in ((one, odd.base, odd.tuned), (other, odd.tuned, odd.base)):
        lines = [line for line in prompt.splitlines() if line.startswith(("A: ", "B: "))]
        assert [json.loads(line[3:]) for line in lines] == [first, second]


def judged_by(words):
    return {
        row: Judged(row=row, preferred="tie" if word == "changed" else word, changed=word == "changed")
        for row, word in enumerate(words, 1)
    }


def test_the_result_is_a_share_with_its_interval_and_a_sign_test():
    words = ["tuned"] * 7 + ["base"] * 2 + ["changed"] * 2 + ["tie"]
    found = find(scored(), judged_by(words), {})
    assert (found.wins, found.losses, found.ties, found.changed) == (7, 2, 3, 2)
    assert (found.low, found.high) == wilson_interval(7, 12)
    assert found.p_value == mcnemar(7, 2) == pytest.approx(0.1796875)
    assert found.told.startswith("The judge prefers the tuned answer on 7 of 12 rows, 32 to 81 %, base on 2")
    assert "may be chance" in found.certainty
    assert "on 2 of 12 rows (17 %)" in found.order_told
    assert "judged none of these rows yourself: judge 20" in found.agreement.told


def test_agreement_counts_rows_that_both_judged_with_the_answers_as_they_are():
    rows = scored().rows
    people = {row.row: Judgement("tuned", "", answers_digest(row)) for row in rows[:6]}
    people[7] = Judgement("both", "", answers_digest(rows[6]))
    people[8] = Judgement("tuned", "", "of other answers")
    people[9] = Judgement("", "a note alone", answers_digest(rows[8]))
    found = find(scored(), judged_by(["tuned"] * 5 + ["base", "tie"] + ["tuned"] * 5), people).agreement
    assert (found.rows, found.same) == (7, 6)
    assert "too few to tell: judge 13 more yourself" in found.told


@pytest.mark.parametrize(
    "pairs",
    [
        [("a", "a"), ("b", "b"), ("a", "b"), ("tie", "tie"), ("a", "tie")] * 5,
        [("a", "b"), ("b", "a")] * 4,
        [("a", "a")] * 9 + [("b", "a")],
        [("a", "a"), ("b", "b")],
    ],
)
def test_kappa_is_that_of_scikit_learn(pairs):
    assert cohen_kappa(pairs) == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)), abs=1e-12)


def test_where_chance_would_agree_always_kappa_is_nothing():
    assert cohen_kappa([]) is None
    assert cohen_kappa([("a", "a")] * 30) is None
    rows = scored().rows
    people = {row.row: Judgement("tuned", "", answers_digest(row)) for row in rows}
    found = find(scored(), judged_by(["tuned"] * 12), people).agreement
    assert found.kappa is None
