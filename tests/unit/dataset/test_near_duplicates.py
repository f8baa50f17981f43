import csv
import random
from pathlib import Path

import pytest

from core.dataset.files.read import read_table
from core.dataset.files.source import open_source
from core.dataset.health import check, near_duplicates
from core.dataset.load import choose, inspect, load
from core.dataset.versions.mend import apply
from core.errors import SettingsError

WORDS = [
    "".join(random.Random(n).choices("bcdfglmnprst", k=1) + random.Random(n).choices("aeiourn", k=2 + n % 5))
    for n in range(700)
]


def message(seed, words=50):
    """A text like no other one."""
    return " ".join(random.Random(f"text {seed}").choices(WORDS, k=words))


def copy_of(text, seed=0, edits=2):
    words = text.split()
    for place in random.Random(f"copy {seed}").sample(range(len(words)), edits):
        words[place] = "changed"
    return " ".join(words)


@pytest.fixture
def make(tmp_path):
    def make(rows, columns=("text", "label"), **files):
        folder = tmp_path / "upload"
        folder.mkdir(exist_ok=True)
        for role, content in {"train": rows, **files}.items():
            with (folder / f"{role}.csv").open("w", newline="", encoding="utf-8") as out:
                csv.writer(out).writerows([columns, *content])
        return open_source(folder if files else folder / "train.csv", tmp_path / "home")

    return make


def rows_of(number=120, labels=("bill", "card")):
    return [(message(n), labels[n % len(labels)]) for n in range(number)]


def found(source, choice=None):
    return {finding.name: finding for finding in inspect(source, choice).findings}


def test_near_copies_are_named_with_their_similarity_and_the_first_one_is_kept(make):
    copies = [copy_of(message(4)), copy_of(message(4), 1), copy_of(message(4), 1)]
    source = make([*rows_of(), *((text, "bill") for text in copies)])
    finding = found(source)["near-duplicate"]
    assert (finding.severity, finding.rows) == ("note", (121, 122))
    assert finding.what.startswith("2 rows nearly repeat an earlier one (row 12")
    assert "% the same as row 5)." in finding.what
    assert "stay on the same side of the split" in finding.fix
    assert "changed" in finding.example
    (mend,) = finding.mends
    assert (mend.name, mend.safe) == ("drop", False)
    table = read_table(source.files["train"])
    left = apply(mend, {"train": table})["train"]
    assert [row["text"] for row in left.rows] == [message(n) for n in range(120)]


def test_many_near_copies_are_a_warning(make):
    finding = found(make([*rows_of(), *((copy_of(message(n)), "bill" if n % 2 == 0 else "card") for n in range(10))]))
    assert finding["near-duplicate"].severity == "warning"
    assert finding["near-duplicate"].rows == tuple(range(121, 131))


def test_healthy_rows_have_no_near_copies(make):
    assert not {"near-duplicate", "near-conflict", "near-leakage"} & found(make(rows_of())).keys()


def test_near_copies_with_another_label_are_not_dropped_but_named_where_they_are_nearly_equal(make):
    text = message(4, words=90)
    close, farther = f"{text} too", copy_of(message(6), edits=3)
    finding = found(make([*rows_of(), (text, "bill"), (close, "card"), (farther, "card")]))
    assert "near-duplicate" not in finding
    assert (finding["near-conflict"].severity, finding["near-conflict"].rows) == ("note", (121, 122))
    assert "say 'bill' and 'card'" in finding["near-conflict"].what
    assert finding["near-conflict"].mends == ()


def test_training_rows_that_nearly_stand_in_the_test_file_are_named_and_left_out(make, tmp_path):
    test = [(copy_of(message(3)), "card"), (message(7), "card"), *((message(f"new {n}"), "bill") for n in range(20))]
    source = make([*rows_of(), (copy_of(message(7)), "card")], test=test)
    finding = found(source)
    assert finding["split-leakage"].rows == (8,)
    leak = finding["near-leakage"]
    assert (leak.severity, leak.rows, leak.file) == ("note", (4, 121), "train")
    assert "2 rows of the training file nearly stand in the test file too (row 4 is" in leak.what
    assert "% the same as row 1 there)" in leak.what
    assert leak.mends[0].drop == {"train": (4, 121)}
    split = load(choose(source), tmp_path / "home", 7)
    assert split.left_out == {
        "train rows with the same prompt as a test row": (8,),
        "train rows with nearly the same prompt as a test row": (4, 121),
    }
    assert {4, 8, 121}.isdisjoint(example.row for side in (split.train, split.validation) for example in side)


