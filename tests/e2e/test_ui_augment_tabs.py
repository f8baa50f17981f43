"""New rows in two tabs on the same data: one sees what the other does, and neither overwrites the other silently."""

import random
import re
import time

import pytest

from core.augment.review import read_decisions
from core.engine import Engine
from tests.e2e.test_ui_augment import fill, press_until
from tests.e2e.viewer import says
from tests.unit.augment.endpoint import Endpoint
from tests.unit.augment.sentences import good, sentence

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
def home(tmp_path):
    """A home in which a file of eighty rows was chosen."""
    chance, path = random.Random(1), tmp_path / "things.csv"
    lines = [f"{sentence(chance, label)},{label}" for label in ("fruit", "tool") * 40]
    path.write_text("\n".join(["text,label", *lines]))
    engine = Engine(tmp_path / "home")
    choice = engine.choose(engine.open_data(path))
    engine.save_draft({"data": choice.model_dump(mode="json")})
    engine.close()
    return tmp_path / "home"


def teacher_is(page, title):
    page.wait_for_selector("#ft-augment-count")
    page.locator("#ft-teacher label", has_text=title).click()


def decisions_of(home):
    (path,) = (home / "augment").glob("*/decisions.json")
    return read_decisions(path.parent)


def test_an_order_of_one_tab_goes_on_live_in_another_which_can_stop_it(look, serve, home):
    def slow(number, body):
        time.sleep(1)
        return good(number, body)

    teacher = Endpoint(slow)
    served = serve(home)
    one, other = look.tab(f"{served.url}/?step=7"), look.tab(f"{served.url}/?step=7")
    teacher_is(one, "endpoint")
    fill(one, "url", teacher.url)
    fill(one, "model", "scripted")
    other.wait_for_selector("#ft-augment-count")
    other.fill("#ft-card-do textarea", "What is being typed here stays.")
    one.click("#ft-augment-write")
    other.wait_for_selector("#ft-augment-stop")
    says(other, "answers so far", "#ft-augment-work")
    before = other.inner_text("#ft-augment-work")
    other.wait_for_function("text => document.querySelector('#ft-augment-work').innerText !== text", arg=before)
    assert other.is_disabled("#ft-augment-write")
    assert other.input_value("#ft-card-do textarea") == "What is being typed here stays."
    look.picture(other, "augment-second-tab")
    other.click("#ft-augment-stop")
    for page in (one, other):
        says(page, "Go on writing")
        page.wait_for_selector("#ft-augment-stop", state="hidden")
        page.wait_for_selector("#ft-review")
    asked = len(teacher.bodies)
    time.sleep(3)
    assert len(teacher.bodies) == asked, "nobody is asked any more"
    assert look.complaints == []
    teacher.close()


def test_decisions_of_one_tab_are_seen_in_another_and_an_edit_there_overwrites_none_silently(look, serve, home):
    served = serve(home)
    one, other = look.tab(f"{served.url}/?step=7"), look.tab(f"{served.url}/?step=7")
    teacher_is(one, "Rules")
    one.click("#ft-augment-write")
    for page in (one, other):
        page.wait_for_selector("#ft-review")
        page.wait_for_selector("#ft-augment-stop", state="hidden")
        says(page, "Accepted by itself", "#ft-review")
        page.locator("#ft-review h3").click()  # keys go to the page, not into a field
    shown = other.inner_text("#ft-review .ft-review")
    assert one.inner_text("#ft-review .ft-review") == shown
    left = int(re.search(r"To look at \((\d+)\)", one.inner_text("#ft-review"))[1])
    press_until(other, "e", "() => document.querySelector('#ft-review-save')")
    other.locator(".ft-edit textarea").first.fill("An apple, a pear, a plum and a peach lay beside the gosto.")
    one.click("#ft-review-reject")
    says(other, "Rejected by you", "#ft-review")
    says(other, f"To look at ({left - 1})", "#ft-review")
    assert other.inner_text("#ft-review .ft-review") == shown, "it stays at its row"
    assert other.locator(".ft-edit textarea").first.input_value().startswith("An apple"), "what is typed stays"
    other.click("#ft-review-save")
    says(other, "Another tab rejected this row", "body")
    look.picture(other, "augment-decided-elsewhere")
    assert [one.verdict for one in decisions_of(home).values()] == ["reject"]
    assert other.locator(".ft-edit textarea").first.input_value().startswith("An apple")
    other.click("#ft-review-save")
    other.wait_for_selector("#ft-review-save", state="detached")
    (decision,) = decisions_of(home).values()
    assert decision.verdict == "accept"
    assert "An apple, a pear" in decision.cells["text"]
    one.locator("#ft-review label", has_text="Accepted").first.click()
    says(one, "Accepted (", "#ft-review")
    other.click("#ft-review-accept")
    says(one, f"To look at ({left - 2})", "#ft-review")
    assert look.complaints == []


def test_what_one_tab_keeps_is_shown_in_another_beside_what_is_typed_there(look, serve, home):
    served = serve(home)
    one, other = look.tab(f"{served.url}/?step=7"), look.tab(f"{served.url}/?step=7")
    for page in (one, other):
        teacher_is(page, "endpoint")
        page.wait_for_selector("#setting-url input, #setting-url textarea")
    other.fill("#ft-task textarea", "Typed here, not left yet.")
    one.fill("#ft-card-constraints textarea", "Fruit grows.")
    fill(one, "url", "http://127.0.0.1:9/v1")
    one.locator("#ft-augment-card h3").click()
    holds = "([place, text]) => document.querySelector(place)?.value === text"
    other.wait_for_function(holds, arg=["#ft-card-constraints textarea", "Fruit grows."])
    url = "#setting-url input, #setting-url textarea"
    other.wait_for_function(holds, arg=[url, "http://127.0.0.1:9/v1"])
    assert other.input_value("#ft-task textarea") == "Typed here, not left yet."
    fill(other, "model", "scripted")
    other.locator("#ft-augment-card h3").click()
    one.wait_for_function(holds, arg=["#ft-task textarea", "Typed here, not left yet."])
    one.wait_for_function(holds, arg=["#setting-model input, #setting-model textarea", "scripted"])
    for page in (one, other):
        look.reload(page)
        page.wait_for_function(holds, arg=[url, "http://127.0.0.1:9/v1"])
        page.wait_for_function(holds, arg=["#ft-card-constraints textarea", "Fruit grows."])
    assert look.complaints == []
