"""A judge is asked in both orders, pays for nothing twice, and each failure is said in clear words."""

import csv
import io
import json
import os
import signal
import threading
import time
from dataclasses import replace

import pytest

from app import main
from core.augment.spend import Limits
from core.errors import BusyError, DataError, SettingsError, UserError
from core.evaluate.evaluation import write_evaluation
from core.judge.order import JudgeOrder, leaves_to, read_order
from tests.unit.augment.endpoint import completion
from tests.unit.augment.test_teacher import BROKEN
from tests.unit.judge.scored import EQUAL, ROWS, TUNED, asked, preferring, said, scored

KEY = "sk-canary-41d7"
PAIRS = ROWS - EQUAL


def ordered(run, url, **typed) -> JudgeOrder:
    return read_order(run, {"url": url, "model": "m", **typed})


def judge(engine, order, key=KEY):
    work = engine.results.judgings.claim(order, key)
    work.first_pause = 0.01
    work.run(lambda about, share: None, threading.Event())
    return engine.results.judgings.of(order.run)


def test_both_orders_of_each_pair_are_asked_and_the_result_is_kept(engine, run, endpoint):
    server = endpoint(preferring(lambda row: {1: "base", 2: "tie", 3: "A"}.get(row, "tuned")))
    standing = judge(engine, ordered(run, server.url))
    assert len(server.bodies) == 2 * PAIRS
    assert {body["temperature"] for body in server.bodies} == {0.0}
    finding = engine.results.judgings.finding(run)
    assert (finding.wins, finding.losses, finding.ties) == (7, 1, 4)
    assert (finding.equal, finding.changed, finding.first) == (2, 1, 1)
    assert "whatever stood first on 1" in finding.order_told
    assert (standing.missing, standing.work.over, standing.work.ended) == (0, True, "")
    assert (standing.prompt_tokens, standing.answer_tokens) == (2000, 1000)


def test_nothing_is_paid_twice_and_more_rows_ask_only_what_is_new(engine, run, endpoint):
    server = endpoint(TUNED)
    few = judge(engine, ordered(run, server.url, rows=5))
    paid = len(server.bodies)
    assert few.rows == 5
    assert engine.results.judgings.forecast(ordered(run, server.url, rows=5)).questions == 0
    judge(engine, ordered(run, server.url, rows=5))
    assert len(server.bodies) == paid
    assert judge(engine, ordered(run, server.url)).rows == ROWS
    assert len(server.bodies) == 2 * PAIRS
    others = engine.results.judgings.forecast(ordered(run, server.url, criteria="The shorter one."))
    assert others.questions == 2 * PAIRS, "other criteria are other questions"


def test_answers_of_a_later_scoring_are_judged_anew_and_old_verdicts_do_not_count(engine, run, endpoint):
    server = endpoint(TUNED)
    judge(engine, ordered(run, server.url))
    found = scored()
    found.rows[0] = replace(found.rows[0], tuned="tuned 1 otherwise")
    write_evaluation(found, engine.store.run_folder(run))
    assert engine.results.judgings.of(run).missing == 1
    judge(engine, ordered(run, server.url))
    assert len(server.bodies) == 2 * PAIRS + 2
    assert engine.results.judgings.of(run).missing == 0


