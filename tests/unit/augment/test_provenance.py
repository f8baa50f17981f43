"""Generated rows are for training alone."""

import csv

from core.dataset.files.source import find_source, open_source
from core.dataset.load import choose, load, readings_of
from core.dataset.provenance import COLUMN, HUMAN, Generated, origin_of
from core.dataset.splits.divide import divide_places
from core.dataset.splits.kept import find_kept, keep


def with_rows(folder, generated, seeds=(1,)):
    human = [(f"a text about the thing number {n * n} and its {n}th colour", "ab"[n % 2], HUMAN) for n in range(1, 61)]
    made = [(text, "a", Generated("rules", tuple(seeds), "0" * 16).cell) for text in generated]
    path = folder / "data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label", COLUMN), *human, *made])
    return choose(open_source(path, folder / "home"))


def strange(count):
    return [f"{chr(97 + n % 26) * 5} {chr(98 + n % 24) * 7} wholly new wording {n * 7919} of {n}" for n in range(count)]


def test_generated_rows_only_ever_train(tmp_path):
    choice = with_rows(tmp_path, strange(40), seeds=())
    for seed in range(6):
        split = load(choice, tmp_path / "home", seed)
        assert max(example.row for example in (*split.validation, *split.test)) <= 60
        assert sum(example.row > 60 for example in split.train) == 40


def test_a_generated_row_whose_seed_is_held_out_is_left_out(tmp_path):
    choice = with_rows(tmp_path, strange(5), seeds=(1,))
    for seed in range(12):
        split = load(choice, tmp_path / "home", seed)
        held = any(example.row == 1 for example in (*split.validation, *split.test))
        assert sum(example.row > 60 for example in split.train) == (0 if held else 5)
        assert bool(split.left_out.get("generated rows whose seeds are held out")) is held


def test_of_too_many_generated_rows_some_are_left_out(tmp_path):
    choice = with_rows(tmp_path, strange(300), seeds=())
    split = load(choice, tmp_path / "home", 7)
    human = sum(example.row <= 60 for example in split.train)
    assert len(split.train) == 5 * human


def test_a_copy_of_a_held_out_row_is_left_out(tmp_path):
    copy = "a text about the thing number 4 and its 2th colour"
    choice = with_rows(tmp_path, [copy], seeds=())
    for seed in range(12):
        split = load(choice, tmp_path / "home", seed)
        held = any(example.row == 2 for example in (*split.validation, *split.test))
        assert any(example.row > 60 for example in split.train) is not held


def test_the_human_rows_are_divided_as_without_the_generated_ones(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with_, without = with_rows(tmp_path / "one", strange(30), seeds=()), with_rows(tmp_path / "two", [])
    ours, theirs = load(with_, tmp_path / "one" / "home", 7), load(without, tmp_path / "two" / "home", 7)
    assert ours.test == theirs.test
    assert ours.validation == theirs.validation


def test_a_plan_can_leave_generated_rows_out_and_says_so(tmp_path):
    choice = with_rows(tmp_path, strange(30), seeds=())
    alone = load(choice.model_copy(update={"generated": False}), tmp_path / "home", 7)
    both = load(choice, tmp_path / "home", 7)
    assert [example.row for example in alone.train] == [row.row for row in both.train if row.row <= 60]
    assert (alone.test, alone.validation) == (both.test, both.validation)
    assert len(alone.left_out["generated rows, as the plan wants none"]) == 30


def test_of_fewer_human_rows_only_what_was_made_from_them_comes_along(tmp_path):
    human = [(f"a text about the thing number {n * n} and its {n}th colour", "ab"[n % 2], HUMAN) for n in range(1, 61)]
    made = [(text, "a", Generated("rules", (n + 1,), "0" * 16).cell) for n, text in enumerate(strange(60))]
    path = tmp_path / "data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label", COLUMN), *human, *made])
    choice = choose(open_source(path, tmp_path / "home"))
    split = load(choice.model_copy(update={"train_rows": 12}), tmp_path / "home", 7)
    people = [example.row for example in split.train if example.row <= 60]
    assert len(people) == 12
    assert sorted(example.row - 60 for example in split.train if example.row > 60) == people
    nobody = with_rows(tmp_path, strange(10), seeds=())
    split = load(nobody.model_copy(update={"train_rows": 12}), tmp_path / "home", 7)
    assert all(example.row <= 60 for example in split.train)


def test_a_damaged_origin_counts_as_generated():
    assert origin_of("") is None
    assert origin_of(HUMAN) is None
    assert origin_of("{broken") == Generated("unknown", (), "")
    assert origin_of(Generated("x", (1, 2), "ab").cell) == Generated("x", (1, 2), "ab")


def test_a_division_counts_the_generated_rows_that_train_whether_kept_on_disk_or_not(tmp_path):
    choice = with_rows(tmp_path, strange(30), seeds=())
    home, source = tmp_path / "home", find_source(choice.source, tmp_path / "home")
    split = load(choice, home, 7)
    assert split.generated == 30
    assert split.human == len(split.train) + len(split.validation) - 30
    assert load(choice.model_copy(update={"generated": False}), home, 7).generated == 0
    readings = readings_of(source, choice)
    keep(readings, divide_places(readings, choice, 7), choice, 7, home)
    assert find_kept(choice, 7, home).generated == 30
