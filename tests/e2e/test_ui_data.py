"""The data page with files as people have them, in a real browser."""

import csv
import io
import json
import time

import pytest

from core.dataset.files.source import find_source
from core.engine import Engine
from tests.e2e.messy import messy_csv
from tests.e2e.served import Served
from tests.e2e.viewer import PATIENCE, overflow, says

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]

SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": f"Bridge {number}",
            "paragraphs": [
                {
                    "context": f"The bridge number {number} was built in {1800 + number} by the engineer Ada Stone.",
                    "qas": [
                        {
                            "id": str(number),
                            "question": f"When was bridge {number} built?",
                            "answers": [{"text": str(1800 + number), "answer_start": 30}],
                        }
                    ],
                }
            ],
        }
        for number in range(40)
    ],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    dashboard = Served(tmp_path_factory.mktemp("data") / "home")
    yield dashboard
    dashboard.end()


@pytest.fixture
def page(served, look):
    page = look.tab(f"{served.url}/?step=1")
    choose_other(page)
    return page


def choose_other(page):
    """Go to the ways to begin, whether or not there are data already."""
    page.wait_for_selector("#ft-other-data, #ft-sample-legal_clauses")
    if page.is_visible("#ft-other-data"):
        page.click("#ft-other-data")
    page.wait_for_selector("#ft-sample-legal_clauses")


def upload(page, *files):
    """Drop files, given as name and content."""
    dropped = [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files]
    page.set_input_files("#ft-file input[type=file]", dropped)


def in_sight(page, where):
    """Whether the whole of it can be seen without scrolling."""
    box = page.locator(where).bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= page.viewport_size["height"]


def stored(served, key="walk"):
    """What the server keeps of what was typed."""
    engine = Engine(served.home, launcher="thread")
    try:
        return engine.draft(key)
    finally:
        engine.close()


