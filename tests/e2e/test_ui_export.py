"""The export page in a real browser, over a run of the starter model that was really trained."""

import hashlib
import os
import subprocess
import sys

import httpx
import pytest

from core.export import extras
from core.export.exporters import EXPORTERS
from tests.e2e.served import Served
from tests.e2e.trained import train_small
from tests.e2e.viewer import overflow, says

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]
ABSENT = [name for name, exporter in EXPORTERS.items() if extras.missing(exporter.modules)]
ROUNDED = ("gptq", "awq", "compressed")
CARD = ".ft-card:has(#ft-export-{})"


@pytest.fixture(scope="module")
def exporting(tmp_path_factory):
    """A dashboard, and a run of it that has its best weights and no export yet."""
    home = tmp_path_factory.mktemp("exporting") / "home"
    run_id = train_small(home, "legal_clauses", "Clauses, a few")
    served = Served(home)
    yield served, run_id
    served.end()


def needs_absence(name):
    """A form whose packages are not installed where the test runs."""
    return pytest.param(name, marks=pytest.mark.skipif(name not in ABSENT, reason="its packages are installed here"))


def top(page):
    """Where the cards begin, in pixels from the top of the page."""
    return page.evaluate("() => document.querySelector('.ft-forms').getBoundingClientRect().top + window.scrollY")


@pytest.mark.parametrize("name", EXPORTERS)
def test_each_form_says_what_it_is_for_and_what_it_will_take(exporting, look, name):
    served, run_id = exporting
    page = look.tab(f"{served.url}/?run={run_id}&step=5")
    card, exporter = CARD.format(name), EXPORTERS[name]
    says(page, "Forecast: ", card)
    told = page.inner_text(card)
    assert exporter.title in told
    assert f"Take it when {exporter.when}." in told
    assert f"Needs {exporter.needs}." in told
    forecast = next(line for line in told.splitlines() if line.startswith("Forecast: "))
    assert "MB, " in forecast or "kB, " in forecast
    assert "iB of memory" in forecast
    assert ("of disk while it is made" in forecast) == bool(exporter.extra)
    assert look.complaints == []


@pytest.mark.parametrize("name", [needs_absence(name) for name in (*ROUNDED, "gguf")])
def test_a_form_whose_packages_are_missing_names_them_and_the_line_that_installs_them(exporting, look, name):
    served, run_id = exporting
    page = look.tab(f"{served.url}/?run={run_id}&step=5")
    card, exporter = CARD.format(name), EXPORTERS[name]
    says(page, "Not installed here: ", card)
    for package in extras.missing(exporter.modules):
        assert package in page.inner_text(f"{card} .ft-note")
    assert page.inner_text(f"{card} .ft-note .ft-line") == f'pip install "fewtune[{exporter.extra}]"'
    button = page.locator(f"#ft-export-{name}")
    assert button.is_disabled()
    assert button.inner_text() == f"Not installed: {exporter.title}"


@pytest.mark.slow
def test_an_export_shows_checksums_links_and_lines_that_load_it(exporting, look):
    served, run_id = exporting
    page = look.tab(f"{served.url}/?run={run_id}&step=5")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name, library in (("adapter", "PeftModel"), ("merged", "AutoModelForCausalLM")):
        page.wait_for_selector(f"#ft-export-{name}:enabled")
        before = top(page)
        page.click(f"#ft-export-{name}")
        page.wait_for_selector("#ft-stop-export", state="visible")
        assert top(page) == pytest.approx(before, abs=1), "nothing moves when an export begins"
        says(page, f"Your model is exported: {EXPORTERS[name].title.lower()}")
        assert top(page) == pytest.approx(before, abs=1), "nor when it is done"
        says(page, library, f"#ft-load-{name}")
        _the_files_are_those_of_the_checksums(page, served, CARD.format(name))
        _the_copied_lines_load_it(page, name, served.home.parent)
    says(page, "s.", f"{CARD.format('adapter')} p:has(.ft-whole)")
    assert "time known after the first" not in page.inner_text(CARD.format("adapter")), "it was timed"
    for width, dark in ((1280, False), (1280, True), (390, False), (390, True)):
        tab = look.tab(f"{served.url}/?run={run_id}&step=5", width=width, dark=dark)
        says(tab, "Not installed" if ABSENT else "Export again")
        says(tab, library)
        assert overflow(tab) <= 0
        look.picture(tab, f"export-{width}-{'dark' if dark else 'light'}")
    assert look.complaints == []
    assert look.foreign == []


def _the_files_are_those_of_the_checksums(page, served, card):
    assert page.inner_text(f"{card} > .ft-view .ft-line") == "sha256sum -c SHA256SUMS"
    lines = page.locator(f"{card} .ft-files li")
    assert lines.count() > 5
    for line in lines.all():
        digits = line.locator("code").get_attribute("title").removeprefix("SHA-256: ")
        assert line.locator("code").inner_text() == f"{digits[:12]}…"
        content = httpx.get(served.url + line.locator("a").get_attribute("href")).content
        assert hashlib.sha256(content).hexdigest() == digits


def _the_copied_lines_load_it(page, name, folder):
    page.click(f"#ft-load-{name} button[title*='opy'], #ft-load-{name} button[aria-label*='opy']")
    lines = page.evaluate("() => navigator.clipboard.readText()")
    script = f"{lines}\nprint(type(model).__name__, len(tokenizer))"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PeftModel" if name == "adapter" else "LlamaForCausalLM")
