"""What every page promises, looked at in a real browser over a home that holds finished runs."""

from pathlib import Path

import pytest

from core.engine import Engine
from tests.e2e.seeding import seed
from tests.e2e.served import Served
from tests.e2e.viewer import PAGES, go, overflow, says

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]

PAYLOADS = (
    "<img src=x onerror=window.pwned=1>",
    "<script>window.pwned=2</script>",
    "<svg/onload=window.pwned=3>",
    "[click](javascript:window.pwned=4)",
    "![p](http://evil.example/pixel.png)",
    "<iframe srcdoc='<script>parent.pwned=5</script>'></iframe>",
    "<form action='http://evil.example/'><input name=a><button>go</button></form>",
    "<div style='position:fixed;inset:0;z-index:9999;background:red' id=overlay>x</div>",
)
ORDINARY = ("Terminate at will", "No assignment", "Governed by law")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A dashboard over one finished run on the bundled clauses."""
    home = tmp_path_factory.mktemp("finished") / "home"
    run_id = seed(home)
    served = Served(home)
    yield served, run_id
    served.end()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A dashboard over a data set and a run whose every text tries to become markup."""
    folder = tmp_path_factory.mktemp("hostile")
    table = folder / "img src=x onerror=window.pwned=9.jsonl"
    table.write_text(_hostile_rows(), encoding="utf-8")
    home = folder / "home"
    run_id = seed(home, source=table, name=PAYLOADS[0] + PAYLOADS[4])
    served = Served(home)
    yield served, run_id
    served.end()


def _hostile_rows() -> str:
    import json

    lines = []
    for index in range(90):
        payload = PAYLOADS[index % len(PAYLOADS)]
        label = (*ORDINARY, PAYLOADS[0])[index % 4]
        lines.append(json.dumps({"text": f"{index} {payload}", "label": label, PAYLOADS[1]: payload}))
    return "\n".join(lines)


def test_a_figure_is_saved_for_a_slide_as_png_and_svg_without_asking_anybody(finished, look):
    served, run_id = finished
    page = look.tab(f"{served.url}/?step=3&run={run_id}", dark=True)
    page.hover("#ft-loss")
    files = {}
    for kind in ("PNG", "SVG"):
        with page.expect_download() as caught:
            page.click(f"#ft-loss button[aria-label='Save this figure as {kind}']")
        assert caught.value.suggested_filename.endswith(f".{kind.lower()}")
        files[kind] = Path(caught.value.path()).read_bytes()
    assert files["PNG"].startswith(b"\x89PNG")
    drawing = files["SVG"].decode()
    assert drawing.startswith("<svg")
    assert "rgb(255, 255, 255)" in drawing
    assert "validation" in drawing
    assert look.foreign == []
    assert look.complaints == []


def test_every_page_says_its_finding_in_both_themes_and_calls_nobody(finished, look):
    served, run_id = finished
    for dark in (False, True):
        page = look.tab(f"{served.url}/?run={run_id}&step=1", dark=dark)
        for step, wanted in enumerate(
            ("is ready", "suits", "Trained: best at step 80", "Better by", "exported", "1 run"), 1
        ):
            go(page, step)
            says(page, wanted)
            look.picture(page, f"page-{step}-{PAGES[step]}-{'dark' if dark else 'light'}")
        assert page.evaluate("document.body.classList.contains('dark')") is dark
    assert look.foreign == []
    assert [text for text in look.complaints if "Content Security Policy" in text] == []


def test_a_narrow_page_is_one_column_and_never_wider_than_its_window(finished, look):
    served, run_id = finished
    page = look.tab(f"{served.url}/?run={run_id}&step=1", width=390, height=844)
    for step, name in PAGES.items():
        go(page, step)
        page.wait_for_timeout(1500)
        look.picture(page, f"narrow-{step}-{name}")
        assert overflow(page) <= 0, f"the {name} page is wider than 390 px"


def test_a_link_opens_its_run_and_the_back_button_goes_back(finished, look):
    served, run_id = finished
    page = look.tab(f"{served.url}/?run={run_id}&step=4")
    says(page, "Better by")
    go(page, 3)
    says(page, "Trained: best at step 80")
    page.wait_for_function("() => location.search.includes('step=3')")
    page.go_back()
    page.wait_for_selector("#ft-step-4.ft-here")
    assert f"run={run_id}" in page.url


