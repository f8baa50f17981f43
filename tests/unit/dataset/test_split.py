from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.dataset.example import Example, Split, Turn
from core.dataset.splits import split as split_module
from core.dataset.splits.split import MIN_TRAIN, Shares, key, partition
from core.errors import DataError


def example(row, prompt, label=None):
    return Example(row, (Turn("user", prompt),), label or f"answer {row}", label)


def labelled(per_label, labels=10):
    rows = [(f"text {n} of {label}", f"label {label}") for n in range(per_label) for label in range(labels)]
    return [example(number, text, label) for number, (text, label) in enumerate(rows, 1)]


def split(examples, validation=0.1, test=0.2, seed=7, files=None):
    return partition({"train": examples, **(files or {})}, Shares(validation=validation, test=test), seed)


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


PROMPTS = st.lists(st.integers(0, 80), min_size=20, max_size=80)
SHARES = st.builds(Shares, validation=st.floats(0.01, 0.4), test=st.floats(0, 0.4) | st.just(0.2))


def small_set(prompts, labels, chance):
    """Examples that share prompts, labels and groups as chance has it, with the groups of the training rows."""
    examples = [
        example(
            row,
            f"  Text  {prompt}" if row % 2 else f"text {prompt} ",
            f"l{chance.randrange(labels)}" if labels else None,
        )
        for row, prompt in enumerate(prompts, 1)
    ]
    return examples, [chance.choice([*[None] * 20, *"abcdefgh"]) for _ in examples]


def components(examples, groups):
    """Rows that hang together through prompts and groups, by brute force."""
    sets = []
    for place, (one, group) in enumerate(zip(examples, groups, strict=True)):
        same = [s for s in sets if any(key(examples[n]) == key(one) or (group and groups[n] == group) for n in s)]
        sets = [s for s in sets if s not in same] + [{place}.union(*same)]
    return [{examples[n].row for n in s} for s in sets]


@given(prompts=PROMPTS, labels=st.integers(0, 4), shares=SHARES, seed=st.integers(0, 5), chance=st.randoms())
def test_nothing_stands_on_two_sides_and_nothing_is_lost(prompts, labels, shares, seed, chance):
    examples, groups = small_set(prompts, labels, chance)
    try:
        parts = partition({"train": examples}, shares, seed, {"the same group": {"train": groups}})
    except DataError:
        assume(False)
    sides = [{e.row for e in side} for side in (parts.train, parts.validation, parts.test)]
    assert sum(map(len, sides)) == len(set().union(*sides)) == len(examples)
    crowds = components(examples, groups)
    assert all(sum(bool(crowd & side) for side in sides) == 1 for crowd in crowds)
    assert len(parts.train) >= MIN_TRAIN
    assert parts.validation
    assert bool(parts.test) == (shares.test > 0)
    assert not parts.left_out


@given(prompts=PROMPTS, labels=st.integers(0, 4), shares=SHARES, seed=st.integers(0, 5), chance=st.randoms())
def test_labels_stay_in_training_and_sizes_are_as_asked_within_one_group(prompts, labels, shares, seed, chance):
    examples, groups = small_set(prompts, labels, chance)
    try:
        parts = partition({"train": examples}, shares, seed, {"the same group": {"train": groups}})
    except DataError:
        assume(False)
    assert {e.label for e in parts.train} == {e.label for e in examples}
    crowds = components(examples, groups)
    largest = max(map(len, crowds))
    assert len(parts.validation) <= max(1, round(len(examples) * shares.validation)) + largest
    wanted = split_module.wanted_test_rows(len(examples), shares.test) if shares.test else 0
    assert len(parts.test) <= wanted + largest
    if labels == 0 and len(crowds) > 10 and largest <= 3:
        asked = max(1, round(len(examples) * shares.validation))
        assert abs(len(parts.validation) - asked) <= largest


@given(
    prompts=st.lists(st.integers(0, 60), min_size=20, max_size=80),
    labels=st.integers(0, 3),
    folds=st.integers(2, 6),
    seed=st.integers(0, 3),
    chance=st.randoms(),
)
def test_every_row_is_in_exactly_one_test_fold(prompts, labels, folds, seed, chance):
    examples, groups = small_set(prompts, labels, chance)
    ties = {"the same group": {"train": groups}}
    try:
        parts = [partition({"train": examples}, Shares(folds=folds, fold=fold), seed, ties) for fold in range(folds)]
    except DataError:
        assume(False)
    assert sorted(e.row for part in parts for e in part.test) == [e.row for e in examples]
    crowds = components(examples, groups)
    for part in parts:
        sides = [{e.row for e in side} for side in (part.train, part.validation, part.test)]
        assert sum(map(len, sides)) == len(examples)
        assert all(sum(bool(crowd & side) for side in sides) == 1 for crowd in crowds)
    sizes = [len(part.test) for part in parts]
    assert max(sizes) - min(sizes) <= 2 * max(map(len, crowds))


def test_folds_are_stratified_and_even():
    examples = labelled(20)
    for fold in range(5):
        parts = partition({"train": examples}, Shares(folds=5, fold=fold), 7)
        assert [len(parts.train), len(parts.validation), len(parts.test)] == [140, 20, 40]
        assert set(Counter(e.label for e in parts.test).values()) == {4}


