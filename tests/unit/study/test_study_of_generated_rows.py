"""Whether generated rows pay, really trained: all human rows, fewer of them, and all with the generated ones."""

import csv

import pytest

from core.dataset.provenance import COLUMN, HUMAN, Generated
from core.errors import SettingsError
from core.events import RunState
from tests.unit.export.tuned_runs import rows
from tests.unit.study.conftest import plan_for, wait


def test_generated_rows_are_held_against_human_rows_alone_and_fewer_of_them(engine, tmp_path, tiny_model):
    human = [(text, colour, HUMAN) for text, colour in rows()]
    made = [
        (f"Somebody saw, in the street of number {n}, that it was {colour}.", colour, Generated("rules", (), "0").cell)
        for n, (_, colour) in enumerate(rows()[:30])
    ]
    path = tmp_path / "colours.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label", COLUMN), *human, *made])
    plan = plan_for(engine, path, tiny_model)
    planned = engine.studies.plan("augmentation", plan)
    people = len([example for example in engine.split(plan.data, plan.seed).train if example.row <= len(human)])
    assert [it.label for it in planned.variants][-2:] == [f"{people} human rows", "with 30 generated rows"]
    assert [it.plan.data.generated for it in planned.variants[-2:]] == [False, True]
    with_, alone = planned.variants[-1].plan, planned.variants[-2].plan
    assert alone.epochs * people >= with_.epochs * (people + 30)
    study = engine.studies.begin(engine.studies.plan("augmentation", plan, ["20", str(people), "with"]))
    report = wait(engine, study.number)
    fewer, alone, fuller = (it for it in report.outcomes if it.run)
    assert {it.state for it in (fewer, alone, fuller)} == {RunState.DONE}
    assert (fewer.at, alone.at, fuller.at) == (20.0, people, people)
    assert fewer.rows.keys() == alone.rows.keys() == fuller.rows.keys()
    assert report.finding.headline
    assert report.finding.adopt is not None


def test_data_without_generated_rows_are_told_where_to_get_some(engine, write_data, tiny_model):
    with pytest.raises(SettingsError, match="no training row was written by a teacher") as error:
        engine.studies.plan("augmentation", plan_for(engine, write_data(), tiny_model))
    assert "augmentation" in error.value.fix
