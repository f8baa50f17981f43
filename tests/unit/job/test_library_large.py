import csv
import json
import time

import pytest

from core.dataset.load import load
from core.dataset.splits import kept
from core.errors import Stopped
from core.job.library import Library

ROWS = [(f"this is text number {number}, and it differs", "card" if number % 2 else "bill") for number in range(40)]


@pytest.fixture
def library(tmp_path):
    (tmp_path / "home").mkdir()
    return Library(tmp_path / "home")


@pytest.fixture
def make(tmp_path, library):
    def make(rows):
        with (tmp_path / "data.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
        source = library.open(tmp_path / "data.csv")
        return source, library.choose(source)

    return make


def test_a_large_data_set_is_divided_in_a_process_of_its_own(library, make, monkeypatch):
    monkeypatch.setattr(kept, "LARGE", 0)
    _, choice = make(ROWS)
    split = library.split(choice, 3)
    assert isinstance(split.train, kept.KeptExamples)
    assert split.sha256 == divided_here(choice, library.home, 3).sha256


def divided_here(choice, home, seed):
    kept.forget_kept([choice.source], home)
    return load(choice, home, seed)


def test_data_that_are_forgotten_leave_no_division_of_them(library, make, monkeypatch):
    monkeypatch.setattr(kept, "LARGE", 0)
    source, choice = make(ROWS)
    library.split(choice, 7)
    assert list((library.home / "splits").iterdir())
    library.forget(source, set())
    assert list((library.home / "splits").iterdir()) == []


@pytest.fixture
def large(tmp_path):
    folder = tmp_path / "large"
    folder.mkdir()
    with (folder / "train.jsonl").open("w") as file:
        file.writelines(
            json.dumps({"text": f"text number {n} " * 9, "label": str(n % 3)}) + "\n" for n in range(150_000)
        )
    return folder


@pytest.mark.parametrize("how", ["{}/train.jsonl", "hf:{}"])
@pytest.mark.parametrize("when", [0.0, 0.2])
def test_a_stop_leaves_no_part_of_the_data(library, large, how, when):
    inquiry = library.begin_open([how.format(large)])
    while inquiry.share <= when and not inquiry.is_over:
        time.sleep(0.005)
    inquiry.stop()
    with pytest.raises(Stopped):
        inquiry.answer(20)
    folder = library.home / "datasets"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_the_share_only_grows_and_each_step_is_named(library, large):
    heard = []
    inquiry = library.begin_open([large / "train.jsonl"])
    while not inquiry.is_over:
        heard.append((inquiry.share, inquiry.about))
        time.sleep(0.002)
    assert inquiry.answer(1).choice.format == "labelled_text"
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert {"copying the file", "reading the rows", "finding out what the columns are"} <= {about for _, about in heard}
