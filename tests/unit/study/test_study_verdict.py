"""What is recommended: the best where the rows tell, else the cheapest, and nothing where nothing is gained."""

import pytest

from core.engine import Engine
from core.evaluate.metrics import METRICS
from core.events import RunState
from core.study.contest import hold
from core.study.kind import Results
from core.study.kinds import KINDS
from core.study.outcome import UNTUNED, Outcome
from core.study.study import Variant
from tests.unit.study.conftest import plan_for


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    engine = Engine(tmp_path_factory.mktemp("home"), launcher="thread")
    yield engine.advise(engine.choose(engine.open_data("legal_clauses")), "starter").plan
    engine.close()


def outcome(label, right, total=100, at=None, seconds=10.0, first=0, aside=""):
    """A variant that is right on `right` rows of `total`, from row `first` on."""
    hits = {("p", row): float((row - first) % total < right) for row in range(total)}
    run = "" if label == UNTUNED else f"run of {label}"
    return Outcome(
        label=label, at=at, aside=aside, run=run, state=RunState.DONE, score=right / total, interval=(0.0, 1.0),
        rows=hits, seconds=seconds,
    )  # fmt: skip


def concluded(kind, plan, *outcomes):
    variants = [Variant(label=it.label, at=it.at, plan=plan.model_copy(update={"name": it.label})) for it in outcomes]
    metric = METRICS["accuracy"]
    results = Results(plan=plan, variants=variants, outcomes=outcomes, measure=metric, span=metric.range)
    return KINDS[kind].conclude(results)


def test_a_clear_winner_is_named_with_how_far_it_is_ahead(plan):
    found = concluded("methods", plan, outcome(UNTUNED, 20), outcome("LoRA", 90), outcome("Adapter", 60))
    assert found.headline.startswith("LoRA is best: 90 % (0 to 100), 30 points (")
    assert found.adopt.name == "LoRA"


def test_what_the_rows_cannot_tell_apart_is_said_and_the_cheapest_is_taken(plan):
    few = [outcome("LoRA", 9, 12, seconds=30.0), outcome("Adapter", 8, 12, seconds=5.0)]
    found = concluded("methods", plan, outcome(UNTUNED, 0, 12), *few)
    assert found.headline == "12 rows cannot tell LoRA and Adapter apart"
    assert found.adopt.name == "Adapter"
    ranks = [outcome("rank 8", 80, at=8.0), outcome("rank 4", 78, at=4.0), outcome("rank 2", 40, at=2.0)]
    assert concluded("rank", plan, outcome(UNTUNED, 5), *ranks).adopt.name == "rank 4"


def test_nothing_is_recommended_where_the_untuned_model_is_as_good(plan):
    found = concluded("methods", plan, outcome(UNTUNED, 80), outcome("LoRA", 82), outcome("Adapter", 60))
    assert found.headline == "100 rows cannot tell LoRA from the untuned model"
    assert found.adopt is None
    worse = concluded("methods", plan, outcome(UNTUNED, 90), outcome("LoRA", 40))
    assert worse.headline == "Nothing here beats the untuned model: 90 % (0 to 100)"


def test_many_comparisons_make_it_harder_to_win():
    best, near = outcome("best", 90), outcome("near", 83)
    alone = hold([best, near], "accuracy").others[0].p_value
    among = hold([best, near, *(outcome(f"v{n}", 84 + n) for n in range(6))], "accuracy")
    corrected = next(it.p_value for it in among.others if it.outcome.label == "near")
    assert corrected == pytest.approx(7 * alone)


def test_variants_of_other_held_out_rows_are_not_compared():
    other = outcome("elsewhere", 50)
    moved = {("another prompt", row): hit for (_, row), hit in other.rows.items()}
    assert hold([outcome("here", 90), Outcome(label="elsewhere", score=0.5, rows=moved)], "accuracy") is None


