import csv
import io
import json
import math
import random
from dataclasses import replace

import pytest

from core.dataset.example import Example, Split, Turn
from core.evaluate.card import card_section
from core.evaluate.compare import compare, read_evaluation
from core.evaluate.evaluation import RowResult, write_evaluation
from core.evaluate.metrics.metric import Answer, Family
from core.evaluate.per_label import per_label
from core.evaluate.table import quoted, to_csv


def make_split(answers, *, labelled):
    examples = tuple(
        Example(i + 1, (Turn("user", f"prompt {i}"),), answer, answer if labelled else None)
        for i, answer in enumerate(answers)
    )
    return Split(train=examples, validation=(), test=examples)


def say(split, texts, nats=4.0):
    return [Answer(example.answer, text, nats, 2) for example, text in zip(split.test, texts, strict=True)]


@pytest.fixture
def labelled():
    split = make_split(["a", "b", "c"] * 10, labelled=True)
    base = say(split, ["a"] * 30)
    tuned = say(split, ["a", "b", "a"] * 10, nats=1.0)
    return compare(split, base, tuned, seed=7)


def test_labels_are_scored_by_accuracy_and_macro_f1_first(labelled):
    assert list(labelled.metrics)[:2] == labelled.first == ["accuracy", "macro_f1"]
    assert set(labelled.more) == {"weighted_f1", "perplexity"}
    assert labelled.primary == "accuracy"
    accuracy = labelled.metrics["accuracy"]
    assert accuracy["base"] == pytest.approx(1 / 3)
    assert accuracy["tuned"] == pytest.approx(2 / 3)
    assert accuracy["p_value"] == pytest.approx(2 / 2**10)
    assert accuracy["interval"][0] < 1 / 3 < accuracy["interval"][1]
    assert labelled.headline.startswith("Better by 33")


def test_wins_come_first_then_losses_then_ties():
    split = make_split(["a", "b", "a", "b"], labelled=True)
    found = compare(split, say(split, ["a", "b", "b", "a"]), say(split, ["a", "a", "a", "a"]), seed=7)
    assert [row.outcome for row in found.rows] == ["win", "loss", "tie", "tie"]
    assert (found.wins, found.losses, found.ties) == (1, 1, 2)
    assert found.rows[0].row == 3
    assert "cannot tell" in found.headline


def test_the_confusion_tables_hold_every_row_once(labelled):
    assert labelled.labels == ["a", "b", "c"]
    assert labelled.confusion_base == [[10, 0, 0], [10, 0, 0], [10, 0, 0]]
    assert labelled.confusion_tuned == [[10, 0, 0], [0, 10, 0], [10, 0, 0]]


def test_a_label_that_training_never_saw_still_has_its_row():
    seen, unseen = make_split(["a", "b"], labelled=True), make_split(["a", "z"], labelled=True)
    split = Split(train=seen.train, validation=(), test=unseen.test)
    found = compare(split, say(split, ["a", "a"]), say(split, ["a", "b"]), seed=7)
    assert found.labels == ["a", "b", "z"]
    assert found.confusion_tuned == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("answers", "primary"),
    [
        (["$76.5 million", "2018"], "exact_match"),
        (["the patient denies any fever, chills or chest pain"] * 2, "rouge_l"),
    ],
)
def test_the_primary_metric_fits_the_answers_length(answers, primary):
    split = make_split(answers, labelled=False)
    found = compare(split, say(split, ["x"] * 2), say(split, answers), seed=7)
    assert found.primary == primary
    assert next(iter(found.metrics)) == found.first[0] == primary
    assert {"exact_match", "token_f1", "rouge_l", "chrf", "bleu", "perplexity", "unended"} <= set(found.metrics)
    assert set(found.first + found.more) == set(found.metrics)
    assert found.labels == found.confusion_base == []
    assert [row.tuned_score for row in found.rows] == [1.0, 1.0]


def test_a_loss_that_is_no_number_leaves_perplexity_out():
    split = make_split(["a", "b"], labelled=True)
    found = compare(split, say(split, ["a", "a"]), say(split, ["a", "b"], nats=float("nan")), seed=7)
    assert set(found.metrics) == {"accuracy", "macro_f1", "weighted_f1"}


def test_the_same_answers_give_the_same_evaluation(labelled):
    split = make_split(["a", "b", "c"] * 10, labelled=True)
    again = compare(split, say(split, ["a"] * 30), say(split, ["a", "b", "a"] * 10, nats=1.0), seed=7)
    assert again == labelled


def test_an_evaluation_survives_its_file(labelled, tmp_path):
    write_evaluation(labelled, tmp_path)
    assert read_evaluation(tmp_path) == labelled
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.json"]


def test_an_evaluation_of_an_earlier_or_a_later_version_opens(labelled, tmp_path):
    write_evaluation(labelled, tmp_path)
    path = tmp_path / "evaluation.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    for name in ("needed", "own", "problems"):
        del raw[name]
    for row in raw["rows"]:
        del row["base_confidence"], row["tuned_confidence"]
    raw["metrics"]["of_another_version"] = {"base": 0.1, "tuned": 0.2, "interval": [0.0, 0.2], "p_value": 0.5}
    raw["of_another_version"] = 1
    path.write_text(json.dumps(raw), encoding="utf-8")
    found = read_evaluation(tmp_path)
    assert found.headline == labelled.headline
    assert found.family == Family.LABELS
    assert (found.first, found.more) == (labelled.first, labelled.more)
    assert found.reliability("tuned") == []
    assert per_label(found.labels, found.confusion_tuned)[0].recall == 1.0


