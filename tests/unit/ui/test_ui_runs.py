"""The list of runs never acts on another run than the one that somebody chose, or was asked about."""

import shutil

import pytest

from core.engine import Engine
from tests.unit.judge.conftest import made, run
from ui.desk import Desk
from ui.pages import runs
from ui.tab import RUNS

__all__ = ["made", "run"]

MENU = 3


@pytest.fixture
def desk(made, tmp_path):
    shutil.copytree(made[0], tmp_path / "home")
    engine = Engine(tmp_path / "home")
    yield Desk(engine)
    engine.close()


def told(menu):
    """What a drawing says to a menu."""
    return menu._constructor_args[0]


def test_drawing_the_list_anew_leaves_alone_what_is_chosen_unless_it_is_gone(desk, run):
    assert "value" not in told(runs.on_looked(desk, RUNS, run)[MENU])
    assert told(runs.on_looked(desk, RUNS, "rgone")[MENU])["value"] is None


def test_the_question_before_a_run_is_deleted_remembers_which_run_it_is_about(desk, run):
    _, question, wanted = runs.on_delete_wanted(desk, run)
    assert "scored" in question
    assert wanted == run
