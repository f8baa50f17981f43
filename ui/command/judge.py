"""`judge`: a language model compares the answers of base and tuned model."""

import os
import sys
import threading
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from core.engine import Engine
from core.errors import SettingsError, UserError
from core.job.judgings import KEY, URL, Judgings
from core.judge.order import JudgeOrder, read_order
from core.judge.standing import JudgeForecast
from ui.command import say

_LIMITS = ("price_in", "price_out", "most_cost", "most_tokens")


def judge(engine: Engine, given: Namespace) -> int:
    """Forecast, ask, or show; 1 where not all rows have a verdict.

    Raises:
        SettingsError: A value is missing or out of range.
        KeyboardInterrupt: Somebody stopped it; verdicts so far are kept.
    """
    judgings = engine.results.judgings
    engine.run(given.run)
    if given.show:
        return _answer(judgings, given)
    order = _order(given)
    forecast = judgings.forecast(order)
    if given.forecast:
        if given.json:
            say.answer({"forecast": asdict(forecast), "leaves_to": order.host})
        else:
            say.tell(_told(forecast))
        return 0
    work = judgings.claim(order, os.environ.get(KEY, ""))
    say.note(_told(forecast))
    if order.host:
        say.note(f"The rows leave this computer: their prompts, wanted answers and both answers go to {order.host}.")
    try:
        work.run(_say_progress, threading.Event())
    except KeyboardInterrupt:
        say.note("Stopped; verdicts so far are kept, and the same command goes on from there.")
        raise
    except SettingsError:
        raise
    except UserError as error:
        say.complain(error, as_json=given.json)
        return 1
    return _answer(judgings, given)


def _order(given: Namespace) -> JudgeOrder:
    typed: dict[str, Any] = {name: getattr(given, name) for name in ("rows", "timeout", "again", *_LIMITS)}
    url = given.url or os.environ.get(URL, "")
    missing = {"--url": "name the endpoint"} if not url else {}
    missing |= {"--model": "name the judge"} if not given.model else {}
    if missing:
        raise SettingsError(missing, "Give both, such as --url http://127.0.0.1:8000/v1 --model NAME.")
    typed |= {"url": url, "model": given.model}
    if given.criteria:
        try:
            typed["criteria"] = given.criteria.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError({"--criteria": "is no text file that can be read"}) from error
    return read_order(given.run, typed)


def _say_progress(about: str, _: float) -> None:
    if sys.stderr.isatty():
        say.note(about)


def _told(forecast: JudgeForecast) -> str:
    money = f", {forecast.cost:.2f} in money" if forecast.cost else ""
    equal = f" {forecast.equal:,} rows are not asked: both answers are the same." if forecast.equal else ""
    return (
        f"Forecast: {forecast.questions:,} questions on {forecast.rows:,} rows, each pair in both orders; about "
        f"{forecast.prompt_tokens:,} tokens of prompts and {forecast.answer_tokens:,} of answers{money}.{equal}"
    )


def _answer(judgings: Judgings, given: Namespace) -> int:
    standing, finding = judgings.of(given.run), judgings.finding(given.run)
    if standing is None or finding is None:
        raise UserError("No judge was asked about this run.", "Ask one with --url and --model.")
    work = standing.work
    ended = work.problem or work.ended
    if given.json:
        said = {
            "run": given.run,
            "judge": {"url": work.order.endpoint.url, "model": work.order.endpoint.model},
            "criteria": work.order.criteria,
            **finding.as_json(),
            "wanted": standing.rows,
            "missing": standing.missing,
            "tokens": {"prompt": standing.prompt_tokens, "answer": standing.answer_tokens},
            "cost": standing.cost,
            "ended": ended,
        }
        say.answer(said)
    else:
        for line in finding.lines:
            say.tell(line)
        if standing.missing:
            why = f": {ended}" if ended else ""
            say.tell(f"{standing.missing:,} of {standing.rows:,} rows have no verdict{why}.")
    return int(standing.missing > 0)
