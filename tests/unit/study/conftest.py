"""A small data set and a tiny model, on which a run takes seconds."""

import csv
import time

import pytest

from core.engine import Engine
from tests.unit.export.tuned_runs import rows, tiny_model

__all__ = ["tiny_model"]


@pytest.fixture
def engine(tmp_path):
    made = Engine(tmp_path / "home", launcher="thread")
    yield made
    made.close()


@pytest.fixture
def write_data(tmp_path):
    def write():
        path = tmp_path / "colours.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows()])
        return path

    return write


def plan_for(engine, path, model):
    """One short pass of LoRA."""
    choice = engine.choose(engine.open_data(path))
    raw = engine.advise(choice, str(model)).plan.model_dump()
    raw |= {"method": "lora", "options": {"rank": 4}, "epochs": 1, "learning_rate": 5e-3, "precision": "fp32"}
    return engine.read_plan(raw)


def wait(engine, number, seconds=240):
    """The report of a study that is over."""
    until = time.monotonic() + seconds
    while not (report := engine.studies.report(number)).is_over:
        assert time.monotonic() < until, [(it.label, it.state) for it in report.outcomes]
        time.sleep(0.1)
    return report
