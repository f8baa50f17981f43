"""The speed of the starter model is measured for real on the strategy page, stopped, and seen by every tab."""

import pytest

from core.engine import Engine
from tests.e2e.viewer import says

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def served(serve, tmp_path):
    engine = Engine(tmp_path / "home", launcher="thread")
    choice = engine.choose(engine.open_data("legal_clauses"))
    overrides = {"epochs": 1, "max_length": 96}
    engine.save_draft({"data": choice.model_dump(mode="json"), "model": "starter", "overrides": overrides})
    engine.close()
    return serve(tmp_path / "home")


def test_a_speed_is_measured_stopped_seen_by_a_second_tab_and_gives_way_to_a_run(look, served):
    page = look.tab(f"{served.url}/?step=2")
    says(page, "Time: not measured yet")
    second = look.tab(f"{served.url}/?step=2")
    says(second, "Time: not measured yet")

    page.click("#ft-measure")
    says(page, "Measuring QLoRA")
    says(second, "Measuring QLoRA")
    second.click("#ft-stop-measuring")
    says(second, "The measurement was stopped")
    says(page, "The measurement was stopped")

    page.click("#ft-measure")
    says(page, "Time, forecast:")
    says(page, "an epoch")
    says(page, "steps on this computer")
    says(page, "were held")
    says(second, "Time, forecast:")
    look.picture(page, "strategy-time")

    page.click("#ft-expert button")
    page.fill("#ft-price input, #ft-price textarea", "2.5")
    page.keyboard.press("Tab")
    says(page, "cost, in the money of your price per hour")
    page.reload()
    says(page, "cost, in the money of your price per hour")
    page.wait_for_selector("#ft-price input:visible, #ft-price textarea:visible")

    page.click("#ft-measure")
    says(page, "Measuring QLoRA")
    page.click("#ft-start")
    page.wait_for_selector("#ft-step-3.ft-here")
    second.wait_for_function("() => !document.querySelector('#ft-walk').innerText.includes('Measuring QLoRA')")
    assert look.foreign == []
