from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.dataset.example import Example, Turn
from core.dataset.split import MIN_TRAIN, key, partition
from core.errors import DataError


def example(row, prompt, label=None):
    return Example(row, (Turn("user", prompt),), label or f"answer {row}", label)


def labelled(per_label, labels=10):
    rows = [(f"text {n} of {label}", f"label {label}") for n in range(per_label) for label in range(labels)]
    return [example(number, text, label) for number, (text, label) in enumerate(rows, 1)]


def split(examples, validation=0.1, test=0.2, seed=7, files=None):
    return partition({"train": examples, **(files or {})}, validation, test, seed)


def test_shares_are_of_all_rows_and_every_label_gives_its_share():
    parts = split(labelled(50))
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [350, 50, 100]
    assert set(Counter(e.label for e in parts.validation).values()) == {5}
    assert set(Counter(e.label for e in parts.test).values()) == {10}


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    examples = labelled(20)
    assert split(examples) == split(examples)
    assert split(examples) != split(examples, seed=8)


def test_rows_keep_their_order_and_each_is_on_one_side():
    examples = labelled(20)
    parts = split(examples)
    for side in (parts.train, parts.validation, parts.test):
        assert list(side) == sorted(side, key=lambda e: e.row)
    assert sorted(e.row for side in (parts.train, parts.validation, parts.test) for e in side) == list(range(1, 201))


def test_the_rarest_label_stays_in_training():
    examples = [*labelled(20, labels=2), example(41, "the only one", "rare")]
    for seed in range(20):
        assert "rare" in {e.label for e in split(examples, validation=0.4, test=0.4, seed=seed).train}


@given(
    prompts=st.lists(st.integers(0, 15), min_size=20, max_size=60),
    labels=st.booleans(),
    validation=st.floats(0.01, 0.5),
    test=st.floats(0, 0.5),
    seed=st.integers(0, 5),
)
def test_no_prompt_stands_on_two_sides(prompts, labels, validation, test, seed):
    examples = [
        example(row, f"  Text  {prompt}" if row % 2 else f"text {prompt} ", f"l{row % 3}" if labels else None)
        for row, prompt in enumerate(prompts, 1)
    ]
    try:
        parts = split(examples, validation, test, seed)
    except DataError:
        assume(False)
    sides = [{key(e) for e in side} for side in (parts.train, parts.validation, parts.test)]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert len(parts.train) >= MIN_TRAIN
    assert parts.validation
    assert bool(parts.test) == (test > 0)
    assert sum(map(len, (parts.train, parts.validation, parts.test))) == len(examples)


def test_a_test_file_is_used_whole_and_training_gives_way_to_it():
    test = [example(1, "Text 0 of 0"), example(2, "new")]
    parts = split(labelled(10), test=0.3, files={"test": test})
    assert list(parts.test) == test
    assert len(parts.train) + len(parts.validation) == 99


def test_a_validation_file_is_used_whole():
    validation = [example(n, f"v {n}") for n in range(1, 6)]
    parts = split(labelled(10), files={"validation": validation})
    assert list(parts.validation) == validation
    assert [len(parts.train), len(parts.test)] == [80, 20]


def test_a_test_share_of_nothing_holds_no_test_rows():
    assert split(labelled(2), test=0).test == ()


def test_too_few_rows_are_refused_with_the_counts():
    with pytest.raises(DataError, match="9 usable rows leave 6 to train on, and at least 8"):
        split([example(n, f"text {n}") for n in range(9)])
    with pytest.raises(DataError, match="0 usable rows"):
        split([])
    with pytest.raises(DataError, match="Of 30 usable rows none can be held out"):
        split([example(n, "the same") for n in range(30)])
