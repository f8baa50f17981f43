"""What the page of results says of labels: pure markup from an evaluation."""

import html
import re

import pytest

from core.dataset.example import Example, Split, Turn
from core.evaluate.compare import compare
from core.evaluate.metrics.metric import Answer
from ui import labelsheet, scoresheet


def compared(*, confidence):
    names = ["<b>yes</b>", "no"] * 10
    rows = tuple(Example(i + 1, (Turn("user", f"prompt {i}"),), name, name) for i, name in enumerate(names))
    split = Split(train=rows, validation=(), test=rows)
    base = [Answer(row.answer, "no", 2.0, 1, confidence) for row in rows]
    tuned = [Answer(row.answer, row.answer, 1.0, 1, confidence) for row in rows]
    return compare(split, base, tuned, seed=7)


def test_each_label_has_its_precision_and_recall_with_intervals_and_stays_text():
    drawn = labelsheet.labels(compared(confidence=0.9))
    assert "50 % (30 to 70)" in html.unescape(drawn)
    assert "<b>yes" not in drawn


def test_the_diagram_counts_the_rows_and_says_itself_in_words():
    drawn = html.unescape(labelsheet.reliability(compared(confidence=0.87)))
    assert drawn.count("<svg") == 2
    assert "20 rows of 80% to 90%: 87% sure on average, 100% right (84 to 100)" in drawn


def test_scores_without_probabilities_say_what_to_do():
    assert "Score again" in labelsheet.reliability(compared(confidence=None))


@pytest.mark.parametrize("name", ["accuracy", "macro_f1"])
def test_what_decides_stands_large_and_the_rest_is_folded_behind(name):
    found = compared(confidence=0.9)
    first, _, behind = scoresheet.strips(found).partition("<details")
    first, behind = html.unescape(first), html.unescape(behind)
    assert found.measure(name).title in first
    assert re.search(r"More measures \(\d\)", behind)
    assert "Perplexity" in behind
    assert "Perplexity" not in first
