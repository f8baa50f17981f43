"""Do 95 % intervals hold the truth in 95 of 100 cases, and is a difference where there is none rarely claimed?

Each simulated test set has a truth of its own, drawn too, so that no single lucky share decides.
"""

import numpy as np
import pytest

from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import ratio
from core.evaluate.statistics import (
    difference_of,
    mcnemar,
    newcombe_interval,
    resampled_sums,
    wilson_interval,
)

SETS, RESAMPLES, SIZES = 1000, 1000, [30, 100, 300]


def holds(interval, truth):
    return interval[0] - 1e-12 <= truth <= interval[1] + 1e-12


def tables(random, rows, *, equal):
    """Counts of both right, only tuned, only base and neither, and the shares that they come from."""
    shares = random.dirichlet([2, 2, 2, 2], size=SETS)
    if equal:
        shares[:, 1] = shares[:, 2] = shares[:, 1:3].mean(axis=1)
    return [(random.multinomial(rows, share).tolist(), share) for share in shares]


@pytest.mark.parametrize("rows", SIZES)
def test_intervals_of_shares_and_of_their_difference_cover_the_truth(rows):
    own, differences = [], []
    for (both, wins, losses, neither), share in tables(np.random.default_rng(3), rows, equal=False):
        own.append(holds(wilson_interval(both + wins, rows), share[0] + share[1]))
        differences.append(holds(newcombe_interval(wins, losses, both, neither), share[1] - share[2]))
    assert 0.93 <= np.mean(own) <= 0.97
    assert 0.93 <= np.mean(differences) <= 0.97


@pytest.mark.parametrize("rows", SIZES)
def test_mcnemars_test_rarely_claims_a_difference_of_equal_shares(rows):
    found = [
        mcnemar(wins, losses) < 0.05 for (_, wins, losses, _), _ in tables(np.random.default_rng(4), rows, equal=True)
    ]
    assert np.mean(found) <= 0.06


def differences_of(base, tuned, combine, seed):
    """The bootstrap of many test sets of one size at once: parts are (sets, rows, parts)."""
    sets, rows, width = base.shape
    together = np.concatenate([base, tuned], axis=2).transpose(1, 0, 2).reshape(rows, -1)
    sums = resampled_sums(together, seed=seed, resamples=RESAMPLES).reshape(RESAMPLES, sets, 2 * width)
    before, after = combine(sums[..., :width]), combine(sums[..., width:])
    return [difference_of(before[:, place], after[:, place], rows) for place in range(sets)]


def scores(random, rows, strength):
    """Scores of rows as token F1 gives them: many wholly wrong, some wholly right, the rest between."""
    hardness = random.random((SETS, rows, 1))
    values = np.clip(random.normal(strength[:, None, None], 0.5, (SETS, rows, 1)) + hardness - 0.5, 0, 1)
    return np.concatenate([values, np.ones_like(values)], axis=2)


@pytest.mark.parametrize("rows", SIZES)
def test_intervals_of_means_cover_the_truth_and_their_test_rarely_errs(rows):
    random = np.random.default_rng(5)
    strengths = random.uniform(0.2, 0.8, (2, SETS))
    # What the scores are on average, from many more rows.
    grid = np.linspace(0, 1, 201)
    many = [np.clip(random.normal(0, 0.5, 100_000) + s + random.random(100_000) - 0.5, 0, 1).mean() for s in grid]
    truths = np.interp(strengths, grid, many)
    found = differences_of(*(scores(random, rows, s) for s in strengths), ratio, seed=rows)
    own = [holds(one.tuned, truth) for one, truth in zip(found, truths[1], strict=True)]
    covered = [holds(one.interval, truth) for one, truth in zip(found, truths[1] - truths[0], strict=True)]
    assert 0.93 <= np.mean(own) <= 0.97
    assert 0.93 <= np.mean(covered) <= 0.97
    alike = differences_of(*(scores(random, rows, strengths[0]) for _ in range(2)), ratio, seed=rows)
    assert np.mean([one.p_value < 0.05 for one in alike]) <= 0.06


