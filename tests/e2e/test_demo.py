"""The demo plays the whole walk by itself, with a run that is really trained."""

import re

import pytest

from core.engine import Engine
from core.events import RunState
from tests.e2e.viewer import PAGES, says

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

SCENES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 5}
"""And the step on which each plays."""
WATCH = """() => {
  window.seen = new Set();
  setInterval(() => {
    const scene = (document.querySelector("#ft-demo")?.innerText || "").match(/([0-9]) of 6/);
    const step = document.querySelector("[id^=ft-step-].ft-here");
    if (scene && step) window.seen.add(`${scene[1]} on ${step.id}`);
  }, 100);
}"""
"""A scene lasts seconds, and a picture of it may take as long: what was shown is noted in the page itself."""


def shown(page):
    """The number of the scene."""
    return re.search(r"([0-9]) of 6", page.inner_text("#ft-demo"))[1]


def test_the_demo_walks_by_itself_waits_where_it_is_held_and_ends_with_an_export(look, serve, tmp_path):
    home = tmp_path / "home"
    page = look.tab(serve(home, "--demo").url)
    page.evaluate(WATCH)
    says(page, "1 of 6", "#ft-demo")
    says(page, "Your sample is ready: 500 examples in 10 kinds")
    page.click("#ft-demo-pause")
    says(page, "Continue", "#ft-demo")
    page.wait_for_timeout(3_000)  # a scene that began at that moment still comes
    held = shown(page)
    page.wait_for_timeout(12_000)  # longer than the scene would have stayed
    assert shown(page) == held
    page.click("#ft-demo-pause")
    page.set_default_timeout(900_000)
    for scene, step in SCENES.items():
        page.wait_for_function("shown => window.seen.has(shown)", arg=f"{scene} on ft-step-{step}")
        look.picture(page, f"demo-{scene}-{PAGES[step]}")
    page.wait_for_selector("#ft-demo", state="hidden")
    engine = Engine(home, launcher="thread")
    try:
        (summary,) = engine.runs()
        assert summary.row.state == RunState.DONE
        assert summary.evaluated.metrics["accuracy"]["tuned"] > summary.evaluated.metrics["accuracy"]["base"]
        assert [job.kind for job in engine.store.jobs(summary.row.id)] == ["train", "export"]
    finally:
        engine.close()
    assert look.foreign == []
