"""What the page keeps and says of a judge: keys stay with their address, and texts of models stay texts."""

import threading
from dataclasses import replace

import pytest

from core.engine import Engine
from core.errors import SettingsError
from core.evaluate.judged import CHANGED, Judged
from core.store.store import Judgement
from tests.unit.augment.conftest import endpoint
from tests.unit.judge.conftest import made, run
from tests.unit.judge.scored import preferring, scored
from ui import judgesheet, rowsheet
from ui.desk import Desk
from ui.judging import NAMES, Judging
from ui.keys import Keys
from ui.pages.evaluate import judging as page
from ui.tab import EVALUATE

__all__ = ["endpoint", "made", "run"]

ODD = "<img src=x onerror=alert(1)> [a](javascript:b) *c*"


@pytest.fixture
def judging(made, tmp_path, monkeypatch):
    import shutil

    monkeypatch.setenv("FEWTUNE_JUDGE_URL", "https://judge.example/v1")
    monkeypatch.setenv("FEWTUNE_JUDGE_KEY", "sk-own")
    shutil.copytree(made[0], tmp_path / "home")
    engine = Engine(tmp_path / "home")
    yield Judging(engine), engine
    engine.close()


def test_a_key_goes_to_the_address_that_it_was_given_for_and_to_no_other():
    keys = Keys({"https://own.example/v1": "sk-own"})
    keys.remember("http://a/v1", "sk-a")
    assert (keys.of("http://a/v1"), keys.of("http://b/v1")) == ("sk-a", "")
    assert keys.of("https://own.example/v1") == "sk-own"
    assert keys.is_own("https://own.example/v1")
    keys.remember("http://a/v1", "")
    assert keys.of("http://a/v1") == "sk-a"


def test_the_key_of_the_environment_goes_where_whoever_started_the_server_says(judging, run):
    judge, engine = judging
    assert judge.typed()["url"] == "https://judge.example/v1"
    assert judge.keys.of("https://judge.example/v1") == "sk-own"
    assert judge.keys.of("https://judge.example.evil/v1") == ""
    judge.keys.remember("http://a/v1", "sk-canary")
    judge.keep({"url": "http://me:sk-canary@a/v1", "model": "m", "key": "sk-canary"})
    assert judge.typed()["model"] == "m"
    held = [p for p in engine.home.rglob("*") if p.is_file() and b"sk-" in p.read_bytes()]
    assert held == []


def test_what_was_kept_by_another_version_or_is_odd_takes_its_usual_value(judging, run):
    judge, engine = judging
    engine.save_draft({"url": 5, "rows": ["a"], "timeout": None, "model": "m", "more": 1}, key="judge")
    typed = judge.typed()
    assert set(typed) == set(NAMES)
    assert (typed["url"], typed["rows"], typed["timeout"], typed["model"]) == (
        "https://judge.example/v1",
        0,
        120.0,
        "m",
    )
    assert judge.order(run).endpoint.temperature == 0
    with pytest.raises(SettingsError) as caught:
        judge.order(run, typed | {"rows": "many", "most_cost": -1, "model": ""})
    assert {"rows", "most_cost", "model"} <= set(caught.value.problems)


def test_a_judge_is_begun_once_seen_by_all_and_its_result_stands_in_the_title(judging, run, endpoint):
    judge, _ = judging
    server = endpoint(preferring(lambda row: "A" if row == 1 else "tuned"))
    judge.keep({"url": server.url, "model": "m", "rows": 0})
    judge.begin(judge.order(run), "")
    judge.begin(judge.order(run), "")
    going = judge.going(run)
    assert judge.going("another") is None
    going.answer(120)
    assert judge.going(run) is None
    assert len(server.bodies) == 20
    [(standing, finding)] = judge.all(run)
    assert judgesheet.title(finding) == "Ask a judge: it prefers the tuned answer on 9 of 12 rows"
    shown = judgesheet.result(standing, finding, live=False, error=judge.failed(run))
    assert "judge 20 to see whether to trust" in shown
    assert judge.forecast(judge.order(run)).questions == 0