def test_a_label_with_two_rows_is_known_in_training_whatever_the_fold():
    examples = [*labelled(20, labels=2), example(41, "first", "rare"), example(42, "second", "rare")]
    for seed in range(10):
        for fold in range(2):
            parts = partition({"train": examples}, Shares(folds=2, fold=fold), seed)
            assert "rare" in {e.label for e in parts.train}


@pytest.mark.parametrize(
    ("shares", "files", "said"),
    [
        (Shares(folds=5), {"test": [example(1, "new")]}, "5 folds cannot be made where the data have a test file"),
        (Shares(folds=3, fold=3), {}, "There is no fold 3 of 3"),
        (Shares(folds=1), {}, "There is no fold 0 of 1"),
        (Shares(folds=20), {"train": labelled(1)}, "10 different rows cannot be divided into 20 folds"),
    ],
)
def test_folds_that_cannot_be_made_are_refused(shares, files, said):
    with pytest.raises(DataError, match=said):
        partition({"train": labelled(10), **files}, shares, 7)


def test_the_usual_test_share_is_raised_for_few_rows_and_another_one_is_kept():
    sizes = {rows: len(split([example(n, f"text {n}") for n in range(rows)]).test) for rows in (12, 30, 60, 120, 400)}
    assert sizes == {12: 3, 30: 10, 60: 20, 120: 30, 400: 80}
    assert len(split([example(n, f"text {n}") for n in range(60)], test=0.1).test) == 6


def test_rows_that_give_way_to_a_file_are_counted_with_the_reason():
    train = [example(n, f"text {n}") for n in range(1, 31)]
    test = [example(1, "TEXT 3"), example(2, "something else")]
    ties = {
        "nearly the same prompt": {"train": [*[None] * 5, 7, 7, *[None] * 23], "test": [None, 7]},
        "the same 'patient'": {"train": [*["x"] * 10, *["y"] * 20], "test": ["z", "z"]},
    }
    parts = partition({"train": train, "test": test}, Shares(), 7, ties)
    assert parts.left_out == {
        "train rows with the same prompt as a test row": (3,),
        "train rows with nearly the same prompt as a test row": (6, 7),
    }
    rows = {e.row for side in (parts.train, parts.validation) for e in side}
    assert rows == {*range(1, 31)} - {3, 6, 7}


def test_validation_rows_give_way_to_the_test_file_and_training_rows_to_both():
    train = [example(n, f"text {n}") for n in range(1, 31)]
    files = {"validation": [example(1, "text 1"), example(2, "text 2")], "test": [example(1, "text 1")]}
    parts = split(train, files=files)
    assert parts.left_out == {
        "validation rows with the same prompt as a test row": (1,),
        "train rows with the same prompt as a test row": (1,),
        "train rows with the same prompt as a validation row": (2,),
    }
    assert [len(parts.train), len(parts.validation), len(parts.test)] == [28, 1, 1]


def test_texts_without_a_prompt_stand_for_themselves():
    texts = [Example(n, (), f"passage {n // 2}") for n in range(60)]
    parts = split(texts)
    assert len(parts.train) + len(parts.validation) + len(parts.test) == 60
    sides = [{e.answer for e in side} for side in (parts.train, parts.validation, parts.test)]
    assert not sides[0] & sides[2]


def test_the_hash_of_a_split_is_that_of_what_is_seen():
    examples = labelled(10)
    known = split(examples).sha256
    assert known == split(labelled(10)).sha256
    changed = [example(1, "another text", "label 0"), *examples[1:]]
    relabelled = [example(1, "text 0 of 0", "label 1"), *examples[1:]]
    others = [
        split(changed),
        split(relabelled),
        split(examples, seed=8),
        split(examples, test=0.35),
        split(examples[:-1]),
    ]
    assert len({known, *(other.sha256 for other in others)}) == 6
    parts = split(examples)
    assert Split(parts.validation, parts.train, parts.test).sha256 != known


def test_a_test_file_is_used_whole_and_training_gives_way_to_it():
    test = [example(1, "Text 0 of 0"), example(2, "new")]
    parts = split(labelled(10), test=0.3, files={"test": test})
    assert list(parts.test) == test
    assert len(parts.train) + len(parts.validation) == 99


def test_a_validation_file_is_used_whole():
    validation = [example(n, f"v {n}") for n in range(1, 6)]
    parts = split(labelled(10), files={"validation": validation})
    assert list(parts.validation) == validation
    assert [len(parts.train), len(parts.test)] == [70, 30]


def test_a_test_share_of_nothing_holds_no_test_rows():
    assert split(labelled(2), test=0).test == ()


def test_too_few_rows_are_refused_with_the_counts():
    with pytest.raises(DataError, match="9 usable rows leave 6 to train on, and at least 8"):
        split([example(n, f"text {n}") for n in range(9)])
    with pytest.raises(DataError, match="0 usable rows"):
        split([])
    with pytest.raises(DataError, match="Of 30 usable rows none can be held out"):
        split([example(n, "the same") for n in range(30)])