def test_too_few_rows_say_about_how_many_would_tell():
    split = make_split(["a", "b"] * 6, labelled=True)
    tuned = say(split, ["a", "b"] * 3 + ["a", "a"] * 3)
    base = say(split, ["b", "a"] * 2 + ["a", "b"] + ["a", "b"] + ["a", "a"] * 2)
    found = compare(split, base, tuned, seed=7)
    assert found.headline.startswith("These 12 rows cannot tell the two apart; about ")
    assert found.needed["accuracy"] > 12
    assert found.told("accuracy") == found.headline


def test_a_probability_is_kept_for_each_row_and_grouped_into_bins_with_counts_and_intervals():
    split = make_split(["a", "b"] * 10, labelled=True)
    sure = [Answer(e.answer, "a", 1.0, 2, 0.95 if e.answer == "a" else 0.55) for e in split.test]
    found = compare(split, say(split, ["a"] * 20), sure, seed=7)
    assert {(row.base_confidence, row.tuned_confidence) for row in found.rows} == {(None, 0.95), (None, 0.55)}
    assert found.reliability("base") == []
    low, high = found.reliability("tuned")
    assert (low.rows, low.accuracy, low.confidence) == (10, 0.0, pytest.approx(0.55))
    assert (high.rows, high.accuracy) == (10, 1.0)
    assert high.interval[0] < 0.95 < high.interval[1]


def test_a_model_that_is_as_sure_as_it_is_right_may_have_no_calibration_error():
    split = make_split(["a", "b"] * 50, labelled=True)
    dice = random.Random(3)
    chances = [dice.uniform(0.5, 1) for _ in split.test]
    said = [
        Answer(e.answer, e.answer if dice.random() < chance else "z", 1.0, 2, chance)
        for e, chance in zip(split.test, chances, strict=True)
    ]
    split = Split(train=(*split.train, Example(999, split.train[0].turns, "z", "z")), validation=(), test=split.test)
    found = compare(split, said, said, seed=7)
    low, high = found.intervals["calibration_error"]["tuned"]
    assert low == 0.0
    assert found.metrics["calibration_error"]["tuned"] < high


def test_a_run_without_an_evaluation_has_none(tmp_path):
    assert read_evaluation(tmp_path) is None


def test_a_file_of_many_long_rows_stays_small(labelled, tmp_path):
    long = "word " * 8000
    rows = [RowResult(i, long, long, "", long, 0.0, 1.0, "win") for i in range(300)]
    write_evaluation(replace(labelled, rows=rows), tmp_path)
    assert (tmp_path / "evaluation.json").stat().st_size < 13_000_000
    assert read_evaluation(tmp_path).rows[0].reference.endswith("…")


def test_a_kept_row_gives_back_what_each_model_said_unless_its_text_was_cut(tmp_path):
    split = make_split(["a", "b"] * 6, labelled=True)
    base = [Answer(e.answer, "a", nats=2.0 + e.row, tokens=3, confidence=0.5) for e in split.test]
    tuned = [Answer(e.answer, "b", nats=0.1 * e.row, tokens=2, confidence=0.9) for e in split.test]
    write_evaluation(compare(split, base, tuned, seed=7), tmp_path)
    kept = {row.row: row for row in read_evaluation(tmp_path).rows}
    assert [kept[e.row].answer("base") for e in split.test] == base
    assert [kept[e.row].answer("tuned") for e in split.test] == tuned
    long = [replace(row, prompt="word " * 500_000) for row in kept.values()]
    write_evaluation(replace(read_evaluation(tmp_path), rows=long), tmp_path)
    assert all(math.isnan(row.answer("tuned").nats) for row in read_evaluation(tmp_path).rows)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_download_is_a_formula(start):
    text = f'{start}HYPERLINK("https://evil.example","x")'
    split = make_split(["a", "b"], labelled=False)
    found = compare(split, say(split, [text, text]), say(split, ["a", "b"]), seed=7)
    rows = list(csv.DictReader(io.StringIO(to_csv(found, {}).decode("utf-8-sig"))))
    assert [row["base"] for row in rows] == [f"'{text}"] * 2
    assert rows[0]["tuned_score"] == "1.0"


def test_a_harmless_cell_stays_as_it_is():
    assert quoted("a = b") == "a = b"


def test_the_file_is_plain_json(labelled, tmp_path):
    write_evaluation(labelled, tmp_path)
    raw = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert set(raw["metrics"]["accuracy"]) == {"base", "tuned", "interval", "p_value"}


def test_the_model_card_says_the_finding_and_every_metric_with_its_interval(labelled):
    told = card_section(labelled)
    assert told.startswith(labelled.headline)
    assert "| Accuracy | 33 % (19 to 51) | 67 % (49 to 81) | 0.002 |" in told
    assert "| Perplexity (lower is better) |" in told
    assert card_section(None) == ""
