"""The demo plays the whole walk by itself, with a run that is really trained."""

import pytest

from core.engine import Engine
from core.events import RunState
from tests.e2e.viewer import PAGES, says

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

SCENES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 5}
"""And the step on which each plays."""


def test_the_demo_walks_by_itself_waits_where_it_is_held_and_ends_with_an_export(look, serve, tmp_path):
    home = tmp_path / "home"
    page = look.tab(serve(home, "--demo").url)
    says(page, "1 of 6", "#ft-demo")
    says(page, "Your sample is ready: 500 examples in 10 kinds")
    page.click("#ft-demo-pause")
    says(page, "Continue", "#ft-demo")
    was = page.inner_text("#ft-demo")  # a slow machine may have gone on to the next scene by now
    page.wait_for_timeout(12_000)  # longer than the scene would have stayed
    held = next(scene for scene in SCENES if f"{scene} of 6" in was)
    assert f"{held} of 6" in page.inner_text("#ft-demo")
    page.click("#ft-demo-pause")
    for scene, step in [(scene, step) for scene, step in SCENES.items() if scene > held]:
        page.set_default_timeout(900_000)
        says(page, f"{scene} of 6", "#ft-demo")
        page.wait_for_selector(f"#ft-step-{step}.ft-here")
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