def test_rows_are_filtered_read_and_judged_and_a_second_tab_sees_it_after_a_reload_too(finished, look):
    served, run_id = finished
    page = look.tab(f"{served.url}/?run={run_id}&step=4")
    says(page, "1 to 50 of 300 rows")
    page.click("#ft-outcome label:has-text('worse')")
    says(page, "28 rows, chosen from 300")
    says(page, "worse", "#ft-reading-row")
    page.click("#ft-rows [data-testid='cell-1-2']")
    says(page, "Row 11", "#ft-reading-row")
    assert page.locator("#ft-reading-row mark").count() == 2
    page.keyboard.press("n")
    says(page, "Row 21", "#ft-reading-row")
    page.keyboard.press("2")
    says(page, "tuned better 1", "#ft-rows-files")
    page.fill("#ft-row-note textarea", "<img src=x onerror=window.pwned=1>")
    page.click("#ft-next-row")
    says(page, "Row 31", "#ft-reading-row")
    assert page.input_value("#ft-row-note textarea") == ""
    second = look.tab(f"{served.url}/?run={run_id}&step=4", width=390, dark=True)
    says(second, "tuned better 1", "#ft-rows-files")
    page.click("#ft-verdict label:has-text('Both bad')")
    says(second, "both bad 1", "#ft-rows-files")
    assert overflow(second) <= 0
    second.click("#ft-search-rows input")
    second.keyboard.type("ONERROR")
    says(second, "1 row, chosen from 300")
    says(second, "Row 21", "#ft-reading-row")
    assert "onerror" in second.input_value("#ft-row-note textarea")
    look.picture(page, "evaluate-rows")
    assert page.evaluate("window.pwned") is None
    lines = served.client().get(f"/results/{run_id}/rows.jsonl").text.splitlines()
    assert len(lines) == 300
    assert sum('"verdict": "neither"' in line for line in lines) == 1
    report = served.client().get(f"/results/{run_id}/report.html")
    assert "attachment" in report.headers["content-disposition"]
    assert "People who read rows found: tuned better 1, both bad 1." in report.text
    assert look.complaints == []


def test_a_file_that_cannot_be_read_is_refused_where_it_was_dropped_and_the_old_data_stay(finished, look, tmp_path):
    served, _ = finished
    broken = tmp_path / "broken.csv"
    broken.write_text('text,label\nhello,greeting\n"good bye,parting\n')
    page = look.tab(f"{served.url}/?step=1")
    page.click("#ft-other-data")
    says(page, "Until you choose, Legal clauses stays.")
    page.set_input_files("#ft-file input[type=file]", broken)
    says(page, "This file cannot be read")
    says(page, "Row 2 of broken.csv (line 3) opens a quote that is never closed.")
    look.picture(page, "page-1-data-refused")
    go(page, 2)
    go(page, 1)
    says(page, "Your sample is ready: 500 examples in 10 kinds")


def test_what_was_typed_comes_back_after_a_reload(finished, look):
    served, _ = finished
    page = look.tab(f"{served.url}/?step=2")
    says(page, "suits")
    page.click("#ft-expert button")
    page.fill("#setting-learning_rate input", "0.0007")
    page.click("#ft-name input, #ft-name textarea")
    page.keyboard.type("A name that I typed")
    page.keyboard.press("Tab")
    says(page, "1 setting differs from the advice")
    page.wait_for_timeout(1500)
    page.reload()
    says(page, "1 setting differs from the advice")
    page.wait_for_selector("#setting-learning_rate:visible")  # the settings are open, as they were left
    page.wait_for_function("() => document.querySelector('#setting-learning_rate input')?.value === '0.0007'")
    page.wait_for_function(
        "() => document.querySelector('#ft-name input, #ft-name textarea').value === 'A name that I typed'"
    )


def test_wrong_settings_are_named_all_at_once_and_nothing_starts(finished, look):
    served, _ = finished
    page = look.tab(f"{served.url}/?step=2")
    page.wait_for_selector("#ft-start:enabled")
    if page.get_attribute("#ft-expert button", "class").find("open") < 0:
        page.click("#ft-expert button")
    page.fill("#setting-batch_size input", "0")
    page.fill("#setting-max_length input", "3")
    says(page, "settings are wrong")
    assert page.is_disabled("#ft-start")
    told = page.inner_text("#ft-expert")
    assert "batch" in told
    assert "max" in told


def test_nothing_from_the_data_runs_or_is_fetched_on_any_page(hostile, look):
    served, run_id = hostile
    page = look.tab(f"{served.url}/?run={run_id}&step=1")
    for step in PAGES:
        go(page, step)
        page.wait_for_timeout(2500)
        for fold in page.query_selector_all("button.label-wrap:not(.open)"):
            if fold.is_visible():
                fold.click()
        page.wait_for_timeout(1500)
        look.picture(page, f"hostile-{step}-{PAGES[step]}")
        assert page.evaluate("window.pwned") is None
        assert (
            page.query_selector_all("iframe, form[action^='http'], #overlay, img[src='x'], a[href^='javascript']") == []
        )
    assert look.foreign == []
    assert look.dialogs == []


def test_a_run_that_does_not_exist_is_said_to_be_missing(finished, look):
    served, _ = finished
    page = look.tab(f"{served.url}/?run=rnosuchrun")
    says(page, "There is no such run")


def test_a_run_is_renamed_as_typed_and_deleted_after_a_second_question(look, tmp_path, serve):
    home = tmp_path / "home"
    run_id = seed(home)
    served = serve(home)
    page = look.tab(f"{served.url}/?step=6")
    says(page, "1 run, 1 scored")
    page.click("#ft-runs [data-testid='cell-0-0']")
    page.wait_for_selector("#ft-rename:enabled")
    page.fill("label:has-text('Its name') input, label:has-text('Its name') textarea", "Ünïcode <b>name</b>")
    page.click("#ft-rename")
    says(page, "Ünïcode <b>name</b>", "#ft-runs")
    page.click("#ft-delete")
    says(page, "cannot be undone")
    page.click("#ft-really-delete")
    says(page, "No runs yet")
    engine = Engine(home, launcher="thread")
    try:
        assert engine.runs() == []
        assert not engine.store.run_folder(run_id).exists()
    finally:
        engine.close()
