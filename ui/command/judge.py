"""`judge`: a language model compares the answers of base and tuned model."""

import os
import sys
import threading
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from core.dataset.progress import Tell
from core.engine import Engine
from core.errors import NotFoundError, SettingsError, UserError
from core.evaluate.judged import Finding
from core.job.judgings import KEY, URL, Judgings
from core.judge.order import JudgeOrder, read_order
from core.judge.standing import JudgeForecast, JudgeStanding
from ui import words
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
    if given.list:
        return _listed(judgings, given)
    if given.show or given.judging:
        return _answer(judgings, given)
    order = _order(given)
    forecast = judgings.forecast(order)
    if not given.forecast:
        return _asked(judgings, given, order, forecast)
    if given.json:
        say.answer({"forecast": asdict(forecast), "leaves_to": order.host})
    else:
        say.tell(_told(forecast))
    return 0


def _asked(judgings: Judgings, given: Namespace, order: JudgeOrder, forecast: JudgeForecast) -> int:
    work = judgings.claim(order, os.environ.get(KEY, ""))
    say.note(_told(forecast))
    if order.host:
        say.note(f"The rows leave this computer: their prompts, wanted answers and both answers go to {order.host}.")
    try:
        work.run(_say_progress(judgings, given.run), threading.Event())
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


def _say_progress(judgings: Judgings, run_id: str) -> Tell:
    """Says how far it is and what is left, where somebody sits before it."""

    def tell(about: str, _: float) -> None:
        if sys.stderr.isatty():
            standing = judgings.of(run_id)
            left = standing.seconds_left if standing else None
            say.note(f"{about}, {words.time_left(*left)}" if left else about)

    return tell


def _told(forecast: JudgeForecast) -> str:
    money = f", {forecast.cost:.2f} in money" if forecast.cost else ""
    equal = f" {forecast.equal:,} rows are not asked: both answers are the same." if forecast.equal else ""
    needed = (
        f"Forecast: {forecast.questions:,} questions on {forecast.rows:,} rows, each pair in both orders; about "
        f"{forecast.prompt_tokens:,} tokens of prompts and {forecast.answer_tokens:,} of answers{money}."
    )
    return f"{needed} {_time(forecast)}{equal}"


def _time(forecast: JudgeForecast) -> str:
    if not forecast.questions:
        return "Nothing is left to ask."
    if forecast.seconds is None or forecast.pace is None:
        return "Its time is not known: this judge was never asked here, so it is measured with the first answers."
    of = f"{forecast.pace.seconds:.2g} s an answer, measured with {words.counted(forecast.pace.answers, 'answer')}"
    return f"It takes {words.span(*forecast.seconds)} (forecast; {of} of this judge)."


def _listed(judgings: Judgings, given: Namespace) -> int:
    known = judgings.all(given.run)
    if given.json:
        say.answer({"run": given.run, "judgings": [_as_json(*it) for it in known]})
    elif not known:
        say.tell("No judge was asked about this run.")
    else:
        rows = [(it.id, *_line(it, finding)) for it, finding in known]
        say.tell(say.table([("id", "begun", "judge", "tuned better", "missing", "agrees with you"), *rows]))
    return 0


def _line(standing: JudgeStanding, finding: Finding) -> tuple[str, ...]:
    agreement = finding.agreement
    agrees = f"{agreement.same:,} of {agreement.rows:,}" if agreement.rows else words.NOTHING
    begun, model = words.ago(standing.work.at), say.short(standing.work.order.endpoint.model, 40)
    return begun, model, f"{finding.wins:,} of {finding.rows:,}", f"{standing.missing:,}", agrees


def _answer(judgings: Judgings, given: Namespace) -> int:
    asked = given.judging or ""
    standing, finding = judgings.of(given.run, asked), judgings.finding(given.run, asked)
    if standing is None or finding is None:
        if asked:
            raise NotFoundError(f"This run has no judging {asked[:40]!r}.", "See those that it has with --list.")
        raise UserError("No judge was asked about this run.", "Ask one with --url and --model.")
    ended = standing.work.problem or standing.work.ended
    if given.json:
        say.answer({"run": given.run, **_as_json(standing, finding)})
    else:
        for line in finding.lines:
            say.tell(line)
        if standing.missing:
            why = f": {ended}" if ended else ""
            say.tell(f"{standing.missing:,} of {standing.rows:,} rows have no verdict{why}.")
    return int(standing.missing > 0)


def _as_json(standing: JudgeStanding, finding: Finding) -> dict[str, Any]:
    work = standing.work
    return {
        "id": standing.id,
        "begun": work.at,
        "judge": {"url": work.order.endpoint.url, "model": work.order.endpoint.model},
        "criteria": work.order.criteria,
        **finding.as_json(),
        "wanted": standing.rows,
        "missing": standing.missing,
        "tokens": {"prompt": standing.prompt_tokens, "answer": standing.answer_tokens},
        "cost": standing.cost,
        "ended": work.problem or work.ended,
    }
