"""The learning curve: a known law comes back, and its interval is that of the held-out rows."""

import numpy as np
import pytest

from core.study.curve import FEWEST, fit, learning_curve

SIZES = [25, 50, 100, 200, 400]


@pytest.mark.parametrize(("a", "b", "c"), [(0.9, 2.0, 0.5), (0.8, 1.0, 0.3), (0.95, 5.0, 1.0), (0.6, -0.5, 0.7)])
def test_a_known_law_is_recovered(a, b, c):
    law = np.array([[a - b * size**-c for size in SIZES]])
    limit, drop, exponent = fit(SIZES, law, (0.0, 1.0))[0]
    assert (limit, drop, exponent) == pytest.approx((a, b, c), rel=0.02, abs=0.005)
    for size in (25, 100, 800):
        assert limit - drop * size**-exponent == pytest.approx(a - b * size**-c, abs=0.003)


def test_a_law_of_a_metric_that_falls_is_recovered():
    law = np.array([[3.0 + 40.0 * size**-0.8 for size in SIZES]])
    limit, drop, exponent = fit(SIZES, law, (1.0, np.inf))[0]
    assert (limit, drop, exponent) == pytest.approx((3.0, -40.0, 0.8), rel=0.03)


def test_the_limit_stays_where_the_metric_can_be():
    line = np.array([[0.5, 0.6, 0.7, 0.8, 0.9]])  # ten points with each doubling have no end
    limit, _, _ = fit(SIZES, line, (0.0, 1.0))[0]
    assert limit == 1.0


def drawn(rows, seed):
    """Rows that are right with the law's probability, the same difficulty of a row at every size."""
    chance = np.random.default_rng(seed).random(rows)
    table = {size: [float(u < 0.9 - 2.0 * size**-0.5) for u in chance] for size in SIZES}
    return {size: float(np.mean(row)) for size, row in table.items()}, table


def test_what_more_rows_are_worth_lies_in_the_interval_and_the_interval_narrows_with_the_held_out_rows():
    truth = 2.0 * (400**-0.5 - 500**-0.5)
    widths = []
    for rows in (200, 5000):
        curve = learning_curve(*drawn(rows, seed=1), (0.0, 1.0))
        gain, (low, high) = curve.gain(400, 500)
        assert low <= truth <= high
        assert low <= gain <= high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2
    assert curve.band(400)[0] <= curve.at(400) <= curve.band(400)[1]


def test_a_multiplier_is_covered_by_its_interval_and_told_no_further_than_the_curve_can_bear():
    held = 0
    for seed in range(40):
        scores, table = drawn(300, seed)
        curve = learning_curve(scores, table, (0.0, 1.0))
        chance = np.random.default_rng(seed).random(300)
        twice = [float(u < 0.9 - 2.0 * 800**-0.5) for u in chance]
        found = curve.multiplier(float(np.mean(twice)), twice, 400)
        held += found.interval[0] <= 2.0 <= found.interval[1]
    assert held >= 36
    scores, table = drawn(300, seed=3)
    beyond = learning_curve(scores, table, (0.0, 1.0)).multiplier(1.0, [1.0] * 300, 400)
    assert beyond.told.startswith("at least ")


def test_the_same_rows_give_the_same_curve_and_two_sizes_give_none():
    scores, table = drawn(100, seed=3)
    assert learning_curve(scores, table, (0.0, 1.0)).gain(400, 500) == learning_curve(scores, table, (0.0, 1.0)).gain(
        400, 500
    )
    few = SIZES[: FEWEST - 1]
    assert learning_curve({n: scores[n] for n in few}, {n: table[n] for n in few}, (0.0, 1.0)) is None
