"""Trying a prompt on the strategy page: seen in every tab, kept after a reload, stopped by a click."""

import csv

import pytest

from core.engine import Engine
from tests.e2e.seeding import seed
from tests.e2e.viewer import overflow, says

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def few_rows(folder):
    with (folder / "fruit.csv").open("w", newline="") as file:
        rows = [(f"a {colour} fruit from tree {number}", colour) for number, colour in enumerate(["red", "blue"] * 40)]
        csv.writer(file).writerows([("text", "label"), *rows])
    return folder / "fruit.csv"


@pytest.fixture
def served(serve, tmp_path):
    engine = Engine(tmp_path / "home")
    choice = engine.choose(engine.open_data(few_rows(tmp_path)))
    engine.save_draft({"data": choice.model_dump(mode="json"), "model": "starter"})
    engine.close()
    return serve(tmp_path / "home")


def opened(look, served, **sizes):
    page = look.tab(f"{served.url}/?step=2", **sizes)
    page.wait_for_selector("#ft-start:enabled")
    page.click("#ft-prompting button")
    page.wait_for_selector("#ft-try-prompt, #ft-stop-prompt")
    return page


def test_a_prompt_is_tried_stopped_and_tried_again_and_every_tab_sees_it(look, served):
    page, second = opened(look, served), opened(look, served, width=390, dark=True)
    page.click("#ft-try-prompt")
    page.wait_for_selector("#ft-stop-prompt")
    second.wait_for_selector("#ft-stop-prompt")
    second.click("#ft-stop-prompt")
    says(second, "It was stopped", "#ft-prompting")
    says(page, "It was stopped", "#ft-prompting")
    page.click("#ft-try-prompt")
    says(page, "With 8 examples in the prompt", "#ft-prompting")
    says(second, "With 8 examples in the prompt", "#ft-prompting")
    assert overflow(second) == 0
    look.picture(page, "strategy-prompt")
    assert look.complaints == []
    page.reload()
    page.wait_for_selector("#ft-start:enabled")
    says(page, "Would a prompt do? ", "#ft-prompting")
    page.click("#ft-prompting button")
    says(page, "With 8 examples in the prompt", "#ft-prompting")
    says(page, "A linear model on counted words gets", "#ft-prompting")


def test_the_test_rows_of_a_run_are_asked_with_examples_and_stand_beside_its_scores_in_every_tab(look, serve, tmp_path):
    run = seed(tmp_path / "home", source=few_rows(tmp_path))
    served = serve(tmp_path / "home")
    page, second = (look.tab(f"{served.url}/?step=4&run={run}", **size) for size in ({}, {"width": 390, "dark": True}))
    for tab in (page, second):
        says(tab, "with examples in its prompt was not measured", "#ft-strips")
    page.click("#ft-prompt-rows")
    second.wait_for_selector("#ft-stop-prompt-rows")
    second.click("#ft-stop-prompt-rows")
    for tab in (page, second):
        says(tab, "It was stopped", "#ft-prompt-rows-progress")
    page.click("#ft-prompt-rows")
    page.wait_for_selector("#ft-stop-prompt-rows")
    look.picture(page, "results-prompt-asked")
    for tab in (page, second):
        says(tab, "the untuned model with", "#ft-strips")
        says(tab, "-shot", "#ft-strips")
    page.wait_for_selector("#ft-prompt-rows")
    assert overflow(second) == 0
    look.picture(page, "results-prompt")
    look.picture(second, "results-prompt-narrow")
    page.reload()
    says(page, "the untuned model with", "#ft-strips")
    assert look.complaints == []
