"""Fewer training rows: nested, with each label's share, and nothing else moves."""

from collections import Counter

import pytest

from core.dataset.files.source import open_source
from core.dataset.load import choose, load
from core.errors import DataError


@pytest.fixture(scope="module")
def choice_and_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return choose(open_source("legal_clauses", home)), home


def parts(choice_and_home, rows, seed=7):
    choice, home = choice_and_home
    return load(choice.model_copy(update={"train_rows": rows}), home, seed)


def test_fewer_rows_are_among_more_of_them_and_the_held_out_rows_stay(choice_and_home):
    whole = parts(choice_and_home, 0)
    before = ()
    for rows in (20, 60, 200):
        split = parts(choice_and_home, rows)
        here = [example.row for example in split.train]
        assert len(here) == rows
        assert set(before) <= set(here) <= {example.row for example in whole.train}
        assert here == sorted(here)
        assert (list(split.validation), list(split.test)) == (list(whole.validation), list(whole.test))
        assert split.sha256 != whole.sha256
        before = here


def test_every_label_gives_its_share(choice_and_home):
    whole = Counter(example.label for example in parts(choice_and_home, 0).train)
    half = Counter(example.label for example in parts(choice_and_home, sum(whole.values()) // 2).train)
    assert all(abs(half[label] - count / 2) <= 1 for label, count in whole.items())


def test_the_same_seed_chooses_the_same_rows_and_more_than_there_are_is_all(choice_and_home):
    assert parts(choice_and_home, 50) == parts(choice_and_home, 50)
    assert parts(choice_and_home, 10**6) == parts(choice_and_home, 0)


def test_too_few_rows_are_refused_with_the_fewest(choice_and_home):
    with pytest.raises(DataError, match="at least 8 rows, and 3"):
        parts(choice_and_home, 3)
