"""A judge is asked on the page of results: forecast, progress, result, and the same in another tab."""

import json
import re
import threading

import pytest

from tests.e2e.seeding import seed
from tests.e2e.viewer import overflow, press, says
from tests.unit.augment.endpoint import Endpoint, completion

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
KEY = "sk-canary-52b8"
ODD = "<img src=x onerror=alert(1)> it names the kind"


def preferring_the_wanted(number, body):
    prompt = body["messages"][1]["content"]
    wanted, first, second = (
        json.loads(re.search(rf"^{name}: (.*)$", prompt, re.MULTILINE)[1]) for name in ("wanted", "A", "B")
    )
    verdict = "A" if first == wanted else "B" if second == wanted else "tie"
    return 200, {}, completion(json.dumps({"verdict": verdict, "reason": ODD}))


def test_a_judge_is_asked_and_every_tab_sees_what_it_found(look, serve, tmp_path):
    judge = Endpoint(preferring_the_wanted)
    run = seed(tmp_path / "home")
    served = serve(tmp_path / "home")
    page = look.tab(f"{served.url}/?step=4&run={run}")
    page.click("#ft-judge-fold > button")
    page.fill("#ft-judge-url :is(input, textarea)", "https://judge.example/v1")
    page.fill("#ft-judge-model :is(input, textarea)", "big")
    says(page, "The rows leave this computer", "#ft-judge-leaves")
    page.fill("#ft-judge-url :is(input, textarea)", judge.url)
    page.fill("#ft-judge-rows input", "12")
    says(page, "no row leaves it", "#ft-judge-leaves")
    page.fill("#ft-judge-key input", KEY)
    page.click("#ft-judge-start")
    says(page, "of 12 rows", "#ft-judge-result")
    second = look.tab(f"{served.url}/?step=4&run={run}", width=390, dark=True)
    second.click("#ft-judge-fold > button")
    says(second, "The judge prefers the tuned answer", "#ft-judge-result")
    says(second, "judge 20 to see whether to trust", "#ft-judge-result")
    assert overflow(second) == 0
    assert KEY not in page.content() + second.content()
    assert {headers["Authorization"] for headers in judge.headers} == {f"Bearer {KEY}"}
    judge.close()
    assert look.dialogs == look.complaints == look.foreign == []


def test_a_judge_says_its_time_before_and_while_it_works_and_an_earlier_judging_can_be_shown(look, serve, tmp_path):
    gate = threading.Event()

    def held(number, body):
        if number > 10:
            gate.wait()
        return preferring_the_wanted(number, body)

    judge = Endpoint(held)
    run = seed(tmp_path / "home")
    served = serve(tmp_path / "home")
    page = look.tab(f"{served.url}/?step=4&run={run}")
    page.click("#ft-judge-fold > button")
    _type(page, "url", judge.url)
    _type(page, "model", "big")
    _type(page, "rows", "20")
    says(page, "on 20 rows", "#ft-judge-fold")
    says(page, "time: measured with the first answers", "#ft-judge-fold")
    look.picture(page, "judge-unmeasured")
    press(page, "#ft-judge-start", "#ft-judge-stop")
    says(page, " left", "#ft-judge-progress")
    look.picture(page, "judge-at-work")
    gate.set()
    says(page, "The judge prefers the tuned answer", "#ft-judge-result")
    says(page, "time: nothing is left to ask", "#ft-judge-fold")
    gate.clear()
    _type(page, "criteria", "The shorter one.")
    says(page, "time, forecast from", "#ft-judge-fold")
    _type(page, "rows", "5")
    says(page, "on 5 rows", "#ft-judge-fold")
    assert page.locator("#ft-judgings").count() == 0
    press(page, "#ft-judge-start", "#ft-judge-stop")
    gate.set()
    says(page, "“The shorter one.”", "#ft-judgings")
    look.picture(page, "judge-listed")
    second = look.tab(f"{served.url}/?step=4&run={run}", width=390, dark=True)
    second.click("#ft-judge-fold > button")
    second.click("#ft-judgings label:nth-of-type(2)")
    says(second, "This is an earlier judging", "#ft-judge-result")
    says(second, "of 20 rows", "#ft-judge-result")
    look.picture(second, "judge-earlier-narrow")
    assert overflow(second) == 0
    second.click("#ft-judgings label:nth-of-type(1)")
    says(second, "of 5 rows", "#ft-judge-result")
    judge.close()
    assert look.complaints == []


def _type(page, name: str, typed: str) -> None:
    field = page.locator(f"#ft-judge-{name} :is(input, textarea)")
    field.fill(typed)
    field.press("Tab")
