"""A judge is asked on the page of results: forecast, progress, result, and the same in another tab."""

import json
import re

import pytest

from tests.e2e.seeding import seed
from tests.e2e.viewer import overflow, says
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
