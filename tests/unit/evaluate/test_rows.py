import csv
import io
import json
import math
from dataclasses import replace

import pytest

from core.evaluate.differences import differing
from core.evaluate.evaluation import Evaluation, RowResult, read_evaluation, write_evaluation
from core.evaluate.rows import NOBODY, ORDERS, Wanted, answers_digest, of_other_answers, select
from core.evaluate.table import to_csv, to_jsonl
from core.store.store import Judgement

ROWS = [
    RowResult(4, "Which?", "red", "blue", "red", 0.0, 1.0, "win", 0.4, 0.9),
    RowResult(2, "What colour?", "blue", "blue", "red, I think", 1.0, 0.0, "loss", 0.9, 0.5),
    RowResult(9, "=SUM(A1)", "red", "Red", "Red", 0.0, 0.0, "tie", 0.3, 0.3),
]
JUDGED = {
    4: Judgement("tuned", "", answers_digest(ROWS[0])),
    2: Judgement("", "Odd answer", answers_digest(ROWS[1])),
}


@pytest.fixture
def found():
    return Evaluation(
        rows=ROWS,
        primary="accuracy",
        metrics={},
        intervals={},
        wins=1,
        losses=1,
        ties=1,
        headline="",
        labels=["blue", "red"],
    )


def numbers(found, **wanted):
    return [row.row for row in select(found, JUDGED, Wanted(**wanted))]


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ({}, [4, 2, 9]),
        ({"outcome": "loss"}, [2]),
        ({"label": "red"}, [4, 9]),
        ({"said": "Red"}, [9]),
        ({"verdict": "tuned"}, [4]),
        ({"verdict": NOBODY}, [2, 9]),
        ({"search": " COLOUR "}, [2]),
        ({"search": "odd answer"}, [2]),
        ({"search": "9"}, [9]),
        ({"lowest": 0.5}, [4]),
        ({"highest": 0.5, "shortest": 4}, [2]),
        ({"longest": 3}, [4, 9]),
        ({"order": "row"}, [2, 4, 9]),
        ({"order": "row", "backwards": True}, [9, 4, 2]),
        ({"order": "length"}, [4, 9, 2]),
        ({"order": "confidence"}, [9, 2, 4]),
        ({"order": "gain"}, [2, 9, 4]),
        ({"order": "no such order"}, [4, 2, 9]),
    ],
)
def test_rows_are_chosen_by_all_that_is_wanted_at_once(found, wanted, rows):
    assert numbers(found, **wanted) == rows


@pytest.mark.parametrize("order", ORDERS)
def test_a_score_that_is_no_number_survives_its_file_stands_last_and_is_an_empty_cell(found, order, tmp_path):
    odd = replace(ROWS[0], base_score=math.nan, tuned_score=math.nan)
    write_evaluation(replace(found, rows=[odd, *ROWS[1:]]), tmp_path)
    again = read_evaluation(tmp_path)
    assert math.isnan(again.rows[0].change)
    assert sorted(row.row for row in select(again, {}, Wanted(order=order))) == [2, 4, 9]
    if order in {"gain", "tuned_score", "base_score"}:
        assert select(again, {}, Wanted(order=order))[-1].row == 4
    assert json.loads(to_jsonl(again, {}).splitlines()[0])["change"] is None


def test_a_verdict_on_other_answers_is_known_for_what_it_is():
    assert not of_other_answers(ROWS[0], JUDGED[4])
    assert of_other_answers(replace(ROWS[0], tuned="green"), JUDGED[4])
    assert not of_other_answers(ROWS[2], Judgement())


def test_both_files_hold_everything_and_the_table_no_formula(found):
    lines = [json.loads(line) for line in to_jsonl(found, JUDGED).splitlines()]
    rows = list(csv.DictReader(io.StringIO(to_csv(found, JUDGED).decode("utf-8-sig"))))
    assert list(rows[0]) == list(lines[0])
    assert {"prompt", "base", "tuned", "change", "verdict", "note", "tuned_confidence"} <= set(rows[0])
    assert (lines[0]["verdict"], lines[1]["note"]) == ("tuned", "Odd answer")
    assert (lines[2]["prompt"], rows[2]["prompt"]) == ("=SUM(A1)", "'=SUM(A1)")


def test_a_changed_file_is_read_anew(found, tmp_path):
    write_evaluation(found, tmp_path)
    assert read_evaluation(tmp_path) is read_evaluation(tmp_path)
    write_evaluation(replace(found, headline="other"), tmp_path)
    assert read_evaluation(tmp_path).headline == "other"


@pytest.mark.parametrize(
    ("one", "other", "marked"),
    [
        ("the cat sat", "the dog sat", ["cat"]),
        ("the cat sat", "the cat sat", []),
        ("", "anything", []),
        ("all new here", "", ["all new here"]),
        ("42 dollars, due", "42 euros; due", ["dollars,"]),
        ("患者无发热", "患者有发热", ["无"]),
        ("a <b>bold</b> word", "a word", ["<b>bold</b>"]),
    ],
)
def test_the_words_that_differ_are_marked_and_the_pieces_are_the_whole_text(one, other, marked):
    pieces = list(differing(one, other))
    assert "".join(piece for piece, _ in pieces) == one
    assert [piece for piece, differs in pieces if differs] == marked
