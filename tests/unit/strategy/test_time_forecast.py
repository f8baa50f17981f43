"""Time is reckoned from what was measured, and what was not measured is said to be left out."""

from dataclasses import replace

import pytest

from core.strategy.pace import Pace
from core.strategy.plan import Plan
from core.strategy.speed import Speed, key, rows_of
from core.strategy.time_forecast import Amount, forecast_time

AMOUNT = Amount(train_rows=80, validation_rows=10, test_rows=20, tokens_per_row=50.0, counted=True)
SPEED = Speed(
    steps=8,
    tokens_per_second=100.0,
    slow=80.0,
    fast=125.0,
    batch_size=8,
    tokens_per_row=50.0,
    rows="these",
    device="CPU, 2 threads",
    load_seconds=4.0,
    validation_row_seconds=0.2,
    saving_seconds=0.5,
    at=1.0,
)


@pytest.fixture
def plan(choice):
    return Plan(data=choice, model="starter", method="lora", epochs=10, batch_size=8, patience=2)


def test_the_whole_is_what_its_parts_take(plan):
    forecast = forecast_time(plan, AMOUNT, SPEED)
    marks = len(Pace.of(80, 8, 10).validations)
    assert forecast.parts == pytest.approx(
        {"loading": 4.0, "training": 400.0, "validating": 2.0 * (marks + 1), "saving": 0.5 * marks}
    )
    assert forecast.total_seconds == pytest.approx(sum(forecast.parts.values()))
    assert forecast.epoch_seconds == pytest.approx((forecast.total_seconds - 4.0) / 10)


def test_early_stopping_makes_it_a_range(plan):
    patient, impatient = (
        forecast_time(plan.model_copy(update={"patience": patience}), AMOUNT, SPEED) for patience in (50, 1)
    )
    assert impatient.low_seconds < patient.low_seconds < patient.total_seconds < patient.high_seconds
    assert impatient.high_seconds == patient.high_seconds
    assert impatient.earliest_epoch == pytest.approx(1.0)
    assert "after 1 of 10 epochs" in impatient.cause
    assert patient.earliest_epoch == 10
    assert "early stopping" not in patient.cause


@pytest.mark.parametrize("patience", [1, 2, 3, 50])
@pytest.mark.parametrize(("rows", "per_step", "epochs"), [(80, 8, 10), (7, 8, 3), (450, 8, 5), (33, 4, 1)])
def test_early_stopping_ends_no_run_before_its_patience_is_out(rows, per_step, epochs, patience):
    pace = Pace.of(rows, per_step, epochs)
    seen = [step for step in range(1, pace.total_steps + 1) if pace.is_validation(step)]
    assert list(pace.validations) == seen
    end = pace.earliest_end(patience)
    assert seen.index(end) == min(patience, len(seen) - 1)


def test_what_nobody_measured_is_left_out_and_said(plan):
    forecast = forecast_time(plan, AMOUNT, replace(SPEED, load_seconds=None, validation_row_seconds=None))
    assert set(forecast.parts) == {"training", "saving"}
    assert len(forecast.left_out) == 3
    scored = forecast_time(plan, AMOUNT, replace(SPEED, scoring_row_seconds=1.5))
    assert scored.parts["scoring"] == pytest.approx(30.0)
    assert scored.left_out == ()
    assert forecast_time(plan, replace(AMOUNT, test_rows=0), SPEED).left_out == (), "there is nothing to score"


def test_energy_is_claimed_only_where_it_was_metered_and_money_only_at_a_price(plan):
    silent = forecast_time(plan, AMOUNT, SPEED)
    assert (silent.energy_kwh, silent.cost) == (None, None)
    told = forecast_time(plan, AMOUNT, replace(SPEED, watts=360.0), price_per_hour=3.0)
    assert told.energy_kwh == pytest.approx((told.low_seconds * 1e-4, told.high_seconds * 1e-4))
    assert told.cost == pytest.approx((told.low_seconds / 1200, told.high_seconds / 1200))


def test_the_basis_says_where_the_speed_comes_from(plan):
    def basis(amount=AMOUNT, **changes):
        return forecast_time(plan, amount, replace(SPEED, **changes)).basis

    assert basis() == "measured in 8 steps on this computer"
    assert basis(runs=1) == "as an earlier run on this computer went"
    assert basis(runs=3, batch_size=2) == "as 3 earlier runs on this computer went, with 2 rows at a time instead of 8"
    assert basis(replace(AMOUNT, counted=False)).endswith("on other rows")


def test_a_speed_is_of_a_machine_and_of_what_is_trained_how(plan, machine, gpu_machine):
    names = {
        key(plan, machine),
        key(plan, gpu_machine),
        key(plan.model_copy(update={"method": "adapter"}), machine),
        key(plan.model_copy(update={"options": {"rank": 64}}), machine),
        key(plan.model_copy(update={"batch_size": 4}), machine),
        key(plan.model_copy(update={"precision": "bf16"}), machine),
    }
    assert len(names) == 6
    for same in ({"learning_rate": 1e-3, "epochs": 2}, {"options": {"rank": 16}}, {"precision": "fp32"}):
        assert key(plan.model_copy(update=same), machine) == key(plan, machine)


def test_rows_are_the_same_under_another_name_and_others_when_read_otherwise(choice):
    same = choice.model_copy(update={"name": "another", "split": "f" * 64})
    assert rows_of(same, 128) == rows_of(choice, 128)
    assert rows_of(choice.model_copy(update={"instruction": "Say."}), 128) != rows_of(choice, 128)
    assert rows_of(choice, 64) != rows_of(choice, 128)