def test_a_process_that_is_killed_loses_no_verdict_and_another_goes_on(engine, run, endpoint):
    def slow(number, body):
        time.sleep(0.05)
        return TUNED(number, body)

    server = endpoint(slow)
    order = ordered(run, server.url)
    going = engine.results.judgings.begin(order, KEY)
    while len(server.bodies) < 8:
        time.sleep(0.01)
    with pytest.raises(BusyError, match="at work on this run already"):
        engine.results.judgings.begin(order, KEY)
    os.kill(going._process.pid, signal.SIGKILL)
    with pytest.raises(UserError):
        going.answer(30)
    standing = engine.results.judgings.of(run)
    assert not standing.work.over
    assert not standing.work.goes_on
    kept = standing.answered
    assert kept >= 1
    before = len(server.bodies)
    assert engine.results.judgings.begin(order, KEY).answer(120) == run
    assert len(server.bodies) == before + 2 * PAIRS - kept
    assert engine.results.judgings.of(run).missing == 0
    held = [path for path in engine.home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert held == []
    assert all(headers["Authorization"] == f"Bearer {KEY}" for headers in server.headers)


def test_a_stop_waits_for_what_is_paid_and_says_so(engine, run, endpoint):
    def slow(number, body):
        time.sleep(0.2)
        return TUNED(number, body)

    server = endpoint(slow)
    going = engine.results.judgings.begin(ordered(run, server.url), KEY)
    while len(server.bodies) < 3:
        time.sleep(0.01)
    engine.results.judgings.stop(run)
    going.answer(60)
    standing = engine.results.judgings.of(run)
    assert (standing.work.over, standing.work.ended) == (True, "it was stopped")
    assert standing.answered == len(server.bodies) < 2 * PAIRS


JUDGE_FAULTS = BROKEN | {
    "no verdict": (200, {}, completion("Both are fine.")),
    "another encoding": (200, {}, '{"choices": [{"message": {"content": "\\ud800"}}]}'),
}


@pytest.mark.parametrize("what", JUDGE_FAULTS)
def test_a_judge_that_keeps_failing_is_given_up_and_its_verdicts_stay(engine, run, endpoint, what):
    server = endpoint(lambda number, body: TUNED(number, body) if number < 6 else JUDGE_FAULTS[what])
    judge(engine, ordered(run, server.url, rows=3))
    order = ordered(run, server.url, timeout=1 if what in {"silence", "a slow drip"} else 60)
    with pytest.raises(UserError, match="judge was given up after 3") as caught:
        judge(engine, order)
    assert KEY not in str(caught.value)
    assert "start the same again" in caught.value.fix
    standing = engine.results.judgings.of(run)
    assert standing.answered == 6
    assert standing.work.problem == caught.value.what
    assert len(server.bodies) < 40


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_judge_is_asked_again_after_what_it_asks_for(engine, run, endpoint, status):
    seen = set()

    def script(number, body):
        first = json.dumps(body) not in seen
        seen.add(json.dumps(body))
        return (status, {"Retry-After": "0"}, "busy") if first else TUNED(number, body)

    server = endpoint(script)
    assert judge(engine, ordered(run, server.url)).missing == 0


def test_a_place_where_nobody_listens_is_said_at_once(engine, run, endpoint):
    server = endpoint(TUNED)
    server.close()
    with pytest.raises(UserError, match="cannot be reached"):
        judge(engine, ordered(run, server.url, rows=3))


def test_an_answer_without_a_verdict_is_counted_and_asked_again_only_on_demand(engine, run, endpoint):
    server = endpoint(lambda number, body: (200, {}, completion("Hm.")) if number == 3 else TUNED(number, body))
    standing = judge(engine, ordered(run, server.url))
    assert (standing.missing, standing.unread) == (1, 1)
    assert standing.answer_tokens == 50 * 2 * PAIRS, "what it took is known"
    judge(engine, ordered(run, server.url))
    assert len(server.bodies) == 2 * PAIRS
    standing = judge(engine, ordered(run, server.url, again=True))
    assert len(server.bodies) == 2 * PAIRS + 1
    assert (standing.missing, standing.unread) == (0, 0)


def test_the_cap_holds_within_what_was_asked(engine, run, endpoint):
    server = endpoint(TUNED)
    standing = judge(engine, ordered(run, server.url, most_tokens=3000, price_in=1))
    assert "cap" in standing.work.ended
    assert standing.prompt_tokens + standing.answer_tokens <= 3000
    assert standing.cost == pytest.approx(standing.prompt_tokens / 1e6)
    assert standing.missing > 0


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ({"url": "ftp://x/v1"}, "url"),
        ({"url": "http://169.254.169.254/v1"}, "url"),
        ({"url": "http://user:pass@host/v1"}, "url"),
        ({"url": None}, "url"),
        ({"model": ""}, "model"),
        ({"rows": -1}, "rows"),
        ({"rows": "many"}, "rows"),
        ({"criteria": ""}, "criteria"),
        ({"timeout": 0}, "timeout"),
        ({"most_cost": -1}, "most_cost"),
    ],
)
def test_what_may_not_be_asked_is_refused_by_name(engine, run, typed, name):
    with pytest.raises(SettingsError) as caught:
        engine.results.judgings.prepare(ordered(run, **{"url": "http://127.0.0.1:9/v1"} | typed), KEY)
    assert name in caught.value.problems


