import math

import pytest

from core.evaluate.metrics import METRICS
from core.evaluate.metrics.families import FIRST
from core.evaluate.metrics.metric import Answer, Family
from core.evaluate.metrics.words import count_words


def answers(pairs, nats=1.0, tokens=2, confidence=1.0):
    return [Answer(reference, text, nats, tokens, confidence) for reference, text in pairs]


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
    assert metric.families


@pytest.mark.parametrize("name", METRICS)
def test_a_perfect_model_scores_the_best_that_the_range_allows(name):
    metric = METRICS[name]
    texts = ["a cat sat on a mat", "two dogs ate it all"]
    perfect = metric.aggregate(answers(zip(texts, texts, strict=True), nats=0.0))
    best = {True: metric.range[1], False: metric.range[0], None: 1.0}
    assert perfect == pytest.approx(best[metric.higher_is_better], abs=1e-12)


@pytest.mark.parametrize("family", Family)
def test_what_a_task_is_judged_by_first_says_something_of_it(family):
    assert all(family in METRICS[name].families for name in FIRST[family])
    assert METRICS[FIRST[family][0]].score_row(answers([("a cat", "a cat")])[0]) is not None


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


def test_rouge_l_of_the_papers_example_is_three_quarters():
    assert score("rouge_l", "police killed the gunman", "police kill the gunman") == pytest.approx(0.75)


@pytest.mark.parametrize("text", ["пациент отрицает боль", "患者没有发烧", "für Öl", "हिन्दी में", "สวัสดีครับ"])
def test_rouge_l_reads_other_alphabets(text):
    assert score("rouge_l", text, text) == 1.0


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


@pytest.mark.parametrize(
    ("name", "expected"),
    [("exact_match", 0.0), ("token_f1", 6 / 7), ("rouge_1", 6 / 7), ("rouge_2", 4 / 5), ("rouge_l", 6 / 7)],
)
def test_a_language_without_spaces_is_compared_by_its_letters(name, expected):
    assert score(name, "没有发", "没有发烧") == pytest.approx(expected)
    assert score(name, "没有 发烧。", "没有发烧") == 1.0


@pytest.mark.parametrize(
    ("text", "words"), [("it costs $76.5 million", 4), ("患者没有发烧", 3), ("", 0), ("한국어 text", 2.5)]
)
def test_two_letters_are_a_word_where_no_spaces_stand(text, words):
    assert count_words(text) == words


def test_bits_per_byte_count_bytes_and_leave_out_what_was_not_scored():
    rows = [Answer("ä", "", 2 * math.log(2), 1), Answer("xyz", "", 3 * math.log(2), 2), Answer("long", "", 0.0, 0)]
    assert METRICS["bits_per_byte"].aggregate(rows) == pytest.approx(1.0)


def test_the_notes_on_quality_count_length_silence_and_what_has_no_end():
    rows = [Answer("four", "eight888", 1.0, 1, ended=False), Answer("four", " ", 1.0, 1), Answer("four", "", 1.0, 1)]
    values = {name: METRICS[name].aggregate(rows) for name in ("length_ratio", "empty", "unended")}
    assert values == pytest.approx({"length_ratio": 9 / 12, "empty": 2 / 3, "unended": 1 / 3})


def test_the_calibration_error_is_the_gap_of_each_bin_weighted_by_its_rows():
    said = [(0.95, True), (0.95, True), (0.95, False), (0.55, False), (0.6, True)]
    rows = [Answer("a", "a" if right else "b", 1.0, 1, confidence) for confidence, right in said]
    expected = 3 / 5 * abs(0.95 - 2 / 3) + 2 / 5 * abs(0.575 - 1 / 2)
    assert METRICS["calibration_error"].aggregate(rows) == pytest.approx(expected)


def test_rows_without_a_probability_have_no_calibration_error():
    assert math.isnan(METRICS["calibration_error"].aggregate([Answer("a", "a", 1.0, 1)]))
