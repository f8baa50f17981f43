"""The playground beside a run that still trains: its newest weights answer, and the run goes on as if nobody asked."""

import contextlib
import csv
import re
import time

import pytest
from playwright.sync_api import expect

from core.engine import Engine
from core.errors import NotFoundError
from core.events import Prepared, RunState, StepTaken
from tests.e2e.viewer import PATIENCE, overflow, press, says

ANSWERS, PROMPT = "#ft-play-answers", "#ft-play-prompt textarea"
CHANGES = {"method": "lora", "epochs": 40, "patience": 50, "max_length": 128}
"""Long enough that it still trains while somebody asks, and never ended early."""
_WATCH = """() => {
    window.sizes = []
    window.heads = []
    new MutationObserver(() => {
        const text = document.querySelector('#ft-play-answers .ft-side.tuned.writing .ft-text')
        if (text) window.sizes.push(text.innerText.length)
        window.heads.push(document.querySelector('#ft-play-head').innerText)
    }).observe(document.body, {subtree: true, childList: true, characterData: true})
}"""
"""Keeps what the page showed on the way: a quick machine has ended an answer before anybody looks."""
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]


def test_the_newest_checkpoint_of_a_run_answers_while_it_trains_on_to_its_end(look, serve, tmp_path):
    home = tmp_path / "home"
    engine = Engine(home, launcher="thread")
    choice = engine.choose(engine.open_data(_rows(tmp_path / "towns.csv")))
    engine.save_draft({"data": choice.model_dump(mode="json"), "model": "starter", "overrides": CHANGES})
    served = serve(home)
    page = look.tab(f"{served.url}/?step=2")
    page.wait_for_selector("#ft-start:enabled")
    press(page, "#ft-start", "#ft-step-3.ft-here")
    run = re.search(r"run=(\w+)", page.url).group(1)
    try:
        second = look.tab(f"{served.url}/?step=9&run={run}")
        says(second, "has kept no weights yet")
        says(second, "Ask the base model", "#ft-play-ask")
        look.picture(second, "playground-beside-empty")
        says(second, "side by side", "#ft-play-head")  # once it has validated
        says(second, "Ask both models", "#ft-play-ask")
        expect(second.locator("#ft-play-weights input")).to_have_value(re.compile("Best so far"), timeout=PATIENCE)
        second.fill(PROMPT, "Where does Anna 3 live?")
        second.click("#ft-play-how button")
        second.fill("#ft-play-temperature input", "5")  # so that hardly any answer ends by itself
        second.fill("#ft-play-repetition_penalty input", "1")
        second.fill("#ft-play-most_tokens input", "600")
        second.press("#ft-play-most_tokens input", "Tab")
        newest = _newest(second)
        second.evaluate(_WATCH)
        press(second, "#ft-play-ask", "#ft-play-stop:enabled")
        look.picture(second, "playground-beside-writing")
        second.wait_for_selector(f"{ANSWERS} .ft-side.tuned.over")
        whole = len(second.inner_text(f"{ANSWERS} .ft-side.tuned .ft-text"))
        assert [size for size in second.evaluate("() => window.sizes") if size < whole], "it came word by word"
        assert any("A run is going on" in head for head in second.evaluate("() => window.heads"))
        answered = re.search(r"Tuned weights of step ([\d,]+)", second.inner_text("#ft-play-head")).group(1)
        assert int(answered.replace(",", "")) >= newest, "the chosen checkpoint, or a newer one in its place"
        at = engine.store.last(run, StepTaken).step
        total = engine.store.last(run, Prepared).total_steps
        assert at < total, "it still trains"
        narrow = look.tab(f"{served.url}/?step=9&run={run}", width=390, height=844, dark=True)
        says(narrow, "Anna 3", ANSWERS)
        assert overflow(narrow) <= 0
        look.picture(narrow, "playground-beside-narrow")
        _until_done(engine, run)
        steps = [record.event.step for record in engine.since(run) if isinstance(record.event, StepTaken)]
        assert steps == list(range(1, total + 1)), "every step once"
        assert engine.run(run).row.attempt == 1
    finally:
        with contextlib.suppress(NotFoundError):  # nothing of it goes on
            engine.stop(run)
        engine.close()
    says(page, "Trained")
    assert look.complaints == []


def _rows(path):
    towns = ["Oslo", "Bern", "Rome", "Lima", "Cairo", "Quito", "Paris", "Tokyo"]
    with path.open("w", newline="") as file:
        told = [(f"Where does Anna {n} live?", f"Anna {n} lives in {towns[n % 8]}.") for n in range(100)]
        csv.writer(file).writerows([("question", "answer"), *told])
    return path


def _newest(page) -> int:
    """Choose the newest checkpoint; its step as the menu writes it."""
    page.click("#ft-play-weights input")
    option = page.locator("[role=option]:has-text('Newest checkpoint')").first
    step = int(option.inner_text().rpartition(" ")[2].replace(",", ""))
    option.click()
    return step


def _until_done(engine: Engine, run: str) -> None:
    until = time.monotonic() + 1200
    while engine.run(run).row.state != RunState.DONE:
        assert time.monotonic() < until
        assert not engine.run(run).row.state.is_final
        time.sleep(1)