def test_rows_are_told_what_a_hundred_more_are_worth(plan):
    sized = [outcome(f"{n} rows", round(1000 * (0.95 - 2 * n**-0.5)), 1000, at=float(n)) for n in (50, 100, 200, 400)]
    found = concluded("rows", plan, outcome(UNTUNED, 100, 1000), *sized)
    assert found.headline.startswith("100 more rows are worth about 1.")
    assert "points (" in found.headline
    assert found.adopt.name == "400 rows"
    flat = [outcome(f"{n} rows", 6, 12, at=float(n), first=n // 50) for n in (50, 100, 200, 400)]
    assert concluded("rows", plan, *flat).headline.startswith("12 held-out rows cannot tell whether more examples help")
    assert concluded("rows", plan, *sized[:2]) is None


def human(total=1000, most=400):
    return [
        outcome(f"{n} human rows", round(total * (0.95 - 2 * n**-0.5)), total, at=float(n))
        for n in (50, 100, 200, 400)
        if n <= most
    ]


def test_generated_rows_are_told_by_how_many_human_rows_would_do_the_same(plan):
    # The law gives at 800 rows what these come to: twice as many.
    made = outcome("with 90 generated rows", round(1000 * (0.95 - 2 * 800**-0.5)), 1000, at=400.0, aside="with")
    found = concluded("augmentation", plan, outcome(UNTUNED, 100, 1000), *human(), made)
    assert found.headline.startswith("90 generated rows are worth 2.9 points (")
    assert found.adopt.name == made.label
    assert found.multiplier.times == pytest.approx(2.0, rel=0.05)
    low, high = found.multiplier.interval
    assert 1 < low < found.multiplier.times < high
    assert f", as {found.multiplier.told} the human rows would be" in found.headline


def test_generated_rows_that_help_no_more_than_chance_or_harm_are_left_out(plan):
    alone = human()[-1]
    equal = outcome("with 90 generated rows", 851, 1000, at=400.0, aside="with")
    found = concluded("augmentation", plan, *human(), equal)
    assert found.headline.startswith("1000 held-out rows cannot tell whether 90 generated rows help: 0.1 points (")
    assert found.adopt.name == alone.label
    harm = outcome("with 90 generated rows", 750, 1000, at=400.0, aside="with")
    found = concluded("augmentation", plan, *human(), harm)
    assert found.headline.startswith("90 generated rows cost 10")
    assert found.adopt.name == alone.label
    assert found.multiplier.times < 1


def test_without_a_curve_no_multiplier_is_told_and_without_both_sides_no_finding(plan):
    made = outcome("with 90 generated rows", 950, 1000, at=400.0, aside="with")
    found = concluded("augmentation", plan, human()[-1], made)
    assert found.multiplier is None
    assert "3 numbers of human rows are needed" in found.notes[0]
    flat = [outcome(f"{n} human rows", 850, 1000, at=float(n)) for n in (100, 200, 400)]
    assert "do not raise the fitted curve" in concluded("augmentation", plan, *flat, made).notes[0]
    assert concluded("augmentation", plan, *human(), outcome(UNTUNED, 100, 1000)) is None
    assert concluded("augmentation", plan, *human(most=200), made) is None


def test_seeds_are_told_how_far_chance_reaches_and_none_is_recommended(plan):
    found = concluded("seeds", plan, *(outcome(f"seed {n}", 70 + n, at=float(n)) for n in (0, 4, 8)))
    assert "74.0 % with a standard deviation of 4.0 points" in found.headline
    # t(0.975, 2) x sqrt(2) x 4 points
    assert "less than 24.3 points" in found.advice
    assert found.adopt is None
    same = concluded("seeds", plan, *(outcome(f"seed {n}", 70, at=float(n)) for n in (0, 4, 8)))
    assert same.headline == "Over 3 seeds accuracy is the same, 70.0 %"
    assert "vary more seeds" in same.advice


def test_kinds_vary_what_they_say(engine, write_data, tiny_model):
    base = plan_for(engine, write_data(), tiny_model)
    kinds = [kind for kind in KINDS if kind != "augmentation"]
    labels = {kind: [it.label for it in engine.studies.plan(kind, base).variants] for kind in kinds}
    assert labels["methods"][0] == "LoRA"
    assert set(labels["methods"]) >= {"QLoRA", "LoRA", "Full fine-tuning"} or len(labels["methods"]) >= 4
    assert labels["rank"] == ["rank 4", "rank 8", "rank 16", "rank 32"]
    assert labels["seeds"] == [f"seed {base.seed + more}" for more in range(5)]
    sizes = [int(it.at) for it in engine.studies.plan("rows", base).variants]
    train = len(engine.split(base.data, base.seed).train)
    assert sizes == [size for size in sorted(train >> n for n in range(5)) if size >= 8]
    smallest, *_, largest = engine.studies.plan("rows", base).variants
    assert (largest.plan.data.train_rows, smallest.plan.data.train_rows) == (0, sizes[0])
    assert smallest.plan.epochs > largest.plan.epochs == base.epochs
