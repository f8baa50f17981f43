"""What a prompt got, in words, and when it speaks against tuning."""

import json

import pytest

from core.evaluate.prompting import Prompting, PromptScore, Rival


def score(examples, value, spread=0.1, short=0):
    low, high = max(0.0, value - spread), min(1.0, value + spread)
    return PromptScore(examples=examples, value=value, low=low, high=high, short=short)


def found(*scores, **values):
    known = {
        "model": "Starter model",
        "metric": "accuracy",
        "rows": 60,
        "among": 60,
        "too_long": 0,
        "room": 1024,
        "most_frequent": 0.2,
        "taken": (4, 1, 9),
        "seed": 7,
        "seconds": 20.0,
        "at": 0.0,
    }
    return Prompting(scores=scores, **(known | values))


def linear(value):
    return Rival(name="A linear model", value=value, low=value - 0.1, high=value, rows="60 validation rows")


def test_the_scores_stand_in_one_sentence_with_their_intervals():
    told = found(score(0, 0.18), score(4, 0.35), score(8, 0.41)).told
    assert told == (
        "With 8 examples in the prompt the untuned Starter model gets 41 % (31 to 51) of 60 validation rows right; "
        "with 4 examples 35 % (25 to 45), without any 18 % (8 to 28)."
    )


def test_free_text_names_its_metric_and_one_example_is_no_examples():
    told = found(score(0, 0.1), score(1, 0.2), metric="rouge_l", most_frequent=None).told
    assert "With 1 example in the prompt" in told
    assert "20 % (10 to 30) ROUGE-L of 60 validation rows;" in told


def test_what_was_drawn_did_not_fit_or_does_not_help_is_said():
    notes = " ".join(found(score(0, 0.5), score(8, 0.4, short=3), rows=98, among=450, too_long=2).notes)
    assert "100 of the 450 validation rows were drawn at random." in notes
    assert "2 rows were not asked: they are longer than the 1,024 tokens" in notes
    assert "3 rows had fewer than 8 examples in front" in notes
    assert "Examples in the prompt do not help it." in notes
    assert "most frequent label would get 20 %" in notes
    assert "training rows 4, 1, 9" in notes


def test_a_prompt_that_does_as_well_is_a_caution():
    prompted = found(score(0, 0.3), score(8, 0.8))
    tuned = Rival(name="The best tuned run (first)", value=0.8, low=0.7, high=0.9, rows="30 test rows")
    assert prompted.caution([linear(0.7), tuned]) == (
        "With 8 examples in the prompt the untuned model does as well as a linear model and the best tuned run "
        "(first). Prompting may be enough."
    )
    assert list(prompted.beside([tuned])) == [
        "The best tuned run (first) gets 80 % (70 to 90) of 30 test rows: not more than the prompt."
    ]


def test_a_rival_that_is_better_is_no_caution_and_chance_is_called_chance():
    prompted = found(score(0, 0.3), score(8, 0.5))
    assert prompted.caution([linear(0.55)]) == prompted.caution([linear(0.9)]) == ""
    [near, far] = prompted.beside([linear(0.55), linear(0.9)])
    assert near.endswith("more than the prompt, but on so few rows that may be chance.")
    assert far.endswith("more than the prompt.")


@pytest.mark.parametrize(
    "prompted",
    [
        found(score(0, 0.1), score(8, 0.25)),
        found(score(0, 0.0), score(8, 0.0), metric="exact_match", most_frequent=None),
    ],
)
def test_as_good_as_another_bad_one_is_no_caution(prompted):
    assert prompted.caution([linear(0.0)]) == ""


def test_nearly_always_right_is_a_caution_even_with_nothing_beside_it():
    prompted = found(score(0, 0.95, 0.05), score(8, 0.95, 0.05))
    assert prompted.caution([]).startswith("Without any example the untuned model is nearly always right")
    assert "Once a run on these data is scored" in next(iter(prompted.beside([])))


def test_it_is_plain_json():
    raw = json.loads(json.dumps(found(score(0, 0.3), score(8, 0.8)).as_json([linear(0.7)])))
    assert raw["scores"][1] == {"examples": 8, "value": 0.8, "low": pytest.approx(0.7), "high": 0.9, "short": 0}
    assert raw["caution"]
    assert len(raw["told"]) >= 3
    assert raw["beside"][0]["name"] == "A linear model"
