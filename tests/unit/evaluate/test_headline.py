import pytest

from core.evaluate.headline import headline, tells_apart
from core.evaluate.metrics import METRICS


def result(base, tuned, low, high, p_value=0.001):
    return {"base": base, "tuned": tuned, "interval": [low, high], "p_value": p_value}


def test_a_gain_is_told_with_its_interval_and_both_values():
    said = headline(METRICS["accuracy"], result(0.08, 0.85, 0.72, 0.82), 300)
    assert said == "Better by 77 points (72 to 82): 8 % before, 85 % after, on 300 rows nobody trained on"


def test_a_loss_is_told_as_plainly_as_a_gain():
    said = headline(METRICS["accuracy"], result(0.85, 0.65, -0.26, -0.14), 200)
    assert said == "Worse by 20 points (14 to 26): 85 % before, 65 % after, on 200 rows nobody trained on"


def test_a_small_gain_is_told_to_a_tenth():
    said = headline(METRICS["rouge_l"], result(0.123, 0.159, 0.012, 0.06), 100)
    assert said == "Better by 3.6 points (1.2 to 6.0): 12.3 % before, 15.9 % after, on 100 rows nobody trained on"


def test_what_the_reader_subtracts_is_what_stands_there():
    said = headline(METRICS["accuracy"], result(0.084, 0.857, 0.7, 0.8), 300)
    assert said.startswith("Better by 77.3 points (70.0 to 80.0): 8.4 % before, 85.7 % after")


@pytest.mark.parametrize(("low", "high", "p_value"), [(-0.1, 0.2, 0.5), (0.0, 0.2, 0.03), (0.2, 0.6, 0.0625)])
def test_too_few_rows_are_said_to_be_too_few(low, high, p_value):
    said = headline(METRICS["accuracy"], result(0.4, 0.45, low, high, p_value), 20)
    assert said.startswith("These 20 rows cannot tell the two apart")
    assert not tells_apart(result(0.4, 0.45, low, high, p_value))


def test_less_is_better_where_the_metric_says_so():
    said = headline(METRICS["perplexity"], result(40.0, 8.25, -36.2, -28.1), 300)
    assert said == "Better by 31.8 (28.1 to 36.2): 40 before, 8.25 after, on 300 rows nobody trained on"
