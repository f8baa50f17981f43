import pytest

from tests.e2e.seeding import seed, seed_adapter
from tests.e2e.viewer import says
from tests.unit.export.fake_hub import TOKEN, FakeHub

pytestmark = pytest.mark.browser


@pytest.fixture
def hub():
    running = FakeHub()
    yield running
    running.close()


def test_an_export_goes_to_the_hub_only_after_a_question_and_its_link_is_shown(tmp_path, serve, look, hub, monkeypatch):
    home = tmp_path / "home"
    run_id = seed(home)
    seed_adapter(home, run_id)
    for name, value in {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_TOKEN": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "nothing"))
    served = serve(home)
    page = look.tab(f"{served.url}/?run={run_id}&step=5")
    page.click("#ft-push-fold button")
    says(page, "There is no token on this machine")
    page.click("#ft-push")
    says(page, "repository: is missing", "body")
    page.fill("#ft-push-repo input, #ft-push-repo textarea", "grace/clauses")
    page.click("#ft-push")
    says(page, "as a private repository")
    says(page, "Its model card holds no example rows")
    assert not hub.asked, "nothing is asked of anybody before the yes"
    page.click("#ft-push-now")
    says(page, "Pushing needs a token", "body")
    page.fill("#ft-push-token input", TOKEN)
    page.click("#ft-push-now")
    says(page, "does not let the token of ada write to grace/clauses")
    page.fill("#ft-push-repo input, #ft-push-repo textarea", "clauses")
    page.wait_for_selector("#ft-push-question", state="hidden")
    page.click("#ft-push")
    says(page, "/clauses as a private repository")
    page.click("#ft-push-now")
    says(page, "stand in the private repository ada/clauses")
    assert page.get_attribute("#ft-push-ending a", "href") == f"{hub.url}/ada/clauses"
    assert len(hub.repos["ada/clauses"]["commits"]) == 1
    assert page.input_value("#ft-push-token input") == ""
    assert TOKEN not in page.content()
    assert TOKEN not in served.output
    page.reload()
    page.click("#ft-push-fold button")
    says(page, "stand in the private repository ada/clauses")
    says(page, "There is no token on this machine")
