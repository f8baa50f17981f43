"""Runs of a study that cannot win are given up early, and only those."""

from dataclasses import replace

from core.events import RunState
from core.study import prune
from core.study.prune import Point, hopeless
from core.study.study import Study, Variant
from tests.unit.study.conftest import plan_for, wait

GOOD = [[Point(step / 10, 2.0 - step / 10) for step in range(1, 11)] for _ in range(2)]


def curve(loss, until):
    return [Point(step / 10, loss) for step in range(1, until + 1)]


def test_a_run_is_given_up_only_after_its_fair_share_of_steps_and_far_above_what_others_had_by_then():
    assert hopeless(curve(2.5, 3), GOOD) == ""
    assert hopeless(curve(2.5, 5), GOOD).startswith(
        "Given up after 50% of its steps: its lowest validation loss was 2.5"
    )
    # At half of the steps the others had 1.5: near it chance decides, and what they have later does not count.
    assert hopeless(curve(1.6, 5), GOOD) == ""
    assert hopeless(curve(1.1, 5), GOOD) == ""


def test_with_fewer_than_two_finished_runs_none_is_given_up():
    assert hopeless(curve(9.0, 9), GOOD[:1]) == ""
    assert hopeless([], GOOD) == ""


def test_the_hopeless_variant_is_stopped_keeps_its_weights_and_is_not_begun_again(
    engine, write_data, tiny_model, monkeypatch
):
    monkeypatch.setattr(prune, "_EVERY", 0.05)
    plan = plan_for(engine, write_data(), tiny_model).model_copy(update={"epochs": 4})
    hopeless_one = plan.model_copy(update={"learning_rate": 1e-9, "epochs": 40, "patience": 50})
    variants = [
        Variant(label="rank 4", at=4.0, plan=plan),
        Variant(label="rank 5", at=5.0, plan=plan.model_copy(update={"options": plan.options | {"rank": 5}})),
        Variant(label="never", at=6.0, plan=hopeless_one),
    ]
    study = Study(name="s", kind="rank", plan=plan, variants=tuple(variants), prune=True)
    begun = engine.studies.begin(study)
    report = wait(engine, begun.number)
    assert [it.state for it in report.outcomes if it.run] == [RunState.DONE, RunState.DONE, RunState.STOPPED]
    given_up = report.outcomes[-1]
    assert given_up.problem.startswith("Given up after")
    assert (engine.store.run_folder(given_up.run) / "best").is_dir()
    assert report.finding is not None
    assert not report.can_go_on
    attempts = engine.store.run(given_up.run).attempt
    engine.studies.go_on(begun.number)
    assert engine.store.run(given_up.run).attempt == attempts
    assert replace(engine.studies.find(begun.number), number=0).prune


def test_only_kinds_that_seek_the_best_can_be_pruned(engine, write_data, tiny_model):
    plan = plan_for(engine, write_data(), tiny_model)
    assert engine.studies.plan("rank", plan, ["2", "4"], prune=True).prune
    assert not engine.studies.plan("seeds", plan, ["2", "4"], prune=True).prune
