from itertools import zip_longest

import pytest

from core.dataset.health import CHECKS, find_all, sufficiency
from core.dataset.health.amount import how_far
from core.dataset.health.check import SAMPLE, Check
from core.dataset.provenance import COLUMN, HUMAN, Generated
from tests.unit.dataset.inspecting import LABELLED, PAIRS, findings, inspection, mended, pairs, plain, texts


def test_rows_with_nothing_wrong_have_no_findings():
    assert findings(plain()) == {}
    assert findings(texts(), LABELLED) == {}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_check_says_what_it_looks_for_and_gives_only_findings_that_it_names(check: Check):
    assert check.about
    assert check.finds
    assert {finding.name for finding in check.run(inspection(plain()))} <= set(check.finds)


def test_each_finding_belongs_to_one_check():
    names = [name for check in CHECKS.values() for name in check.finds]
    assert len(names) == len(set(names))


def test_the_one_who_waits_hears_what_goes_on():
    heard = []
    find_all(inspection(plain()), lambda about, share: heard.append((about, share)))
    assert list(dict.fromkeys(about for about, _ in heard)) == [check.about for check in CHECKS.values()]
    assert all(0 <= share < 1 for _, share in heard)


@pytest.mark.parametrize("empty", ["", "  ", "\u00a0", None])
def test_an_empty_field_is_left_out_for_good(empty):
    rows = [*plain(), *pairs(("Where?", empty), ("And then?", "No one knows that."))]
    finding = findings(rows)["empty-field"]
    assert (finding.rows, finding.column, finding.example) == ((121,), "completion", "Where?")
    assert finding.mends[0].safe
    tables, left = mended(rows, finding, "drop")
    assert tables["train"].numbers[-1] == 122
    assert left == {}


@pytest.mark.parametrize("blank", ["\u200b", "\ufeff \u2060", "\u200e\u3164"])
def test_a_field_that_only_looks_empty_is_told_too(blank):
    rows = [*plain(), *pairs(("Where?", blank))]
    finding = findings(rows)["blank-field"]
    assert (finding.severity, finding.rows) == ("warning", (121,))
    assert "blank-field" not in mended(rows, finding, "drop")[1]


def test_punctuation_where_words_are_expected_is_a_note():
    rows = [
        *plain(),
        *pairs(("???", "It is what it is."), ("…", "So it goes."), ("+", "plus"), ("👍", "thumb"), ("木", "tree")),
    ]
    finding = findings(rows)["no-words"]
    assert (finding.severity, finding.rows, finding.column) == ("note", (121, 122), "prompt")


def test_a_column_that_is_mostly_empty_is_no_safe_loss():
    rows = pairs(*((f"Question {n}?", "" if n % 3 else f"Answer {n}") for n in range(120)))
    finding = findings(rows)["empty-field"]
    assert finding.severity == "error"
    assert not finding.mends[0].safe


def test_a_mend_that_would_leave_no_row_is_not_offered():
    finding = findings(pairs(*((f"Question {n}?", "") for n in range(20))))["empty-field"]
    assert (finding.severity, finding.mends) == ("error", ())


def test_only_prompt_and_answer_make_a_repeat():
    rows = [{**row, "id": n, "when": f"day {n}"} for n, row in enumerate([*plain(), plain()[4]])]
    finding = findings(rows)["duplicate-row"]
    assert finding.rows == (121,)
    assert "row 121 is the same as row 5" in finding.what
    tables, left = mended(rows, finding, "drop")
    assert len(tables["train"].rows) == 120
    assert left == {}


def test_a_prompt_with_several_answers_is_a_note_where_answers_are_free():
    rows = [*plain(), *pairs(("Say something.", "Something."), ("Say something.", "Anything, then."))]
    finding = findings(rows)["several-answers"]
    assert (finding.severity, finding.rows) == ("note", (121, 122))
    assert mended(rows, finding, "first")[0]["train"].numbers[-1] == 121


def test_leaked_rows_are_left_out_of_training_and_repeats_of_a_test_are_a_note():
    files = {"test": [*plain()[:2], *plain()[:1]]}
    found = {finding.name: finding for finding in find_all(inspection(plain(), files=files))}
    assert (found["split-leakage"].file, found["split-leakage"].rows) == ("train", (1, 2))
    assert (found["duplicate-row"].file, found["duplicate-row"].severity) == ("test", "note")
    tables, left = mended(plain(), found["split-leakage"], "drop", files=files)
    assert (len(tables["train"].rows), len(tables["test"].rows)) == (118, 3)
    assert "split-leakage" not in left


def test_what_was_decided_while_reading_is_a_note():
    finding = findings(plain(), notes=("The sheet 'June' was taken.",))["reading-note"]
    assert (finding.severity, finding.what) == ("note", "The sheet 'June' was taken.")


def test_a_look_at_some_rows_only_is_said():
    rows = pairs(*((f"Question {n}?", f"Answer {n}") for n in range(2 * SAMPLE + 1)))
    looked = inspection(rows)
    assert len({row for row, _, _ in looked.cells("train")}) <= SAMPLE
    assert next(iter(CHECKS["reading"].run(looked))).name == "sampled"


@pytest.mark.parametrize(
    ("usable", "labels", "tone"),
    [
        (3, {}, "red"),
        (38, {}, "amber"),
        (70, {}, "amber"),
        (200, {}, "green"),
        (900, {}, "green"),
        (200, {"a": 197, "b": 3}, "amber"),
        (200, {"a": 100, "b": 100}, "green"),
    ],
)
def test_it_is_said_how_far_the_rows_go(usable, labels, tone):
    said = how_far(usable, PAIRS[0], labels)
    assert said[0] == tone
    assert said[1].startswith(f"{usable} examples")


def with_origins(rows, *origins):
    """The rows with a column that says who wrote them, people where `origins` end."""
    return [{**row, COLUMN: origin} for row, origin in zip_longest(rows, origins, fillvalue=HUMAN)]


def test_whether_there_are_enough_goes_by_the_rows_of_people_and_tells_the_generated_ones():
    made = Generated("a teacher", (200,), "").cell
    rows = with_origins(plain(200), *[made] * 140)
    told = "60 examples by people, with 140 generated rows: enough to learn a style, few to learn a skill; more of "
    assert sufficiency(inspection(rows)) == ("amber", f"{told}them help most.")
    assert findings(rows)["few-rows"].what.startswith(told)
    assert sufficiency(inspection(with_origins(plain(200))))[1].startswith("200 examples: ")
    assert sufficiency(inspection(with_origins(plain(60), *[made] * 55)))[0] == "red"


def test_a_label_that_a_teacher_filled_up_is_as_rare_as_people_left_it():
    rows = with_origins(texts(200, ("bill", "card")), *[Generated("a teacher", (), "").cell, HUMAN] * 96)
    said = sufficiency(inspection(rows, LABELLED))
    assert said[0] == "amber"
    assert said[1].startswith("104 examples by people, with 96 generated rows; of the 2 labels 'bill' has only 4, ")


def test_few_rows_are_a_note():
    assert findings(plain(38))["few-rows"].what == ("38 examples: enough to try a style, too few to measure it well.")
    assert "few-rows" not in findings(plain(100))
