"""Studies on their page: asked, begun, read, and adopted as the plan. Other tests train them."""

import pytest
from playwright.sync_api import expect

from tests.e2e.seeding import seed_ranks, seed_study, seed_unsure
from tests.e2e.served import Served
from tests.e2e.viewer import PATIENCE, go, overflow, press, says

_VALUES = "#ft-study-values input, #ft-study-values textarea"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def ranked(tmp_path_factory):
    """A dashboard over runs of two ranks, one clearly better."""
    home = tmp_path_factory.mktemp("ranked") / "home"
    seed_ranks(home, {4: 2, 32: 8})
    served = Served(home)
    yield served
    served.end()


def test_a_study_says_what_it_takes_ends_in_a_finding_and_its_plan_is_adopted(ranked, look):
    page = look.tab(f"{ranked.url}/?step=8")
    says(page, "What would help more?")
    says(page, "Values: ")
    page.click("#ft-walk label:has-text('Vary the rank')")
    _type(page, "4, tall")
    says(page, "'tall' is no whole number")
    look.picture(page, "studies-wrong")
    assert page.is_disabled("#ft-study-begin")
    _type(page, "4, 32")
    says(page, "there already")
    look.picture(page, "studies-asked")
    page.click("#ft-study-begin")
    says(page, "Rank 32 is best")
    says(page, "Take rank 32")
    look.picture(page, "studies-found")
    dark = look.tab(f"{ranked.url}/?step=8", dark=True)
    says(dark, "Rank 32 is best")
    expect(dark.locator(_VALUES)).to_have_value("4, 32", timeout=PATIENCE)
    look.picture(dark, "studies-dark")
    narrow = look.tab(f"{ranked.url}/?step=8", width=390, height=844)
    says(narrow, "Rank 32 is best")
    look.picture(narrow, "studies-narrow")
    assert overflow(narrow) <= 0
    for one in (page, dark, narrow):
        title, figure = _box(one, "#ft-study-figure .gtitle"), _box(one, "#ft-study-figure .main-svg")
        assert figure["x"] <= title["x"]
        assert figure["y"] <= title["y"]
        assert title["x"] + title["width"] <= figure["x"] + figure["width"]
        assert title["y"] + title["height"] <= _box(one, "#ft-study-figure .cartesianlayer")["y"]
    page.click("#ft-study-adopt")
    page.wait_for_selector("#ft-step-2.ft-here")
    says(page, "rank 32 fits")
    look.picture(page, "studies-adopted")
    go(page, 8)
    page.click("#ft-study-forget")
    says(page, "What would help more?")
    assert look.complaints == []


def _box(page, what: str) -> dict[str, float]:
    found = page.locator(what).first.bounding_box()
    assert found is not None, what
    return found


def _type(page, values: str) -> None:
    page.fill(_VALUES, values)
    page.press(_VALUES, "Tab")


def test_what_is_unknown_is_measured_first_and_an_address_opens_one_study(look, serve, tmp_path):
    seed_ranks(tmp_path / "home", {4: 2, 32: 8})
    served = serve(tmp_path / "home")
    page = look.tab(f"{served.url}/?step=8")
    page.click("#ft-walk label:has-text('Compare methods')")
    _type(page, "lora, adapter")
    says(page, "time, not known yet", "#ft-study-outlook")
    look.picture(page, "studies-unmeasured")
    press(page, "#ft-study-measure", "#ft-study-measuring")
    says(page, "Measuring", "#ft-study-measuring")
    look.picture(page, "studies-measuring")
    page.wait_for_selector("#ft-study-measuring", state="hidden")
    says(page, "forecast from what was measured here", "#ft-study-outlook")
    assert not page.is_visible("#ft-study-measure")
    look.picture(page, "studies-measured")
    page.click("#ft-walk label:has-text('Vary the rank')")
    _type(page, "4, 32")
    says(page, "there already", "#ft-study-outlook")
    page.click("#ft-study-begin")
    says(page, "Rank 32 is best")
    page.wait_for_url("**study=s1*")
    page.click("#ft-walk label:has-text('Compare methods')")
    _type(page, "lora, adapter")
    says(page, "runs to train", "#ft-study-outlook")
    page.click("#ft-study-begin")
    page.wait_for_url("**study=s2*")
    says(page, " left", "#ft-study-head")
    look.picture(page, "studies-at-work")
    narrow = look.tab(f"{served.url}/?step=8&study=s2", width=390, height=844, dark=True)
    says(narrow, " left", "#ft-study-head")
    look.picture(narrow, "studies-at-work-narrow")
    assert overflow(narrow) <= 0
    page.click("#ft-study-stop")
    other = look.tab(f"{served.url}/?study=s1")
    says(other, "Rank 32 is best")
    assert "study=s1" in other.url
    gone = look.tab(f"{served.url}/?step=8&study=s99")
    says(gone, "There is no study s99")
    look.picture(gone, "studies-gone")
    assert look.complaints == []  # a reload cuts off what is on its way, of which browsers complain
    other.reload()
    says(other, "Rank 32 is best")
    assert "study=s1" in other.url


def test_the_page_of_runs_opens_the_study_of_a_run(look, serve, tmp_path):
    home = tmp_path / "home"
    seed_ranks(home, {4: 2, 32: 8, 16: 3})
    assert seed_study(home, 4, 32) == "s1"
    assert seed_study(home, 32, 16) == "s2"
    served = serve(home)
    page = look.tab(f"{served.url}/?step=6")
    for rank, study in ((4, "s1"), (16, "s2")):
        go(page, 6)
        page.click(f"#ft-runs [data-testid^='cell-']:has-text('Legal clauses, rank {rank}')")
        page.wait_for_function(
            "name => document.querySelector('#ft-chosen input').value.includes(name)", arg=f"rank {rank}"
        )
        press(page, "#ft-open-study", "#ft-step-8.ft-here")
        page.wait_for_url(f"**study={study}*")
        says(page, f"{study}, Vary the rank", "#ft-study-head")
    assert look.complaints == []


def test_scores_that_cannot_tell_offer_a_study_on_every_row_and_it_says_where_it_cannot_be(look, tmp_path_factory):
    home = tmp_path_factory.mktemp("unsure") / "home"
    own = home.parent / "tickets.csv"
    lines = [f"ticket {n}: my {word} is broken,{word}" for n, word in enumerate(["bike", "phone", "lamp"] * 30)]
    own.write_text("\n".join(["text,label", *lines]))
    divisible, fixed = seed_unsure(home, own), seed_unsure(home, "legal_clauses")
    served = Served(home)
    try:
        page = look.tab(f"{served.url}/?step=4&run={divisible}")
        says(page, "cannot tell the two apart")
        page.click("#ft-more-rows:has-text('Test on every row')")
        page.wait_for_selector("#ft-step-8.ft-here")
        says(page, "Compares part 1 of 5, part 2 of 5, part 3 of 5, part 4 of 5, part 5 of 5.")
        look.picture(page, "studies-every-row")
        _type(page, "3")
        says(page, "Compares part 1 of 3, part 2 of 3, part 3 of 3.")
        assert page.is_enabled("#ft-study-begin")
        other = look.tab(f"{served.url}/?step=4&run={fixed}")
        other.click("#ft-more-rows:has-text('Test on every row')")
        says(other, "5 folds cannot be made where the data have a test file of their own")
        assert other.is_disabled("#ft-study-begin")
        look.picture(other, "studies-every-row-not-here")
    finally:
        served.end()
