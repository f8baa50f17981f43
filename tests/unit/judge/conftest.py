"""A home with a scored run, and endpoints that judge as a test wants."""

import csv
import shutil

import pytest

from core.engine import Engine
from core.evaluate.evaluation import write_evaluation
from tests.unit.augment.conftest import endpoint
from tests.unit.judge.scored import scored

__all__ = ["endpoint"]


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A home, made once, and the id of the run in it."""
    folder = tmp_path_factory.mktemp("judged")
    path = folder / "data.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("question", "answer"), *((f"Question {n}?", f"Answer {n}.") for n in range(60))])
    engine = Engine(folder / "home")
    choice = engine.choose(engine.open_data(path))
    job = engine.store.add_run(engine.advise(choice, "starter").plan.model_dump(mode="json"), "scored")
    write_evaluation(scored(), engine.store.run_folder(job.run_id))
    engine.close()
    return folder / "home", job.run_id


@pytest.fixture
def engine(made, tmp_path):
    shutil.copytree(made[0], tmp_path / "home")
    engine = Engine(tmp_path / "home")
    yield engine
    engine.close()


@pytest.fixture
def run(made):
    """Id of a run whose rows 1 to 12 have answers that differ, but for the last two."""
    return made[1]