def labelled(random, rows, skill):
    """Parts of macro-F1 for three labels of different frequency under a model that is right with chance `skill`."""
    wanted = random.choice(3, p=[0.5, 0.3, 0.2], size=(SETS, rows))
    parts = []
    for share in skill:
        said = np.where(random.random((SETS, rows)) < share, wanted, random.integers(3, size=(SETS, rows)))
        hit, say, want = (np.eye(3)[labels] for labels in (wanted, said, wanted))
        parts.append(np.concatenate([hit * (said == wanted)[..., None], say, want], axis=2))
    return parts


@pytest.mark.parametrize("rows", SIZES)
def test_intervals_of_macro_f1_cover_the_truth_and_their_test_rarely_errs(rows):
    random, combine = np.random.default_rng(6), METRICS["macro_f1"].combine
    truths = [combine(part.reshape(-1, 9).sum(axis=0)) for part in labelled(random, 1000, [0.3, 0.7])]
    found = differences_of(*labelled(random, rows, [0.3, 0.7]), combine, seed=rows)
    assert 0.93 <= np.mean([holds(one.tuned, truths[1]) for one in found]) <= 0.97
    assert 0.93 <= np.mean([holds(one.interval, truths[1] - truths[0]) for one in found]) <= 0.97
    alike = differences_of(*labelled(random, rows, [0.5, 0.5]), combine, seed=rows)
    assert np.mean([one.p_value < 0.05 for one in alike]) <= 0.06


def losses(random, rows, level):
    """Nats and tokens of answers of different length."""
    tokens = random.integers(5, 60, size=(SETS, rows))
    nats = tokens * random.gamma(4, level / 4, size=(SETS, rows))
    return np.stack([nats, tokens], axis=2)


@pytest.mark.parametrize("rows", SIZES)
def test_intervals_of_perplexity_cover_the_truth(rows):
    random = np.random.default_rng(7)
    found = differences_of(
        *(losses(random, rows, level) for level in (2.0, 1.5)), METRICS["perplexity"].combine, seed=rows
    )
    assert 0.93 <= np.mean([holds(one.tuned, np.exp(1.5)) for one in found]) <= 0.97
    assert 0.93 <= np.mean([holds(one.interval, np.exp(1.5) - np.exp(2.0)) for one in found]) <= 0.97


def translations(random, shape, share):
    """Parts of BLEU: of answers of 5 to 30 words each word is right with chance `share`, more so beside a right one."""
    said = random.integers(5, 31, size=shape)
    parts, right = [], said
    for order in range(4):
        among = said - order
        right = random.binomial(np.minimum(right, among), share if order == 0 else share**0.5)
        parts.append((right, among))
    matches, totals = zip(*parts, strict=True)
    return np.stack([*matches, *totals, said, np.maximum(3, said + random.integers(-2, 3, size=shape))], axis=-1)


@pytest.mark.parametrize("rows", SIZES)
def test_intervals_of_bleu_cover_the_truth_and_their_test_rarely_errs(rows):
    random, combine = np.random.default_rng(8), METRICS["bleu"].combine
    truths = [combine(translations(random, 400_000, share).sum(axis=0).astype(float)) for share in (0.4, 0.6)]
    found = differences_of(*(translations(random, (SETS, rows), s) for s in (0.4, 0.6)), combine, seed=rows)
    assert 0.93 <= np.mean([holds(one.tuned, truths[1]) for one in found]) <= 0.97
    assert 0.93 <= np.mean([holds(one.interval, truths[1] - truths[0]) for one in found]) <= 0.97
    alike = differences_of(*(translations(random, (SETS, rows), 0.5) for _ in range(2)), combine, seed=rows)
    assert np.mean([one.p_value < 0.05 for one in alike]) <= 0.06