def test_near_copies_never_straddle_the_split(make, tmp_path):
    copies = [(copy_of(message(n), seed), "bill" if n % 2 == 0 else "card") for n in range(15) for seed in range(2)]
    source = make([*rows_of(60), *copies])
    choice = choose(source)
    for seed in range(5):
        split = load(choice, tmp_path / "home", seed)
        side = {e.row: name for name in ("train", "validation", "test") for e in getattr(split, name)}
        assert len(side) == 90
        assert all(side[n + 1] == side[61 + 2 * n] == side[62 + 2 * n] for n in range(15))


def test_rows_with_an_equal_value_in_the_chosen_column_stay_together(make, tmp_path):
    rows = [(text, label, f"patient {n % 39}" if n % 4 else "") for n, (text, label) in enumerate(rows_of())]
    source = make(rows, columns=("text", "label", "Patient"))
    choice = choose(source).model_copy(update={"group": "patient"})
    split = load(choice, tmp_path / "home", 7)
    sides = [{rows[e.row - 1][2] for e in side} - {""} for side in (split.train, split.validation, split.test)]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & sides[2]
    with pytest.raises(SettingsError, match="The train file has no column 'doctor'"):
        load(choice.model_copy(update={"group": "doctor"}), tmp_path / "home", 7)


def test_rows_of_a_group_that_stands_in_the_test_file_too_give_way_and_that_is_said(make):
    rows = [(text, label, f"patient {n % 12}") for n, (text, label) in enumerate(rows_of())]
    columns = ("text", "label", "patient")
    source = make(rows, columns, test=[(message(f"new {n}"), "bill", "patient 3") for n in range(40)])
    finding = found(source, choose(source).model_copy(update={"group": "patient"}))["split-group"]
    assert finding.rows == tuple(range(4, 121, 12))
    assert "10 rows of the train file are left out: train rows with the same 'patient' as a test row" in finding.what


def test_inspecting_and_loading_divide_the_rows_alike(make, tmp_path):
    source = make([*rows_of(), *((copy_of(message(n)), "bill") for n in range(20))])
    assert load(choose(source), tmp_path / "home", 7).sha256 == load(choose(source), tmp_path / "home", 7).sha256
    changed = choose(source).model_copy(update={"instruction": "Say what it is about."})
    assert load(changed, tmp_path / "home", 7).sha256 != load(choose(source), tmp_path / "home", 7).sha256


def test_of_very_many_rows_an_even_choice_is_compared_and_only_equal_prompts_are_tied(make, monkeypatch):
    for module in (check, near_duplicates.near_copies.__globals__):
        if isinstance(module, dict):
            monkeypatch.setitem(module, "SAMPLE", 100)
        else:
            monkeypatch.setattr(module, "SAMPLE", 100)
    monkeypatch.setattr("core.dataset.splits.divide.SAMPLE", 100)
    finding = found(
        make([row for n, label in enumerate("ab" * 60) for row in ((message(n), label), (message(n) + " too", label))])
    )
    assert "near-duplicate" not in finding
    assert "only those with exactly the same prompt stay on one side" in finding["split-near"].what


def test_near_copies_between_published_files_are_few_and_are_true_ones(tmp_path):
    path = Path(__file__).resolve().parents[4] / "shared" / "data" / "banking77"
    if not path.exists():
        pytest.skip("banking77 does not lie in ../shared/data")
    source = open_source(path, tmp_path)
    finding = found(source)
    split = load(choose(source), tmp_path, 7)
    left_out = {row for rows in split.left_out.values() for row in rows}
    assert left_out == {*finding["split-leakage"].rows, *finding["near-leakage"].rows}
    assert len(split.train) + len(split.validation) == 10_003 - len(left_out)
    assert 20 <= len(finding["near-leakage"].rows) <= 60
    assert len(finding["near-conflict"].rows) <= 6  # copies that mean something else would carry other labels
