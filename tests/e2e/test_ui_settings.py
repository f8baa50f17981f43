"""Settings that are wrong, as a person sees them: all at once, each beside its field."""

import pytest

from tests.e2e.seeding import seed
from tests.e2e.served import Served
from tests.e2e.viewer import says

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]

WRONG = {"batch_size": "0", "max_length": "3", "learning_rate": "5", "seed": "-1", "alpha": "many"}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    home = tmp_path_factory.mktemp("settings") / "home"
    seed(home)
    dashboard = Served(home)
    yield dashboard
    dashboard.end()


def told(page, field):
    return page.inner_text(f"#setting-{field}")


def test_five_mistakes_are_told_at_once_each_beside_its_field(served, look):
    page = look.tab(f"{served.url}/?step=2")
    page.wait_for_selector("#ft-start:enabled")
    page.click("#ft-expert button")
    for field, value in WRONG.items():
        page.fill(f"#setting-{field} input, #setting-{field} textarea", value)
    page.keyboard.press("Tab")
    says(page, "5 settings are wrong")
    for field, value in WRONG.items():
        page.wait_for_selector(f"#setting-{field}.ft-wrong")
        assert "Input should be" in told(page, field)
        assert page.input_value(f"#setting-{field} input, #setting-{field} textarea") == value
    assert "Input should be" not in told(page, "epochs")
    look.picture(page, "five-mistakes")
    page.fill("#setting-batch_size input", "4")
    says(page, "4 settings are wrong")
    page.wait_for_selector("#setting-batch_size:not(.ft-wrong)")
    assert "Input should be" not in told(page, "batch_size")
    assert "Input should be" in told(page, "seed")