def until(true):
    """Wait for what the server does without a word."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


def kept_rows(served):
    """The rows that the draft stands on, as a run would read them."""
    engine = Engine(served.home, launcher="thread")
    try:
        choice = engine.draft()["data"]
        return engine.check(find_source(choice["source"], served.home)).rows
    finally:
        engine.close()


def test_a_messy_spreadsheet_is_explained_mended_and_taken_back(page, served, look):
    upload(page, ("tickets from Jo.csv", messy_csv()))
    says(page, "Your file is ready")
    says(page, "Fix all that are safe")
    look.picture(page, "data-messy")
    before = kept_rows(served)
    page.click("#ft-mend-duplicate-row-drop")
    says(page, "left out", "#ft-mend-preview")
    assert in_sight(page, "#ft-mend-preview")
    look.picture(page, "data-mend-preview")
    page.click("#ft-mend-cancel")
    page.wait_for_selector("#ft-mend-preview", state="hidden")
    assert kept_rows(served) == before
    page.click("#ft-fix-safe")
    page.wait_for_selector("#ft-fix-safe", state="hidden")
    assert kept_rows(served) < before
    look.picture(page, "data-messy-safe")
    page.click("#ft-mend-personal-data-mask")
    says(page, "[EMAIL]", "#ft-mend-preview")
    page.click("#ft-mend-apply")
    page.wait_for_selector("#ft-mend-personal-data-mask", state="detached")
    page.click("#ft-versions button")
    says(page, "As it was uploaded", "#ft-versions")
    page.wait_for_selector("#ft-download:enabled")
    with page.expect_download() as loaded:
        page.click("#ft-download")
    lines = loaded.value.path().read_text("utf-8").splitlines()
    assert any("[EMAIL]" in line for line in lines)
    assert not any("maria.lindqvist" in line for line in lines)
    look.picture(page, "data-versions")
    until = time.monotonic() + PATIENCE / 1000
    while page.is_visible("#ft-undo"):
        assert time.monotonic() < until
        # While one click is answered, the next does nothing: on a slow machine some are for nothing.
        page.evaluate("document.querySelector('#ft-undo')?.click()")
        page.wait_for_timeout(1000)
    assert kept_rows(served) == before
    assert look.foreign == []


def test_rows_are_seen_as_the_model_will_see_them(page, look):
    page.click("#ft-sample-legal_clauses")
    says(page, "Your sample is ready")
    page.click("#ft-as-seen button")
    says(page, "learned", "#ft-as-seen")
    says(page, "<|assistant|>", "#ft-as-seen")
    page.fill("#ft-seen-rows input, #ft-seen-rows textarea", "7")
    page.press("#ft-seen-rows input, #ft-seen-rows textarea", "Enter")
    says(page, "Row 7:", "#ft-as-seen")
    page.click("#ft-lengths button")
    page.click("#ft-columns button")
    says(page, "Typical length", "#ft-columns")
    look.picture(page, "data-as-seen")


def test_rows_of_another_build_become_examples_with_a_click(page, served, look):
    upload(page, ("bridges.json", json.dumps(SQUAD).encode()))
    page.wait_for_selector("[id^=ft-convert-]")
    says(page, "These rows are not examples yet")
    says(page, "The bridge number 0 was built in 1800", "#ft-preview")
    assert "mapping" not in page.inner_text("#ft-walk")
    look.picture(page, "data-conversion")
    page.click("[id^=ft-convert-]")
    says(page, "Your file is ready: 40 examples")
    assert kept_rows(served) == 40
    page.click("#ft-undo")
    says(page, "These rows are not examples yet")


def test_pasted_rows_survive_a_reload_and_a_broken_file_is_refused_in_place(page, served):
    out = io.StringIO()
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(
        [("text", "label"), *((f"this is text {n} of the paste", "a" if n % 2 else "b") for n in range(30))]
    )
    page.click("#ft-other-ways button")
    page.fill("#ft-pasted textarea", out.getvalue())
    until(lambda: stored(served, "pasted").get("text") == out.getvalue())
    page.reload()
    choose_other(page)
    page.wait_for_function("() => document.querySelector('#ft-pasted textarea')?.value.includes('text 29')")
    page.click("#ft-paste")
    says(page, "Your file is ready: 30 examples in 2 kinds")
    choose_other(page)
    upload(page, ("broken.csv", b'text,label\n"never closed,bill\n'))
    says(page, "This file cannot be read")
    says(page, "never closed")
    upload(page, ("report.pdf", b"%PDF-1.7 and more"))
    says(page, "report.pdf is a PDF document")
    page.click("#ft-back")
    says(page, "Your file is ready: 30 examples in 2 kinds")


def test_a_large_file_is_read_beside_the_page_and_can_be_stopped(page, served, look):
    rows = [
        json.dumps({"prompt": f"Question {n}: what is {n} plus {n * 7}?", "completion": f"It is {n * 8}, of course."})
        for n in range(20_000)
    ]
    upload(page, ("many.jsonl", "\n".join(rows).encode()))
    page.wait_for_selector("#ft-stop-reading", state="visible")
    look.picture(page, "data-working")
    page.click("#ft-stop-reading")
    page.wait_for_selector("#ft-stop-reading", state="hidden")
    says(page, "The check was stopped")
    second = look.tab(f"{served.url}/?step=1")
    says(second, "The check was stopped")
    page.click("#ft-check-again")
    says(page, "Your file is ready")
    says(second, "Your file is ready")


def test_the_page_of_a_messy_file_is_never_wider_than_a_telephone(served, look):
    page = look.tab(f"{served.url}/?step=1", width=390, height=844, dark=True)
    choose_other(page)
    upload(page, ("tickets from Jo.csv", messy_csv()))
    says(page, "Your file is ready")
    page.wait_for_timeout(1000)
    look.picture(page, "data-narrow-dark")
    assert overflow(page) <= 0
