import csv
import dataclasses
import hashlib
import json
import random

import pytest

from core.dataset.example import Both, Example, Split, Turn
from core.dataset.files.source import find_source, open_source
from core.dataset.load import choose, inspect, load
from core.dataset.progress import Rounds, Steps
from core.dataset.splits import kept
from core.dataset.splits.ahead import keep_split
from core.dataset.splits.kept import KeptExamples, find_kept, forget_kept, is_large, spread
from core.errors import DataError

ROWS = [(f"this is text {n} of {n % 7} – «like» no other", "card" if n % 3 else "bill") for n in range(120)]


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch):
    monkeypatch.setattr(kept, "LARGE", 0)


@pytest.fixture
def choice(tmp_path):
    with (tmp_path / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *ROWS, ROWS[0]])
    return choose(open_source(tmp_path / "data.csv", tmp_path / "home"))


def content(split):
    return [list(side) for side in (split.train, split.validation, split.test)]


def test_a_check_keeps_the_division_and_it_is_the_same_as_one_made_anew(choice, tmp_path):
    anew = load(choice, tmp_path / "home", 7)
    inspect(find_source(choice.source, tmp_path / "home"), choice, home=tmp_path / "home")
    kept_one = load(choice, tmp_path / "home", 7)
    assert isinstance(kept_one.train, KeptExamples)
    assert content(kept_one) == content(anew)
    assert (kept_one.sha256, kept_one.labels, kept_one.left_out) == (anew.sha256, anew.labels, anew.left_out)
    assert kept_one.train[3:40:5][1] == anew.train[8]
    assert list(kept_one.before_test[-2:]) == list(anew.validation[-2:])


def test_another_seed_or_share_is_divided_otherwise(choice, tmp_path):
    home = tmp_path / "home"
    keep_split(choice, home, 7)
    other = choice.model_copy(update={"test_share": 0.4})
    assert find_kept(choice, 8, home) is None
    assert find_kept(other, 7, home) is None
    assert find_kept(choice.model_copy(update={"name": "another name", "split": "x"}), 7, home) is not None
    keep_split(other, home, 7)
    assert len(load(other, home, 7).test) == 48


def test_a_kept_division_is_refused_where_rows_or_plan_changed(choice, tmp_path):
    home = tmp_path / "home"
    keep_split(choice, home, 7)
    with pytest.raises(DataError, match="divided otherwise"):
        load(choice.model_copy(update={"split": "0" * 64}), home, 7)
    path = find_source(choice.source, home).files["train"]
    path.write_bytes(path.read_bytes().replace(b"text 5 ", b"text 6 "))
    with pytest.raises(DataError, match="are not those"):
        load(choice, home, 7)


@pytest.mark.parametrize("name", ["rows.jsonl", "ends.bin", "split.json"])
@pytest.mark.parametrize("damage", ["cut", "gone", "empty"])
def test_a_damaged_division_is_made_anew(choice, tmp_path, name, damage):
    home = tmp_path / "home"
    keep_split(choice, home, 7)
    path = next((home / "splits").glob(f"*/{name}"))
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-9] if damage == "cut" else b"")
    assert find_kept(choice, 7, home) is None
    assert len(load(choice, home, 7).train) == 79
    keep_split(choice, home, 7)
    assert find_kept(choice, 7, home) is not None


def test_the_newest_divisions_stay_and_those_of_forgotten_data_go(choice, tmp_path):
    home = tmp_path / "home"
    for seed in range(5):
        keep_split(choice, home, seed)
    assert [find_kept(choice, seed, home) is not None for seed in range(5)] == [False, False, True, True, True]
    forget_kept(["another"], home)
    assert find_kept(choice, 4, home) is not None
    forget_kept([choice.source], home)
    assert list((home / "splits").iterdir()) == []


def test_small_data_are_divided_whenever_they_are_wanted(choice, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "LARGE", 20_000)
    source = find_source(choice.source, tmp_path / "home")
    assert not is_large(source)
    inspect(source, choice, home=tmp_path / "home")
    assert not (tmp_path / "home" / "splits").exists()


def test_of_many_examples_the_longest_and_an_even_choice_of_the_others_are_taken(choice, tmp_path):
    keep_split(choice, tmp_path / "home", 7)
    split = load(choice, tmp_path / "home", 7)
    lazy, whole = split.before_test, [*split.train, *split.validation]
    longest = max(len(example.answer) + len(example.prompt) for example in whole)
    for examples in (lazy, whole):
        some = spread(examples, 10)
        assert len(some) == 10
        assert len(some[0].prompt) + len(some[0].answer) >= longest - 2
        assert len({example.row for example in some}) == 10
        assert spread(examples, 1000) is examples


def test_the_hash_of_a_split_is_that_of_its_json():
    chance = random.Random(1)

    def text():
        return "".join(map(chr, chance.choices([9, 10, 34, 92, 127, 0x20AC, 0x1F600, *range(32, 127)], k=60)))

    rows = [
        Example(n, tuple(Turn(role, text()) for role in ("system", "user")[: n % 3]), text(), text() if n % 2 else None)
        for n in range(60)
    ]
    split = Split(tuple(rows[:40]), tuple(rows[40:45]), tuple(rows[45:]))
    digest = hashlib.sha256()
    for side, examples in (("train", split.train), ("validation", split.validation), ("test", split.test)):
        digest.update(f"{side} {len(examples)}\n".encode())
        for one in examples:
            turns = [(turn.role, turn.content) for turn in one.turns]
            digest.update(json.dumps([one.row, turns, one.answer, one.label]).encode() + b"\n")
    assert split.sha256 == digest.hexdigest()
    assert dataclasses.replace(split, test=split.test[1:]).sha256 != split.sha256


def test_two_sequences_of_examples_are_one():
    rows = [Example(n, (), "a") for n in range(9)]
    both = Both(tuple(rows[:4]), tuple(rows[4:]))
    assert (len(both), list(both), both[3], both[4], both[-1]) == (9, rows, rows[3], rows[4], rows[8])
    assert both[1:8:3] == rows[1:8:3]
    with pytest.raises(IndexError):
        both[9]


def test_the_share_that_is_told_grows_evenly_to_its_end(choice, tmp_path):
    told = []
    source = find_source(choice.source, tmp_path / "home")
    inspect(source, choice, tell=lambda about, share: told.append((share, about)), home=tmp_path / "home")
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] <= 1.0001
    assert {"reading the rows", "dividing the rows", "personal data"} <= {about for _, about in told}


def test_rounds_of_unknown_number_never_fall_back():
    told = []
    rounds = Rounds(told.append)
    for _ in range(3):
        tell = rounds.begin()
        tell(0.0)
        tell(1.0)
    assert told == [0.0, 0.5, 0.5, 0.75, 0.75, 0.875]


def test_steps_take_their_parts_of_the_whole():
    told = []
    steps = Steps(lambda about, share: told.append((about, round(share, 3))), {"one": 1, "two": 3})
    steps.begin("one")(1.0)
    steps.within("two")("inner", 0.5)
    assert told == [("one", 0.0), ("one", 0.25), ("inner", 0.625)]
