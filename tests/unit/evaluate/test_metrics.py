import math
import random

import pytest

from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Answer
from core.evaluate.metrics.normalise import normalise


def answers(pairs, nats=1.0, tokens=2):
    return [Answer(reference, text, nats, tokens) for reference, text in pairs]


def score(name, reference, text):
    return METRICS[name].score_row(Answer(reference, text, 1.0, 1))


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_what_it_means_and_stays_in_its_range(name):
    metric = METRICS[name]
    value = metric.aggregate(answers([("cat", "cat"), ("dog", "cat"), ("dog", "the dog"), ("bird", "")]))
    low, high = metric.range
    assert low <= value <= high
    assert metric.about.endswith(".")
    assert metric.source
    assert metric.applies(labels=True) or metric.applies(labels=False)


@pytest.mark.parametrize("name", METRICS)
def test_a_perfect_model_scores_the_best_that_the_range_allows(name):
    metric = METRICS[name]
    perfect = metric.aggregate(answers([("a cat", "a cat"), ("two dogs", "two dogs")], nats=0.0))
    assert perfect == (metric.range[1] if metric.higher_is_better else metric.range[0])


@pytest.mark.parametrize(
    ("reference", "text", "expected"),
    [
        ("The Cat sat.", "cat sat", 1.0),
        ("$76.5 million", "76.5 million", 1.0),
        ("4,421.8", "$4421.8", 1.0),
        ("-5", "5", 0.0),
        ("\u22125 %", "-5%", 1.0),
        ("3.5", "35", 0.0),
        ("3.5.", "3.5", 1.0),
        ("over-the-counter", "overthecounter", 1.0),
        ("2018", "2019", 0.0),
    ],
)
def test_exact_match_forgives_case_articles_and_punctuation_but_no_number(reference, text, expected):
    assert score("exact_match", reference, text) == expected


@pytest.mark.parametrize(
    ("reference", "text", "expected"),
    [
        ("the cat sat on the mat", "a cat sat", 2 * 2 / (4 + 2)),
        ("cat", "dog", 0.0),
        ("", "", 1.0),
        ("cat", "", 0.0),
        ("the", "a", 1.0),
        ("dog dog cat", "dog cat cat", 2 * 2 / 6),
    ],
)
def test_token_f1_counts_shared_words_as_squad_does(reference, text, expected):
    assert score("token_f1", reference, text) == pytest.approx(expected)


def test_words_are_normalised_as_in_the_squad_script():
    import re
    import string

    def squad(text):
        text = "".join(c for c in text.lower() if c not in set(string.punctuation))
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())

    for text in ("The  quick, brown fox!", "An (unlikely) case: it's", "a\tb\nc", "“No”, she said; the end..."):
        assert normalise(text) == squad(text)


def test_rouge_l_equals_the_library_on_english_text():
    from rouge_score.rouge_scorer import RougeScorer

    library = RougeScorer(["rougeL"])
    words = ["the", "patient", "is", "a", "45-year-old", "man,", "pain_in", "chest;", "denies", "History", "2.5", "mg!"]
    dice = random.Random(3)
    for _ in range(50):
        reference, text = (" ".join(dice.choices(words, k=dice.randint(1, 12))) for _ in range(2))
        assert score("rouge_l", reference, text) == pytest.approx(library.score(reference, text)["rougeL"].fmeasure)


def test_rouge_l_of_the_papers_example_is_three_quarters():
    assert score("rouge_l", "police killed the gunman", "police kill the gunman") == pytest.approx(0.75)


@pytest.mark.parametrize("text", ["пациент отрицает боль", "患者没有发烧", "für Öl"])
def test_rouge_l_reads_other_alphabets(text):
    assert score("rouge_l", text, text) == 1.0


def test_macro_f1_equals_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    dice = random.Random(5)
    labels = ["a", "b", "c", "d"]
    for _ in range(20):
        references = dice.choices(labels[:3], weights=[8, 2, 1], k=40)
        texts = [r if dice.random() < 0.6 else dice.choice(labels) for r in references]
        expected = sklearn.f1_score(references, texts, average="macro", labels=sorted(set(references)), zero_division=0)
        assert METRICS["macro_f1"].aggregate(answers(zip(references, texts, strict=True))) == pytest.approx(expected)


def test_perplexity_weighs_tokens_and_not_rows():
    rows = [Answer("x", "", 2.0, 1), Answer("y", "", 1.0, 9)]
    assert METRICS["perplexity"].aggregate(rows) == pytest.approx(math.exp(0.3))


def test_perplexity_of_nothing_is_no_number():
    assert math.isnan(METRICS["perplexity"].aggregate([Answer("x", "", 0.0, 0)]))


def test_values_are_shown_in_percent_and_points():
    accuracy, perplexity = METRICS["accuracy"], METRICS["perplexity"]
    assert (accuracy.show(0.852), accuracy.show_difference(-0.771)) == ("85 %", "77 points")
    assert accuracy.show_difference(0.01) == "1 point"
    assert (perplexity.show(12.345), perplexity.show_difference(-3.21)) == ("12.3", "3.21")
