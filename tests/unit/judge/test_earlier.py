"""How long a judge will take is known from what it answered before, and an earlier judging can be looked at again."""

import json
import time

import pytest

from app import main
from core.augment.journal import Paid
from core.errors import NotFoundError
from core.judge.pace import NEWEST, Pace, pace_of
from tests.unit.judge.scored import EQUAL, ROWS, TUNED, preferring
from tests.unit.judge.test_judging import judge, ordered

QUESTIONS = 2 * (ROWS - EQUAL)


def paid(*seconds):
    return [
        Paid(number=n, prompt=str(n), seeds=(), text="x", prompt_tokens=1, answer_tokens=1, seconds=it)
        for n, it in enumerate(seconds)
    ]


def slowly(number, body):
    time.sleep(0.05)
    return TUNED(number, body)


def test_a_pace_is_that_of_the_newest_timed_answers_and_of_none_there_is_none():
    assert pace_of(paid(0.0, 0.0)) is None
    assert pace_of(paid(2.0, 0.0, 4.0)) == Pace(2, 3.0, 1.0)
    assert pace_of(paid(*[1.0] * NEWEST, 99.0)) == Pace(NEWEST, 1.0, 0.0)


@pytest.mark.parametrize(
    ("pace", "questions", "wanted"),
    [
        (Pace(64, 2.0, 0.0), 100, (50.0, 50.0)),
        (Pace(64, 2.0, 0.0), 1, (2.0, 2.0)),
        (Pace(1, 2.0, 0.0), 4, (1.0, 3.0)),
        (Pace(64, 2.0, 0.0), 0, (0.0, 0.0)),
    ],
)
def test_four_answers_are_waited_for_at_once_and_few_measured_ones_give_a_range(pace, questions, wanted):
    assert pace.seconds_for(questions) == pytest.approx(wanted)


def test_a_judge_of_another_day_forecasts_the_time_of_this_one_and_another_judge_does_not(engine, run, endpoint):
    server, judgings = endpoint(slowly), engine.results.judgings
    order = ordered(run, server.url)
    assert judgings.forecast(order).seconds is None
    judge(engine, ordered(run, server.url, rows=6))
    found = judgings.forecast(order)
    assert found.pace.answers == QUESTIONS - found.questions > 0
    assert 0 < found.seconds[0] <= found.seconds[1]
    assert judgings.forecast(ordered(run, f"{server.url}/", criteria="The shorter one.")).seconds is not None
    assert judgings.forecast(ordered(run, server.url).model_copy(update={"endpoint": _other(order)})).seconds is None
    judge(engine, order)
    assert judgings.forecast(order).seconds == (0.0, 0.0)
    assert judgings.of(run).seconds_left == (0.0, 0.0)


def _other(order):
    return order.endpoint.model_copy(update={"model": "another"})


def test_earlier_judgings_of_a_run_stay_and_can_be_looked_at_by_name(engine, run, endpoint):
    judgings = engine.results.judgings
    first = judge(engine, ordered(run, endpoint(TUNED).url))
    base = endpoint(preferring(lambda row: "base"))
    second = judge(engine, ordered(run, base.url, criteria="The shorter one."))
    assert [it.id for it, _ in judgings.all(run)] == [second.id, first.id]
    assert [found.wins for _, found in judgings.all(run)] == [0, ROWS - EQUAL]
    assert judgings.of(run).id == second.id
    assert judgings.finding(run, first.id).wins == ROWS - EQUAL
    assert judgings.of(run, "../..") is None
    judge(engine, first.work.order)
    assert [it.id for it, _ in judgings.all(run)] == [first.id, second.id], "asked again, it is the newest"
    with pytest.raises(NotFoundError):
        judgings.all("../..")


def test_the_command_tells_the_time_lists_judgings_and_shows_an_earlier_one(engine, run, endpoint, capsys):
    given = ["judge", run, "--home", str(engine.home)]
    assert main([*given, "--list"]) == 0
    assert "No judge was asked" in capsys.readouterr().out
    server = endpoint(TUNED)
    to = [*given, "--url", server.url, "--model", "m"]
    assert main([*to, "--forecast"]) == 0
    assert "measured with the first answers" in capsys.readouterr().out
    first = judge(engine, ordered(run, server.url))
    judge(engine, ordered(run, endpoint(preferring(lambda row: "base")).url))
    assert main([*to, "--forecast"]) == 0
    assert "Nothing is left to ask" in capsys.readouterr().out
    criteria = engine.home / "criteria.txt"
    criteria.write_text("The shorter one.")
    assert main([*to, "--forecast", "--criteria", str(criteria)]) == 0
    assert f"measured with {QUESTIONS} answers of this judge" in capsys.readouterr().out
    assert main([*given, "--list"]) == 0
    assert f"10 of {ROWS}" in capsys.readouterr().out
    assert main([*given, "--list", "--json"]) == 0
    assert [it["wins"] for it in json.loads(capsys.readouterr().out)["judgings"]] == [0, 10]
    assert main([*given, "--judging", first.id]) == 0
    assert "prefers the tuned answer on 10 of 12" in capsys.readouterr().out
    assert main([*given, "--judging", "nothing"]) != 0
    assert "--list" in capsys.readouterr().err
