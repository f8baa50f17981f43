"""One prompt at a time is tried, every tab sees the same, and it gives way to a run."""

import csv
from dataclasses import replace

import pytest

from core.engine import Engine
from core.errors import BusyError, UserError
from core.evaluate.prompting import Prompting, PromptScore, Rival
from ui import promptsheet
from ui.prompts import GAVE_WAY, STOPPED, Found, Prompts

FOUND = Prompting(
    model="<b>Starter</b>",
    metric="accuracy",
    scores=(
        PromptScore(examples=0, value=0.5, low=0.3, high=0.7),
        PromptScore(examples=8, value=0.8, low=0.6, high=0.9),
    ),
    rows=20,
    among=20,
    too_long=0,
    room=1024,
    most_frequent=0.5,
    taken=(1, 2),
    seed=7,
    seconds=20.0,
    at=1.0,
)
LINEAR = Rival(name="A linear model", value=0.7, low=0.6, high=0.8, rows="20 validation rows")


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "home")
    yield engine
    engine.close()


@pytest.fixture
def choice(engine, tmp_path):
    with (tmp_path / "data.csv").open("w", newline="") as file:
        rows = [(f"this is text number {number}", "card" if number % 2 else "bill") for number in range(60)]
        csv.writer(file).writerows([("text", "label"), *rows])
    return engine.choose(engine.open_data(tmp_path / "data.csv"))


def test_asked_twice_it_is_tried_once_and_other_data_wait(engine, choice):
    prompts = Prompts(engine)
    before = prompts.stage
    prompts.begin(choice, "starter")
    going = prompts.look()
    prompts.begin(choice, "starter")
    assert prompts.look() is going
    assert prompts.stage != before
    with pytest.raises(BusyError):
        prompts.begin(choice.model_copy(update={"instruction": "Name it."}), "starter")
    prompts.stop()
    assert prompts.look() is None
    assert prompts.ending(choice, "starter") == (STOPPED, None)
    assert prompts.ending(choice, "other") == ("", None), "of another model nothing was stopped"
    assert prompts.found(choice, "starter") == Found()


def test_it_gives_way_to_a_run_wherever_that_was_started(engine, choice):
    prompts = Prompts(engine)
    prompts.begin(choice, "starter")
    engine.store.add_run(engine.advise(choice, "starter").plan.model_dump(mode="json"), "from the command line")
    assert prompts.look() is None
    assert prompts.ending(choice, "starter") == (GAVE_WAY, None)


def test_what_is_known_stands_beside_the_linear_model(engine, choice):
    engine.promptings.keep(choice, "starter", FOUND)
    found = Prompts(engine).found(choice, "starter")
    assert found.prompting == FOUND
    assert [rival.name for rival in found.rivals] == ["A linear model on counted words"]


def test_the_card_tells_the_caution_and_nothing_that_a_browser_would_run():
    found = Found(FOUND, [LINEAR])
    assert promptsheet.title(found) == "Would a prompt do? It may be enough"
    assert "role='alert'" in promptsheet.card(found)
    assert "<b>Starter" not in promptsheet.card(found)
    better = Found(FOUND, [replace(LINEAR, value=0.99)])
    assert promptsheet.title(better) == "Would a prompt do? Not so far"
    assert "role='alert'" not in promptsheet.card(better)
    assert promptsheet.title(Found()) == promptsheet.TITLE


def test_how_it_ended_is_told_only_where_that_was_no_answer():
    assert promptsheet.ending("", None) == ""
    assert "stopped" in promptsheet.ending(STOPPED, None)
    assert "No room." in promptsheet.ending("", UserError("No room.")).replace("&#46;", ".")
