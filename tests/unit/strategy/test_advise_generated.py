"""The band goes by the rows of people; what is trained on goes by all rows. Both numbers are told."""

from dataclasses import replace

import pytest

from core.strategy.advise import advise
from core.strategy.cautions import cautions
from core.strategy.choices import FEWEST_EPOCHS, ROWS_SEEN, SMALL_STEP


def reason(advice, choice):
    return next(one for one in advice.reasons if one.choice == choice)


@pytest.mark.parametrize(("human", "generated"), [(90, 320), (99, 1), (400, 700), (999, 2000)])
def test_generated_rows_move_no_band_and_the_reasons_tell_both_numbers(human, generated, rows, choice, small, machine):
    alone = advise(rows(human), choice, small, machine)
    both = advise(replace(rows(human + generated), generated=generated), choice, small, machine)
    assert (both.cell, both.augment) == (alone.cell, alone.augment)
    assert both.plan.options == alone.plan.options
    assert both.plan.method == alone.plan.method
    assert (both.rows, both.generated) == (human, generated)
    assert both.as_json()["rows"] == {"human": human, "generated": generated}
    assert f"{human:,} examples by people, with {generated:,} generated rows" in both.headline
    assert f"{human:,} examples by people" in reason(both, "rank").because
    assert f"{generated:,} rows that a teacher wrote do not move the band" in reason(both, "augment").because
    assert f"{generated:,} by a teacher" in reason(both, "epochs").because


def test_passes_and_rows_of_a_step_go_by_all_rows(rows, choice, small, machine):
    split = replace(rows(1200), generated=900)
    plan = advise(split, choice, small, machine).plan
    same = advise(rows(1200), choice, small, machine).plan
    assert plan.epochs == same.epochs == max(FEWEST_EPOCHS, -(-ROWS_SEEN["balanced"] // len(split.train)))
    assert plan.rows_per_step == same.rows_per_step == 2 * SMALL_STEP


def test_without_generated_rows_nothing_is_said_of_them(rows, choice, small, machine):
    advice = advise(rows(300), choice, small, machine)
    told = " ".join([advice.headline, *(one.because for one in advice.reasons)])
    assert "by people" not in told
    assert advice.as_json()["rows"] == {"human": 300, "generated": 0}


def test_few_rows_by_people_are_few_whatever_a_teacher_adds(rows, choice, small, machine):
    split = replace(rows(150), generated=120)
    assert any("30 examples by people are few" in told for told in cautions(split, choice, small, machine))
