"""Curves and tempo of a run stay small however long it is."""

from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import RunState, StateChanged, StepTaken
from tests.unit.ui.test_ui_present import records
from ui.present import RunView, follow
from ui.tempo import Tempo
from ui.thinning import MOST, Thinned


def _taken(step: int, loss: float | None = 1.0) -> StepTaken:
    return StepTaken(
        step=step,
        total_steps=50_000,
        epoch=0.0,
        loss=loss,
        learning_rate=1e-3,
        grad_norm=0.5,
        tokens=100 * step,
        seconds=0.1 * step,
    )


def test_a_long_curve_keeps_its_ends_its_extremes_and_few_points():
    curve = Thinned(itemgetter(0), itemgetter(1))
    for step in range(1, 50_001):
        curve.append((step, {777: 9.0, 31_234: -9.0}.get(step, step % 7)))
    assert len(curve.points) <= MOST
    assert curve.points[0][0] == 1
    assert curve.points[-1][0] == 50_000
    assert {(777, 9.0), (31_234, -9.0)} <= set(curve.points)
    steps = [step for step, _ in curve.points]
    assert steps == sorted(steps)


def test_a_curve_that_fits_is_exact():
    curve = Thinned(itemgetter(0), itemgetter(1))
    points = [(step, None if step == 5 else 1.0) for step in range(MOST)]
    for point in points:
        curve.append(point)
    assert curve.points == points


def test_a_long_run_read_in_many_polls_equals_one_read_at_once():
    told = records([StateChanged(state=RunState.TRAINING), *(_taken(n, n % 13) for n in range(1, 9000))])
    view = RunView()
    for begin in range(0, len(told), 997):
        view = follow(view, told[begin : begin + 997])
    assert view == follow(RunView(), told)
    assert len(view.loss) <= MOST


@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=30))
def test_the_tempo_is_the_mean_of_the_steps(durations):
    tempo, seconds = Tempo(), 0.0
    for step, took in enumerate(durations, 1):
        seconds += took
        tempo = tempo.after(step, 10 * step, seconds)
    assert tempo.mean == pytest.approx(seconds / len(durations))
    low, high = tempo.seconds_for(10)
    assert low <= 10 * tempo.mean + 1e-6
    assert high >= 10 * tempo.mean - 1e-6


def test_steps_that_were_left_out_count_as_equally_long():
    tempo = Tempo().after(1, 100, 2.0).after(101, 10_100, 202.0)
    assert (tempo.steps, tempo.mean) == (101, pytest.approx(2.0))
    assert tempo.last_speed == pytest.approx(50.0)
    assert tempo.seconds_per_step == pytest.approx(2.0)
