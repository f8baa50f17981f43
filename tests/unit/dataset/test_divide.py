import csv

import pytest

from core.dataset.files.source import open_source
from core.dataset.load import choose, inspect, load
from core.dataset.splits.divide import precision_of
from core.errors import DataError


@pytest.fixture
def make(tmp_path):
    def make(rows, labels=2, **files):
        folder = tmp_path / "upload"
        folder.mkdir(exist_ok=True)
        for role, number in {"train": rows, **files}.items():
            with (folder / f"{role}.csv").open("w", newline="") as out:
                content = [(f"this is {role} text {n}", f"label {n % labels}") for n in range(number)]
                csv.writer(out).writerows([["text", "label"], *content])
        return open_source(folder if files else folder / "train.csv", tmp_path / "home")

    return make


def found(source, **changes):
    choice = choose(source).model_copy(update=changes)
    return {finding.name: finding for finding in inspect(source, choice).findings}


@pytest.mark.parametrize(("rows", "points"), [(12, "25"), (40, "15"), (100, "10"), (300, "6"), (10_000, "1.0")])
def test_what_test_rows_can_show_is_said_in_points(rows, points):
    assert precision_of(rows) == (
        f"{rows:,} test rows: differences under about {points} points cannot be told from chance."
    )


def test_labels_with_few_test_rows_cannot_be_judged_alone():
    assert precision_of(40, 4).count(".") == 1
    assert precision_of(40, 77).endswith("For each of the 77 labels there are too few to judge it alone.")
    assert "no score" in precision_of(0)


def test_a_raised_test_share_is_said(make, tmp_path):
    source = make(60)
    finding = found(source)["split-size"]
    assert finding.severity == "note"
    assert finding.what.startswith("20 test rows: differences under about 20 points")
    assert "raised from 12 rows to 20 of 60" in finding.what
    assert len(load(choose(source), tmp_path / "home", 7).test) == 20


def test_another_share_is_kept_and_few_test_rows_are_said(make):
    finding = found(make(60), test_share=0.1)["split-size"]
    assert finding.what.startswith("6 test rows: ")
    assert "raised" not in finding.what


def test_enough_test_rows_need_no_word(make):
    assert "split-size" not in found(make(200))
    assert "split-size" not in found(make(60, test=60))
    assert "Add rows to the test file." in found(make(60, test=12))["split-size"].fix


def test_folds_are_loaded_one_by_one_and_refused_beside_a_test_file(make, tmp_path):
    source = make(50)
    folds = [load(choose(source).model_copy(update={"folds": 5, "fold": n}), tmp_path / "home", 7) for n in range(5)]
    assert sorted(e.row for fold in folds for e in fold.test) == list(range(1, 51))
    assert len({fold.sha256 for fold in folds}) == 5
    source = make(50, test=20)
    assert "5 folds cannot be made" in found(source, folds=5)["too-few-rows"].what
    with pytest.raises(DataError, match="5 folds cannot be made"):
        load(choose(source).model_copy(update={"folds": 5}), tmp_path / "home", 7)


def test_the_same_choice_and_seed_give_the_same_hash_and_any_other_another(make, tmp_path):
    source, home = make(100), tmp_path / "home"
    choice = choose(source)
    known = load(choice, home, 7).sha256
    assert load(choice, home, 7).sha256 == known
    others = [
        load(choice, home, 8),
        load(choice.model_copy(update={"test_share": 0.4}), home, 7),
        load(choice.model_copy(update={"validation_share": 0.2}), home, 7),
        load(choice.model_copy(update={"instruction": "Say which."}), home, 7),
        load(choice.model_copy(update={"folds": 5}), home, 7),
        load(
            choice.model_copy(
                update={"format": "prompt_completion", "mapping": {"prompt": "text", "completion": "label"}}
            ),
            home,
            7,
        ),
    ]
    assert len({known, *(other.sha256 for other in others)}) == 7
