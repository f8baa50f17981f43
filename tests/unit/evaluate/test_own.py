"""Metrics that the operator puts into a folder, each run in a process of its own."""

import threading
import time

import pytest

from core.dataset.example import Example, Split, Turn
from core.errors import Stopped, UserError
from core.evaluate import own
from core.evaluate.compare import compare
from core.evaluate.evaluation import read_evaluation, write_evaluation
from core.evaluate.metrics.metric import Answer
from core.evaluate.own import check_folder, own_metrics

ROWS = [Answer("$5", "it costs $5", 1.0, 1), Answer("none", "nothing", 1.0, 1), Answer("$7", "seven", 1.0, 1)]
GOOD = """
TITLE = "Names a sum"
HIGHER_IS_BETTER = True

def score(reference: str, answer: str) -> float:
    print("said aloud")
    return float("$" in answer) if "$" in reference else 1.0
"""


@pytest.fixture
def put(tmp_path, monkeypatch):
    monkeypatch.delenv(own.FOLDER, raising=False)
    folder = tmp_path / "metrics"
    folder.mkdir()

    def write(**files):
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
        return own_metrics(tmp_path, ROWS, threading.Event())

    return write


def test_a_metric_of_ones_own_scores_each_row_and_is_tested_as_a_share_where_it_is_one(put):
    [metric], problems = put(names_a_sum=GOOD)
    assert problems == []
    assert [metric.score_row(row) for row in ROWS] == [1.0, 1.0, 0.0]
    assert (metric.name, metric.title, metric.unit, metric.binary) == ("names_a_sum", "Names a sum", "%", True)


def test_numbers_beyond_a_share_are_shown_as_they_are(put):
    [metric], _ = put(letters="HIGHER_IS_BETTER = False\ndef score(reference, answer): return len(answer)")
    assert (metric.unit, metric.binary, metric.higher_is_better) == ("", False, False)
    assert metric.aggregate(ROWS) == pytest.approx((11 + 7 + 5) / 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "def score(reference, answer):\n    return 1 / len(answer[:0])",
            "line 2: ZeroDivisionError: division by zero",
        ),
        ("def score(reference, answer)\n    return 1", "line 1: SyntaxError: expected ':'"),
        ("import no_such_module\n", "line 1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1\n", "it has no function score(reference, answer)"),
        ("\ndef score(reference, answer):\n    return None", "line 2: ValueError: score gave None"),
        ("def score(reference, answer): return float('nan')", "score gave nan, which is no finite number"),
        ("def score(only_one): return 1", "takes 1 positional argument but 2 were given"),
        ("raise SystemExit(3)", "ended its process with code 3"),
        ("import os\nos.kill(os.getpid(), 9)", "ended its process with code -9"),
        ("def score(r, a): return score(r, a)", "RecursionError"),
    ],
)
def test_what_goes_wrong_is_told_with_file_and_line_and_ends_no_other_metric(put, text, told):
    [metric], [problem] = put(broken=text, names_a_sum=GOOD)
    assert metric.name == "names_a_sum"
    assert "broken.py" in problem
    assert told in problem


def test_the_row_at_which_a_metric_fails_is_named(put):
    _, [problem] = put(broken="def score(reference, answer):\n    return 1 / (answer != 'seven')")
    assert 'at the reference "$7" and the answer "seven"' in problem


def test_a_metric_that_never_ends_is_ended(put, monkeypatch):
    monkeypatch.setattr(own, "SECONDS", 0.5)
    metrics, [problem] = put(endless="def score(reference, answer):\n    while True: pass")
    assert metrics == []
    assert "took longer than" in problem


def test_a_stop_ends_a_metric_at_work(put, tmp_path):
    (tmp_path / "metrics" / "slow.py").write_text("import time\ntime.sleep(60)", encoding="utf-8")
    stopping, began = threading.Event(), time.monotonic()
    stopping.set()
    with pytest.raises(Stopped):
        own_metrics(tmp_path, ROWS, stopping)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("name", ["exact_match", "Two Words"])
def test_a_name_that_is_taken_or_no_name_is_refused(put, name):
    metrics, [problem] = put(**{name: GOOD})
    assert metrics == []
    assert "Rename the file" in problem


def test_files_that_begin_with_an_underscore_and_a_missing_folder_are_no_metrics(put, tmp_path):
    assert put(_draft="x = (") == ([], [])
    assert own_metrics(tmp_path / "elsewhere", ROWS, threading.Event()) == ([], [])


def test_another_folder_can_be_named(put, tmp_path, monkeypatch):
    put(names_a_sum=GOOD)
    monkeypatch.setenv(own.FOLDER, str(check_folder(tmp_path / "metrics")))
    metrics, _ = own_metrics(tmp_path / "another home", ROWS, threading.Event())
    assert [metric.name for metric in metrics] == ["names_a_sum"]
    with pytest.raises(UserError, match="no folder"):
        check_folder(tmp_path / "nowhere")


def test_a_metric_of_ones_own_stands_beside_the_others_with_interval_and_test_and_is_kept(put, tmp_path):
    own_ones, _ = put(names_a_sum=GOOD)
    rows = tuple(Example(i + 1, (Turn("user", "?"),), row.reference) for i, row in enumerate(ROWS))
    split = Split(train=rows, validation=(), test=rows)
    write_evaluation(compare(split, ROWS, ROWS[:], seed=7, own=own_ones), tmp_path)
    found = read_evaluation(tmp_path)
    assert found.first == ["exact_match", "token_f1", "names_a_sum"]
    assert set(found.metrics["names_a_sum"]) == {"base", "tuned", "interval", "p_value"}
    assert found.measure("names_a_sum").title == "Names a sum"
    assert found.told("names_a_sum").startswith("These 3 rows cannot tell the two apart")
