import csv
import json
import math
from dataclasses import replace

import pytest

from core.dataset.samples import SAMPLES
from core.evaluate.as_json import as_json
from core.evaluate.card import card_section
from core.evaluate.compare import compare
from core.evaluate.evaluation import read_evaluation, write_evaluation
from core.evaluate.general import forgetting, general_texts
from core.evaluate.metrics.metric import Answer
from tests.unit.evaluate.test_compare_answers import make_split, say


def reads(factor, wobble=0.0):
    """Losses of about `factor` bits per byte, which waver from text to text."""
    return [
        Answer(text.answer, "", factor * (1 + wobble * math.sin(place)) * len(text.answer.encode()) * math.log(2), 9)
        for place, text in enumerate(general_texts())
    ]


def test_the_general_texts_are_many_short_and_different_and_none_is_a_row_of_a_sample():
    texts = [example.answer for example in general_texts()]
    assert len(set(texts)) == len(texts) == 128
    assert all(
        60 <= len(text) <= 700 and not example.turns for text, example in zip(texts, general_texts(), strict=True)
    )
    for sample in SAMPLES.values():
        for path in sample.files.values():
            with path.open(encoding="utf-8", newline="") as file:
                cells = {cell for row in csv.DictReader(file) for cell in row.values()}
            assert cells.isdisjoint(texts)


@pytest.mark.parametrize(
    ("base", "tuned", "verdict"),
    [
        (reads(1.5), reads(1.5), "kept"),
        (reads(1.5), reads(1.5, wobble=0.1), "kept"),
        (reads(1.5), reads(1.51), "a little"),
        (reads(1.5), reads(1.7, wobble=0.05), "forgotten"),
        (reads(1.5), reads(1.4), "improved"),
    ],
)
def test_what_was_forgotten_gets_a_verdict_and_a_remedy_only_where_one_is_due(base, tuned, verdict):
    found = forgetting(base, tuned, seed=7)
    assert found.verdict == verdict
    assert found.interval[0] <= found.tuned - found.base <= found.interval[1]
    assert bool(found.remedy) == (verdict == "forgotten")
    assert "128 texts" in found.told


def test_a_loss_that_is_no_number_is_no_finding():
    assert forgetting(reads(1.5), reads(math.nan), seed=7) is None


def test_it_survives_its_file_and_stands_in_the_json_and_in_the_card(tmp_path):
    split = make_split(["a", "b"] * 10, labelled=True)
    found = compare(split, say(split, ["a"] * 20), say(split, ["a", "b"] * 10), seed=7)
    assert as_json(found)["forgetting"] is None
    assert "Forgetting: not measured." in card_section(found)
    assert "a classification head writes no words" in card_section(replace(found, stand_in="The most frequent label."))
    whole = replace(found, forgetting=forgetting(reads(1.5), reads(1.8, wobble=0.05), seed=7))
    write_evaluation(whole, tmp_path)
    assert read_evaluation(tmp_path) == whole
    told = json.loads(json.dumps(as_json(whole)))["forgetting"]
    assert told["verdict"] == "forgotten"
    assert told["difference"] == pytest.approx(told["tuned"] - told["base"])
    assert "It forgot, general texts take" in card_section(whole)
    assert whole.forgetting.remedy in card_section(whole)
