"""New rows in a browser: asked for, looked at by keys, and used; the key stays in memory."""

import contextlib
import random
import time

import pytest
from playwright.sync_api import TimeoutError as TimedOut

from core.engine import Engine
from tests.e2e.viewer import overflow, says
from tests.unit.augment.endpoint import Endpoint
from tests.unit.augment.sentences import good, sentence

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
KEY = "sk-canary-3c1d"


def fill(page, setting, value):
    box = f"#setting-{setting} input, #setting-{setting} textarea"
    page.wait_for_selector(box)
    page.fill(box, value)


def press_until(page, key, condition, given=None):
    """Press a key until the page is so: one that comes while the last is still being answered does nothing."""
    for _ in range(40):
        page.keyboard.press(key)
        with contextlib.suppress(TimedOut):
            page.wait_for_function(condition, arg=given, timeout=6000)
            return
    raise AssertionError(f"{key} changes nothing")


def test_rows_are_written_survive_a_reload_are_looked_at_by_keys_and_used(look, serve, tmp_path):
    chance, path = random.Random(1), tmp_path / "things.csv"
    lines = [f"{sentence(chance, label)},{label}" for label in ("fruit", "tool") * 40]
    path.write_text("\n".join(["text,label", *lines]))
    engine = Engine(tmp_path / "home")
    choice = engine.choose(engine.open_data(path))
    engine.save_draft({"data": choice.model_dump(mode="json")})
    engine.close()

    def slow(number, body):
        time.sleep(0.5)
        return good(number, body)

    teacher = Endpoint(slow)
    served = serve(tmp_path / "home")
    page = look.tab(f"{served.url}/?step=7")
    page.wait_for_selector("#ft-augment-count")
    fill(page, "url", teacher.url)
    fill(page, "model", "scripted")
    page.fill("#ft-augment-key input", KEY)
    page.click("#ft-augment-test")
    says(page, "It works: 4 rows")
    assert page.input_value("#ft-augment-key input") == ""
    look.picture(page, "augment-tested")
    page.click("#ft-augment-write")
    page.wait_for_selector("#ft-augment-stop")
    page.reload()
    says(page, "new rows stand ready")
    assert teacher.headers[0]["Authorization"] == f"Bearer {KEY}"
    look.picture(page, "augment-ready")
    says(page, "Accepted by itself", "#ft-review")
    page.locator("#ft-review h3").click()  # keys go to the page, not into a field
    for key in ("a", "r", "ArrowRight"):
        before = page.inner_text("#ft-review")
        press_until(page, key, "text => document.querySelector('#ft-review').innerText !== text", before)
    press_until(page, "e", "() => document.querySelector('#ft-review-save')")
    page.locator(".ft-edit textarea").first.fill("A peach, a plum, a pear and an apple lay beside the gosto.")
    page.click("#ft-review-save")
    page.wait_for_selector("#ft-review-save", state="detached")
    page.set_viewport_size({"width": 390, "height": 844})
    look.picture(page, "augment-review-narrow")
    assert overflow(page) <= 0
    page.click("#ft-augment-use")
    says(page, "generated")
    look.picture(page, "augment-used")
    page.click("#ft-augment-pays")
    page.wait_for_selector("#ft-step-8.ft-here")
    says(page, "human rows, with")
    look.picture(page, "augment-pays")
    kept = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert kept == []
    assert KEY not in page.content()
    assert KEY not in served.output
    assert look.foreign == []
    teacher.close()
