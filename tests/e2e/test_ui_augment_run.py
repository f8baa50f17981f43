"""From new rows on the page to a scored run: what a teacher wrote trains, and nothing is validated or tested on it."""

import random

import pytest

from core.dataset.generated import generated_numbers
from core.engine import Engine
from core.events import Prepared
from tests.e2e.viewer import says
from tests.unit.augment.sentences import sentence

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
def home(tmp_path):
    """A home in which a file of ninety rows was chosen, for a short run."""
    chance, path = random.Random(1), tmp_path / "things.csv"
    lines = [f"{sentence(chance, label)},{label}" for label in ("fruit", "tool") * 45]
    path.write_text("\n".join(["text,label", *lines]))
    engine = Engine(tmp_path / "home")
    choice = engine.choose(engine.open_data(path))
    engine.save_draft({"data": choice.model_dump(mode="json"), "overrides": {"epochs": 1}})
    engine.close()
    return tmp_path / "home"


def test_new_rows_train_and_are_in_no_validation_and_no_test_of_the_run(look, serve, home):
    served = serve(home)
    page = look.tab(f"{served.url}/?step=7")
    page.wait_for_selector("#ft-augment-count")
    page.locator("#ft-teacher label", has_text="Rules").click()
    page.click("#ft-augment-write")
    page.wait_for_selector("#ft-augment-use:enabled")
    page.click("#ft-augment-use")
    says(page, "generated")
    page.wait_for_selector("#ft-augment-pays")
    page.click("#ft-step-2")
    says(page, "examples by people")
    look.picture(page, "strategy-generated")
    page.wait_for_selector("#ft-start:enabled")
    page.click("#ft-start")
    page.wait_for_selector("#ft-step-3.ft-here")
    says(page, "Trained")
    says(page, "points", "#ft-step-4")
    served.end()
    engine = Engine(home)
    (summary,) = engine.runs()
    run_id, plan = summary.row.id, summary.plan
    made = generated_numbers(plan.data, home)
    split = engine.split(plan.data, plan.seed)
    trained, held = {one.row for one in split.train}, {one.row for one in (*split.validation, *split.test)}
    assert made
    assert made & trained == made
    assert not made & held
    assert split.generated == len(made)
    (prepared,) = [one.event for one in engine.since(run_id) if isinstance(one.event, Prepared)]
    assert (prepared.train_rows, prepared.validation_rows, prepared.test_rows) == (
        len(split.train),
        len(split.validation),
        len(split.test),
    )
    scored = {row.row for row in engine.evaluation(run_id).rows}
    assert scored == {one.row for one in split.test}
    assert not made & scored
    engine.close()
