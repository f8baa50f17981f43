import numpy as np
import pytest

from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Answer, ratio
from core.evaluate.statistics import (
    bootstrap_interval,
    mcnemar,
    newcombe_interval,
    paired_bootstrap,
    resampled_sums,
    rows_needed,
    rows_needed_for_shares,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("wins", "losses", "expected"),
    [(0, 0, 1.0), (5, 0, 2 / 32), (1, 1, 1.0), (8, 2, 2 * (1 + 10 + 45) / 1024), (10, 2, 2 * (1 + 12 + 66) / 4096)],
)
def test_mcnemar_equals_the_binomial_by_hand(wins, losses, expected):
    assert mcnemar(wins, losses) == pytest.approx(expected)
    assert mcnemar(losses, wins) == mcnemar(wins, losses)


def test_mcnemar_equals_scipy():
    stats = pytest.importorskip("scipy.stats")
    for wins, losses in [(3, 1), (40, 25), (231, 4), (1500, 1400)]:
        assert mcnemar(wins, losses) == pytest.approx(stats.binomtest(wins, wins + losses).pvalue)


def test_wilson_equals_scipy_and_stays_a_share():
    stats = pytest.importorskip("scipy.stats")
    for successes, total in [(0, 10), (10, 10), (3, 20), (255, 300)]:
        expected = stats.binomtest(successes, total).proportion_ci(method="wilson")
        assert wilson_interval(successes, total) == pytest.approx((expected.low, expected.high))
        assert 0 <= wilson_interval(successes, total)[0] <= wilson_interval(successes, total)[1] <= 1


def test_the_bootstrap_interval_of_many_rows_is_the_normal_one():
    values = np.random.default_rng(1).normal(0.3, 1.0, 300)
    low, high = bootstrap_interval(values, seed=7)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.006)


def test_the_bootstrap_interval_agrees_with_scipy():
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(2).exponential(1.0, 60)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(0)).confidence_interval
    assert bootstrap_interval(values, seed=7) == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_the_same_seed_draws_the_same_rows():
    parts = np.random.default_rng(0).random((30, 3))
    assert np.array_equal(resampled_sums(parts, seed=4, resamples=50), resampled_sums(parts, seed=4, resamples=50))
    assert not np.array_equal(resampled_sums(parts, seed=4, resamples=50), resampled_sums(parts, seed=5, resamples=50))


def test_each_resample_holds_as_many_rows_as_there_are(monkeypatch):
    monkeypatch.setattr("core.evaluate.statistics._CELLS", 7 * 20)  # several blocks, the last one smaller
    sums = resampled_sums(np.ones((20, 1)), seed=1, resamples=31)
    assert sums.shape == (31, 1)
    assert (sums == 20).all()


def paired(before, after):
    parts = [np.column_stack([values, np.ones(len(values))]) for values in (before, after)]
    return paired_bootstrap(*parts, ratio, seed=7)


def test_models_that_say_the_same_have_no_difference():
    values = np.random.default_rng(3).random(50)
    result = paired(values, values)
    assert result.interval == (0.0, 0.0)
    assert result.p_value == 1.0


def test_pairing_sees_what_two_separate_intervals_would_miss():
    values = np.random.default_rng(3).random(100)
    result = paired(values, values + 0.02)
    assert result.base[1] > result.tuned[0]
    assert result.interval == pytest.approx((0.02, 0.02))
    assert result.p_value < 0.001


@pytest.mark.parametrize(
    ("both", "wins", "losses", "neither", "expected"),
    [
        (36, 12, 2, 0, (0.0569, 0.3404)),
        (36, 14, 0, 0, (0.1528, 0.4167)),
        (30, 0, 0, 0, (-0.1135, 0.1135)),
        (0, 29, 1, 0, (0.6666, 0.9882)),
    ],
)
def test_newcombes_interval_is_that_of_his_paper(both, wins, losses, neither, expected):
    assert newcombe_interval(wins, losses, both, neither) == pytest.approx(expected, abs=5e-5)
    low, high = newcombe_interval(losses, wins, both, neither)
    assert (-high, -low) == pytest.approx(expected, abs=5e-5)


def test_the_bootstrap_of_a_mean_is_as_wide_as_students_t_even_for_few_rows():
    stats = pytest.importorskip("scipy.stats")
    before, after = np.random.default_rng(5).normal(0.5, 0.2, (2, 12))
    result = paired(before, after)
    theirs = stats.ttest_rel(after, before)
    low, high = theirs.confidence_interval()
    assert result.interval == pytest.approx((low, high), abs=0.02)
    assert result.p_value == pytest.approx(theirs.pvalue, abs=0.03)


def test_the_rows_that_are_asked_for_show_the_difference_in_four_of_five_cases():
    random = np.random.default_rng(2)
    shares = [0.4, 0.25, 0.1, 0.25]  # both right, only tuned, only base, neither
    rows = rows_needed_for_shares(wins=25, losses=10, rows=100)
    assert 100 < rows < 140
    found = [
        mcnemar(wins, losses) < 0.05 for _, wins, losses, _ in random.multinomial(rows, shares, size=2000).tolist()
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)


def test_the_rows_for_a_mean_follow_its_error():
    assert rows_needed(0.1, 0.1, 50) == int(np.ceil(50 * (1.959964 + 0.841621) ** 2))
    assert rows_needed(0.0, 0.1, 50) is None
    assert rows_needed_for_shares(3, 3, 50) is None


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_be_resampled(name):
    metric = METRICS[name]
    rows = [Answer(f"word {i % 3}", f"word {i % 4}", 1.0 + i % 5, 3, (i % 9 + 1) / 10) for i in range(40)]
    result = paired_bootstrap(metric.parts(rows), metric.parts(rows[::-1]), metric.combine, seed=7, resamples=500)
    assert metric.upward or result.base[0] <= metric.aggregate(rows) <= result.base[1]
    assert 0 < result.p_value <= 1
