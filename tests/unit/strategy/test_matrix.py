import pytest

from core.strategy import matrix
from core.strategy.matrix import cell_for
from core.strategy.methods import METHODS, read_options


@pytest.mark.parametrize(
    ("rows", "method", "rank", "augment"),
    [
        (1, "qlora", 8, "required"),
        (99, "qlora", 8, "required"),
        (100, "qlora", 16, "recommended"),
        (499, "qlora", 16, "recommended"),
        (500, "qlora", 16, "optional"),
        (999, "qlora", 16, "optional"),
        (1000, "lora", 16, "off"),
        (4999, "lora", 16, "off"),
        (5000, "lora", 32, "off"),
        (1_000_000, "lora", 32, "off"),
    ],
)
def test_each_number_of_examples_falls_into_its_band(rows, method, rank, augment):
    cell = cell_for(rows)
    assert (cell.method, cell.rank, cell.augment) == (method, rank, augment)


def test_the_bands_follow_each_other_without_gap_or_overlap():
    bands = matrix.matrix()
    assert bands[0].at_least == 0
    assert bands[-1].below is None
    assert [band.below for band in bands[:-1]] == [band.at_least for band in bands[1:]]


def test_every_cell_names_a_method_that_exists_and_says_where_it_stands():
    for cell in (*matrix.matrix(), matrix.budget_rule()):
        assert cell.method in METHODS
        assert cell.because.endswith(".")
        assert cell.source.endswith(", recommendation matrix")
    for cell in matrix.matrix():
        assert cell.augment_source.endswith((", recommendation matrix", ", practical rules"))
        assert not cell.larger or cell.larger in METHODS
        assert read_options(cell.method, {"rank": cell.rank})


def test_the_claims_are_there_to_be_shown():
    assert set(matrix.claims()) <= set(METHODS)
    assert matrix.documents()["survey"].endswith("(arXiv 2411.09539)")


def test_the_guides_means_are_those_of_its_scores():
    for claim in matrix.claims().values():
        assert (claim.legal + claim.medical + claim.financial) / 3 == pytest.approx(claim.mean, abs=0.05)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_the_learning_rate_falls_from_small_models_to_large_ones(method, labelled):
    large = METHODS[method].learning_rate
    sizes = (10**6, 10**7, 10**8, 10**9, 10**11)
    rates = [matrix.learning_rate(method, large, size, labelled=labelled)[0] for size in sizes]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == rates[1]
    assert rates[-1] == large


def test_a_method_that_the_table_does_not_know_keeps_its_own_rate():
    assert matrix.learning_rate("brand new", 3e-4, 10**6, labelled=True)[0] == 3e-4


@pytest.mark.parametrize("method", METHODS)
def test_a_small_model_takes_smaller_steps_to_learn_to_write(method):
    large = METHODS[method].learning_rate
    writes, chooses = (matrix.learning_rate(method, large, 5 * 10**6, labelled=it)[0] for it in (False, True))
    assert writes < chooses