def test_a_judgings_time_is_forecast_and_left_in_words_and_its_room_is_kept_from_the_beginning(judging, run, endpoint):
    judge, engine = judging
    judge.keep({"url": endpoint(preferring(lambda row: "tuned")).url, "model": ODD, "rows": 0})
    order = judge.order(run)
    assert "measured with the first answers" in judgesheet.forecast(judge.forecast(order), priced=False)
    assert "known after the first answers" in judgesheet.working(None, None, stopping=False)
    begun = judgesheet.result(None, None, live=True, error=None)
    engine.results.judgings.claim(order, "").run(lambda about, share: None, threading.Event())
    [(standing, finding)] = judge.all(run)
    shown = judgesheet.result(standing, finding, live=True, error=None)
    assert begun.count("<li>") == shown.count("<li>")
    line = judgesheet.listed(standing, finding)
    assert line.endswith("tuned better on 10 of 12 rows, base on 0")
    wider = order.model_copy(update={"criteria": "The shorter one."})
    assert "time, forecast from" in judgesheet.forecast(judge.forecast(wider), priced=False)
    left = replace(standing, seconds_left=(40.0, 100.0))
    assert "40 s to 2 min left" in judgesheet.working(None, left, stopping=False)
    assert "earlier judging" in judgesheet.earlier(standing, finding)
    assert "<img" not in judgesheet.earlier(standing, finding)


def test_rows_that_leave_the_computer_are_said_to():
    assert "no row leaves it" in judgesheet.leaves("")
    assert "leave this computer" in judgesheet.leaves("api.example.com")
    assert "<img" not in judgesheet.leaves("<img src=x>")


@pytest.mark.parametrize(
    ("judged", "told"),
    [
        (Judged(row=1, preferred="tuned", reasons=(ODD, "")), "Tuned better"),
        (Judged(row=1, preferred="tie", changed=True, reasons=(ODD, ODD)), "counts as a tie"),
        (Judged(row=1, preferred="tie", asked=False), "was not asked"),
    ],
)
def test_a_row_says_what_the_judge_says_as_text(judged, told):
    found, said = scored(), rowsheet.Said({1: Judgement("base", "", "")}, {1: judged})
    shown = rowsheet.reading(found, found.rows[0], said, rowsheet.WANTED)
    assert told in shown
    assert "<img" not in shown
    assert "](javascript" not in shown
    assert rowsheet.line(found, found.rows[0], said)[-2:] == ["base", CHANGED if judged.changed else judged.preferred]
    assert rowsheet.line(found, found.rows[1], said)[-1] == ""


ANYTHING = [None, -1, 1e308, "x" * 5_000, ODD, ["a"], {"path": "/etc/passwd"}, True, [[{}]], "../..", "http://["]


@pytest.mark.parametrize("turn", range(len(ANYTHING)))
def test_whatever_is_sent_is_answered_in_words(judging, run, turn, caplog):
    _, engine = judging
    desk = Desk(engine)
    values = [ANYTHING[(turn + place) % len(ANYTHING)] for place in range(len(NAMES) + 1)]
    for run_id in (run, "", "nothing", "../.."):
        page.on_typed(desk, run_id, *values[1:])
        page.on_start(desk, run_id, values[0], *values[1:])
        page.on_key(desk, values[1], values[0])
        page.on_kept(desk, run_id)
        page.on_stop(desk, run_id)
        page.on_tick(desk, run_id, EVALUATE, values[0])
        page.on_looked(desk, run_id, EVALUATE, values[0], "")
        page.on_chosen(desk, run_id, values[0])
    assert [record for record in caplog.records if "The page's handler" in record.getMessage()] == []
    assert desk.judging.look() is None
