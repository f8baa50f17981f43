"""Merged models of the shapes that people bring, out of full and of 4-bit weights, in a fresh process."""

import threading

import pytest

from core.events import Exported
from core.export.exporters import ExportTask, export
from tests.unit.export.shapes import SHAPES, make_shape
from tests.unit.export.tuned_runs import Told, make_runs


@pytest.fixture(scope="module")
def shaped(tmp_path_factory, trained):
    """A function from a shape and a method to a finished run."""
    made = {"llama": trained}

    def run(shape, method):
        if shape not in made:
            made[shape] = make_runs(tmp_path_factory, make_shape(shape, tmp_path_factory.mktemp(shape) / shape))
        return made[shape](method)

    return run


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "qlora"])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "llama"])
def test_a_merged_model_of_any_shape_is_the_tuned_one(shaped, tmp_path, shape, method):
    run, told = shaped(shape, method), Told()
    task = ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter="merged", out=tmp_path / "out")
    export(task, told, threading.Event())
    (said,) = told.of(Exported)
    assert said.fidelity["faithful"], said.fidelity
    assert said.largest_logit_difference < 1e-3
