"""Figures: thinned, finite, and never empty."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.events import RunState, StateChanged
from tests.unit.ui.test_ui_present import a_whole_run, memory, records, step, validated
from ui import plots
from ui.present import RunView, follow


def test_thinning_keeps_the_ends_and_the_extremes():
    values = np.sin(np.arange(20_000) / 50)
    values[1234], values[9876] = 9.0, -9.0
    x, y = plots.thinned(list(zip(range(20_000), values.tolist(), strict=True)))
    assert len(x) <= 2 * plots.MOST_POINTS
    assert (x[0], x[-1]) == (0.0, 19_999.0)
    assert (max(y), min(y)) == (9.0, -9.0)


def test_a_gap_stays_a_gap():
    x, y = plots.thinned([(n, None if n == 5000 else 1.0) for n in range(10_000)])
    assert None in y
    assert len(x) == len(y)


@pytest.mark.parametrize(
    "build", [plots.loss, plots.memory, lambda v: plots.small(v, "rate"), lambda v: plots.compared({"a": v})]
)
def test_an_empty_figure_says_what_will_come_at_its_full_height(build):
    figure = build(RunView())
    assert figure["layout"]["annotations"][0]["text"]
    full = build(follow(RunView(), a_whole_run()))
    assert abs(full["layout"]["height"] - figure["layout"]["height"]) <= 40


def test_figures_hold_no_number_that_json_cannot_hold():
    told = [StateChanged(state=RunState.TRAINING), step(1, None), memory(1), validated(1, 0.5, best=True)]
    view = follow(RunView(), records(told))
    for figure in (plots.loss(view), plots.memory(view, 0.7), plots.small(view, "norm")):
        assert json.loads(plots.drawn(figure).plot)["layout"]["height"]


def test_the_best_validation_is_marked_and_validation_is_dashed():
    figure = plots.loss(follow(RunView(), a_whole_run()))
    by_name = {trace["name"]: trace for trace in figure["data"]}
    assert by_name["best, kept"]["x"] == [8]
    assert by_name["validation"]["line"]["dash"] == "dash"
    assert by_name["training"]["line"]["dash"] == "solid"


def test_the_forecast_stands_beside_the_measured_memory():
    figure = plots.memory(follow(RunView(), a_whole_run()[:14]), 2.5)
    by_name = {trace["name"]: trace for trace in figure["data"]}
    assert by_name["forecast peak"]["y"] == [2.5, 2.5]


def test_a_gpu_shows_what_is_reserved_and_how_busy_it_is():
    told = [StateChanged(state=RunState.TRAINING)]
    told += [replace(memory(n), kind="gpu", reserved_gib=0.3, utilisation_percent=97.0) for n in (1, 2)]
    figure = plots.memory(follow(RunView(), records(told)), 2.5)
    by_name = {trace["name"]: trace for trace in figure["data"]}
    assert by_name["reserved by the run"]["y"] == [0.3, 0.3]
    assert by_name["busy"]["y"] == [97.0, 97.0]
    assert by_name["busy"]["yaxis"] == "y2"
    assert figure["layout"]["title"]["text"].startswith("Memory of the device")


def test_a_device_that_does_not_tell_its_load_has_no_second_axis():
    figure = plots.memory(follow(RunView(), a_whole_run()), 2.5)
    assert "yaxis2" not in figure["layout"]


def test_a_runs_name_cannot_bring_markup_into_a_figure():
    figure = plots.compared({"<a href='javascript:1'>x</a>": follow(RunView(), a_whole_run())})
    assert "<a" not in json.dumps(figure)


def test_a_gpu_shows_what_the_run_uses_and_what_others_hold():
    told = [StateChanged(state=RunState.TRAINING)]
    parts = {"reserved_gib": 0.4, "allocated_gib": 0.3, "others_gib": 1.5}
    told += [replace(memory(n), kind="gpu", **parts) for n in (1, 2)]
    by_name = {trace["name"]: trace for trace in plots.memory(follow(RunView(), records(told)))["data"]}
    assert by_name["in its tensors"]["y"] == [0.3, 0.3]
    assert by_name["others"]["y"] == [1.5, 1.5]


def test_the_patience_stands_in_the_figure_and_what_was_zoomed_stays():
    layout = plots.loss(follow(RunView(), a_whole_run()), "2 of 4 validations without a better one")["layout"]
    assert layout["annotations"][0]["text"].startswith("2 of 4")
    assert layout["uirevision"] == "same"
    assert not layout["xaxis"]["fixedrange"]


def test_the_speed_has_a_figure():
    figure = plots.small(follow(RunView(), a_whole_run()), "speed")
    assert figure["data"][0]["y"] == [100.0] * 8
