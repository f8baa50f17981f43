"""The playground in a real browser, over runs of the starter model that were really trained."""

import pytest
from playwright.sync_api import expect

from tests.e2e.seeding import seed
from tests.e2e.served import Served
from tests.e2e.trained import train_small
from tests.e2e.viewer import PATIENCE, overflow, says

ANSWERS, PROMPT = "#ft-play-answers", "#ft-play-prompt textarea"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A dashboard over a run that learned labels and one that learned free answers."""
    home = tmp_path_factory.mktemp("played") / "home"
    runs = train_small(home, "legal_clauses", "Clauses, a few"), train_small(home, "financial_qa", "Questions", 32)
    served = Served(home)
    yield served, *runs
    served.end()


def test_a_held_out_row_is_answered_by_both_and_its_reference_goes_with_its_words(played, look):
    served, labels, _ = played
    page = look.tab(f"{served.url}/?step=9&run={labels}")
    says(page, "Try Clauses, a few")
    page.click("#ft-play-take")
    says(page, "1 of 300 held-out rows", "#ft-play-where")
    says(page, "Wanted", ANSWERS)
    page.click("#ft-play-ask")
    says(page, "tokens per second", ANSWERS)
    page.wait_for_selector("#ft-play-ask:enabled")
    says(page, "Likelihood of each label", ANSWERS)
    assert page.locator(f"{ANSWERS} .ft-severity.win").inner_text() == "wanted"
    says(page, "Tuned weights of step", "#ft-play-head")
    look.picture(page, "playground-labels")
    page.click("#ft-play-seen button")
    says(page, "tokens", "#ft-play-seen")
    assert page.locator("#ft-play-seen .ft-token").count() > 0
    narrow = look.tab(f"{served.url}/?step=9&run={labels}", width=390, height=844, dark=True)
    says(narrow, "Likelihood of each label", ANSWERS)
    says(narrow, "Wanted", ANSWERS)
    assert overflow(narrow) <= 0
    look.picture(narrow, "playground-narrow-dark")
    page.click(PROMPT)
    page.keyboard.press("Control+End")
    page.keyboard.type(" and more")
    page.wait_for_function(f"() => !document.querySelector('{ANSWERS}').innerText.includes('Wanted')")
    assert page.input_value(PROMPT).endswith(" and more")
    page.click("#ft-play-take")
    says(page, "2 of 300 held-out rows", "#ft-play-where")
    assert look.complaints == []


def test_answers_are_written_while_one_looks_and_stop_within_a_token(played, look):
    served, _, free = played
    page = look.tab(f"{served.url}/?step=9&run={free}")
    says(page, "Try Questions")
    page.fill(PROMPT, "Tell <b>me</b> <img src=x onerror=window.pwned=1> of the revenue.")
    page.click("#ft-play-how button")
    page.fill("#ft-play-temperature input", "9")
    page.press("#ft-play-temperature input", "Tab")
    says(page, "less than or equal to 5", "#ft-play-how")
    page.fill("#ft-play-temperature input", "5")  # so that hardly any answer ends by itself
    page.fill("#ft-play-repetition_penalty input", "1")
    page.fill("#ft-play-most_tokens input", "900")
    page.press("#ft-play-most_tokens input", "Tab")
    page.wait_for_function("() => !document.querySelector('#ft-play-how').innerText.includes('less than or equal')")
    second = look.tab(f"{served.url}/?step=9&run={free}")
    page.click("#ft-play-ask")
    page.wait_for_selector(f"{ANSWERS} .ft-side.base.writing")
    page.wait_for_selector(f"{ANSWERS} .ft-side.tuned.writing")
    second.wait_for_selector(f"{ANSWERS} .ft-side.tuned.writing")
    look.picture(page, "playground-writing")
    page.click(PROMPT)
    page.keyboard.press("Control+End")
    page.keyboard.type(" While it writes.")
    second.click("#ft-play-stop")
    says(page, "Stopped", "#ft-play-head")
    says(second, "was stopped", ANSWERS)
    assert page.input_value(PROMPT).endswith("revenue. While it writes.")
    assert page.evaluate("window.pwned") is None
    says(page, "<img src=x", ANSWERS)
    assert look.foreign == []
    assert look.complaints == []  # a reload cuts off what is on its way, of which browsers complain
    page.reload()
    expect(page.locator(PROMPT)).to_have_value(
        "Tell <b>me</b> <img src=x onerror=window.pwned=1> of the revenue. While it writes.", timeout=PATIENCE
    )
    page.click("#ft-play-how button")
    expect(page.locator("#ft-play-temperature input")).to_have_value("5", timeout=PATIENCE)


def test_prompts_are_saved_taken_in_another_tab_and_deleted(played, look):
    served, _, free = played
    page, second = (look.tab(f"{served.url}/?step=9&run={free}") for _ in range(2))
    for tab in (page, second):
        says(tab, "200 held-out rows")
        tab.click("#ft-play-saved-fold button")
    page.fill(PROMPT, "What was the cost?")
    page.fill("#ft-play-name input, #ft-play-name textarea", "cost <i>")
    page.click("#ft-play-save")
    says(page, "Every tab finds it", "body")
    second.wait_for_timeout(6000)
    second.click("#ft-play-saved input")
    second.click("[role=option]:has-text('cost <i>')")
    expect(second.locator(PROMPT)).to_have_value("What was the cost?", timeout=PATIENCE)
    second.click("#ft-play-delete")
    expect(second.locator("#ft-play-saved input")).to_have_value("", timeout=PATIENCE)
    assert look.complaints == []


def test_the_base_model_alone_and_a_checkpoint_are_tried_from_the_menu(played, look):
    served, labels, _ = played
    page = look.tab(f"{served.url}/?step=6")
    says(page, "2 runs")
    page.click("#ft-runs [data-testid='cell-1-0']")
    page.wait_for_selector("#ft-try-run:enabled")
    page.click("#ft-try-run")
    page.wait_for_selector("#ft-step-9.ft-here")
    page.wait_for_function(f"() => location.search.includes('{labels}')")
    page.click("#ft-play-take")
    says(page, "1 of 300", "#ft-play-where")
    for choice, wanted in (("Base only", "The base answer is"), ("Checkpoint", "Tuned weights of step")):
        page.click("#ft-play-weights input")
        page.click(f"[role=option]:has-text('{choice}')")
        page.wait_for_selector("#ft-play-ask:enabled")
        page.click("#ft-play-ask")
        says(page, wanted, "#ft-play-head")
    page.click("#ft-play-leave")
    page.wait_for_selector("#ft-play-leave", state="hidden")
    assert look.complaints == []


def test_without_runs_or_weights_the_page_says_what_to_do(look, serve, tmp_path):
    served = serve(tmp_path / "home")
    page = look.tab(f"{served.url}/?step=9")
    says(page, "Nothing to try yet")
    assert page.is_disabled("#ft-play-ask")
    assert page.is_disabled("#ft-play-take")
    look.picture(page, "playground-empty")
    missing = look.tab(f"{served.url}/?step=9&run=rnosuchrun")
    says(missing, "There is no such run")
    served.end()
    run_id = seed(tmp_path / "home")
    served = serve(tmp_path / "home")
    page = look.tab(f"{served.url}/?step=4&run={run_id}")
    says(page, "Better by")
    page.click("#ft-to-playground")
    page.wait_for_selector("#ft-step-9.ft-here")
    says(page, "has kept no weights yet")
