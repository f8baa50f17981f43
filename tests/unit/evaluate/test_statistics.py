import numpy as np
import pytest

from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Answer, ratio
from core.evaluate.statistics import bootstrap_interval, mcnemar, paired_bootstrap, resampled_sums, wilson_interval


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


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(11)
    covered = 0
    for trial in range(100):
        before, after = random.random(60) < 0.4, random.random(60) < 0.6
        low, high = bootstrap_interval(after.astype(float) - before, seed=trial, resamples=500)
        covered += low <= 0.2 <= high
    assert 0.88 <= covered / 100 <= 1


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


def test_the_p_value_of_no_difference_is_small_as_often_as_it_says():
    random = np.random.default_rng(9)
    small = sum(paired_p(random) < 0.05 for _ in range(100))
    assert small / 100 < 0.13


def paired_p(random):
    return paired_bootstrap(
        *(np.column_stack([random.random(50), np.ones(50)]) for _ in range(2)), ratio, seed=1, resamples=500
    ).p_value


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_be_resampled(name):
    metric = METRICS[name]
    rows = [Answer(f"word {i % 3}", f"word {i % 4}", 1.0 + i % 5, 3) for i in range(40)]
    result = paired_bootstrap(metric.parts(rows), metric.parts(rows[::-1]), metric.combine, seed=7, resamples=500)
    assert result.base[0] <= metric.aggregate(rows) <= result.base[1]
    assert 0 < result.p_value <= 1