def test_rows_that_nobody_answered_are_refused(engine, run):
    for found in (replace(scored(), rows=[]), replace(scored(), primary="perplexity")):
        write_evaluation(found, engine.store.run_folder(run))
        with pytest.raises(DataError):
            engine.results.judgings.forecast(ordered(run, "http://127.0.0.1:9/v1"))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://127.0.0.1:8000/v1", ""),
        ("http://localhost/v1", ""),
        ("http://[::1]:80/v1", ""),
        ("https://api.openai.com/v1", "api.openai.com"),
        ("http://192.168.1.5/v1", "192.168.1.5"),
        ("http://localhost.evil.example/v1", "localhost.evil.example"),
        ("nonsense", ""),
        ("http://[", ""),
    ],
)
def test_whether_rows_leave_this_computer_is_known(url, host):
    assert leaves_to(url) == host


def test_report_and_files_hold_what_the_judge_said_and_no_formula(engine, run, endpoint):
    def script(number, body):
        row, first, _ = asked(body)
        return said("A" if first == "tuned" else "B", "=1+1 <script>alert(1)</script>" if row == 1 else "Fine.")

    before = list(csv.DictReader(io.StringIO(engine.results.file(run, "rows.csv").decode("utf-8-sig"))))
    assert "judge" not in before[0]
    judge(engine, ordered(run, endpoint(script).url))
    lines = [json.loads(line) for line in engine.results.file(run, "rows.jsonl").splitlines()]
    rows = list(csv.DictReader(io.StringIO(engine.results.file(run, "rows.csv").decode("utf-8-sig"))))
    assert {line["row"]: line["judge"] for line in lines}[1] == "tuned"
    assert rows[0]["judge_base_first"].startswith("'=1+1")
    page = engine.reports.written(run, "html")
    assert "The judge prefers the tuned answer on 10 of 12 rows" in page
    assert "judged none of these rows yourself" in engine.reports.written(run, "md")


def test_the_command_forecasts_asks_goes_on_and_keeps_to_the_exit_codes(engine, run, endpoint, capsys, monkeypatch):
    monkeypatch.setenv("FEWTUNE_JUDGE_KEY", KEY)
    server = endpoint(TUNED)
    given = ["judge", run, "--home", str(engine.home), "--json"]
    to = [*given, "--url", server.url, "--model", "m"]

    def told():
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    assert main([*to, "--forecast", "--price-in", "5"]) == 0
    assert told()["forecast"]["questions"] == 2 * PAIRS
    assert not server.bodies
    assert main([*to, "--rows", "6"]) == 0
    answer = told()
    assert (answer["rows"], answer["missing"]) == (6, 0)
    assert main([*given, "--show"]) == 0
    assert told() == answer
    assert main([*to, "--rows", "-3"]) == 2
    assert "rows" in told()["error"]["problems"]
    assert main(given) == 2
    assert set(told()["error"]["problems"]) == {"--url", "--model"}
    refusing = endpoint(lambda number, body: (401, {}, KEY))
    assert main([*given, "--url", refusing.url, "--model", "m"]) == 1
    assert "does not accept the key" in told()["error"]["what"]
    monkeypatch.setenv("FEWTUNE_JUDGE_URL", server.url)
    assert main([*given[:-1], "--model", "m"]) == 0
    assert "prefers the tuned answer on 10 of 12 rows" in capsys.readouterr().out


def test_limits_are_those_of_teachers():
    assert set(Limits.model_fields) == {"price_in", "price_out", "most_cost", "most_tokens"}
