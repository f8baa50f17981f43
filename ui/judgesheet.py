"""What the page of results says of a judge: markup from plain values."""

from core.errors import UserError
from core.evaluate.judged import Finding
from core.job.inquiry import Inquiry
from core.judge.pairs import CRITERIA
from core.judge.standing import JudgeForecast, JudgeStanding
from ui import drawings, markup, notices, words
from ui.markup import text

TITLE = "Ask a judge"
_SO_FAR = "So far; what chance would do, and whether it agrees with you, is said in the end."


def title(finding: Finding | None, *, live: bool = False) -> str:
    """The fold's title, with the result where there is one."""
    if live:
        return f"{TITLE}: it is at work"
    if finding is None or not finding.rows:
        return f"{TITLE}: another model compares both answers of each row"
    return f"{TITLE}: it prefers the tuned answer on {finding.wins:,} of {finding.rows:,} rows"


def intro() -> str:
    """What a judge does."""
    return markup.block(
        "<p class='ft-below'>Another language model reads the prompt, the wanted answer and both answers of a row, "
        "and says which answer is better. Each pair is asked in both orders, since judges favour a place; where the "
        "verdict changes with the order, the row is a tie. Equal answers are not asked.</p>"
    )


def leaves(host: str) -> str:
    """Where the rows go."""
    if not host:
        return markup.block("<p class='ft-below'>This address is on this computer: no row leaves it.</p>")
    told = f"The rows leave this computer: their prompts, wanted answers and both answers go to {host}."
    return markup.block(f"<p class='ft-note' role='status'><b>{text(told)}</b> Ask only where you may show them.</p>")


def forecast(found: JudgeForecast, *, priced: bool) -> str:
    """Questions, tokens, time and money of what is wanted and not known yet."""
    tokens = found.prompt_tokens + found.answer_tokens
    split = f"{found.prompt_tokens:,} of prompts, {found.answer_tokens:,} of answers"
    asked = found.rows - found.equal
    tiles = [
        (
            f"{found.questions:,}",
            f"questions still to ask, on {words.counted(found.rows, 'row')}",
            f"Two for each of the {asked:,} pairs that differ, and none is asked twice; {found.equal:,} are equal",
        ),
        (f"{tokens:,}", "tokens, forecast", split),
        _time(found),
        (
            words.number(found.cost) if priced else words.NOTHING,
            "money, forecast" if priced else "money: no price is given",
            "In the money of the prices that you give",
        ),
    ]
    return markup.block(markup.facts(tiles))


def _time(found: JudgeForecast) -> tuple[str, str, str]:
    if not found.questions:
        return words.NOTHING, "time: nothing is left to ask", ""
    if found.seconds is None or found.pace is None:
        return words.NOTHING, "time: measured with the first answers", "This judge was never asked on this computer"
    each = f"{words.number(found.pace.seconds, 2)} s an answer"
    of = f"measured with {words.counted(found.pace.answers, 'answer')} of this judge"
    return words.span(*found.seconds), f"time, forecast from {each}", f"{each}, {of}; several are asked at once"


def problems(error: UserError | None) -> str:
    """What is wrong with what was typed."""
    return markup.block(f"<div class='ft-note bad' role='alert'>{notices.markup(error)}</div>") if error else ""


def working(inquiry: Inquiry[str] | None, standing: JudgeStanding | None, *, stopping: bool) -> str:
    """How far it is; without an inquiry another program is at it."""
    share = standing.answered / standing.questions if standing and standing.questions else 0.0
    told, left = "Another program asks this judge", _left(standing)
    if inquiry is not None:
        told = inquiry.about[:1].upper() + inquiry.about[1:]
        share = max(share, inquiry.share) if standing is None else share
    if stopping:
        told, left = "Stopping: answers on their way are waited for, since they are paid", ""
    spent = f" · {_spent(standing)} so far" if standing else ""
    after = f"<b>{text(left)}</b>" if left else ""
    return markup.block(
        f"<div role='status'>{drawings.progress(share, label='Judged')}"
        f"<div class='ft-status-row'><span>{text(told + spent)}</span>{after}</div></div>"
    )


def _left(standing: JudgeStanding | None) -> str:
    if standing is None or standing.seconds_left is None:
        return "time left: known after the first answers"
    return words.time_left(*standing.seconds_left)


def listed(standing: JudgeStanding, finding: Finding) -> str:
    """A judging in one line: when, who, what it found, whether it agrees with you."""
    order, agreement = standing.work.order, finding.agreement
    parts = [words.ago(standing.work.at), f"{order.endpoint.model}{f' at {order.host}' if order.host else ''}"]
    if order.criteria.strip() != CRITERIA.strip():
        parts.append(f"“{words.shortened(order.criteria, 40)}”")
    verdict = f"tuned better on {finding.wins:,} of {words.counted(finding.rows, 'row')}, base on {finding.losses:,}"
    parts.append(verdict if finding.rows else "no verdict yet")
    if agreement.rows:
        share = words.percent(agreement.same / agreement.rows)
        parts.append(f"agrees with you on {share} of {words.counted(agreement.rows, 'row')}")
    if standing.work.goes_on:
        parts.append("at work")
    elif standing.missing:
        parts.append(f"{words.counted(standing.missing, 'row')} without a verdict")
    return " · ".join(parts)


def result(standing: JudgeStanding | None, finding: Finding | None, *, live: bool, error: UserError | None) -> str:
    """What the judge found so far, how far it agrees with you, and what went wrong."""
    notes = ""
    if error is not None and not live and (standing is None or not standing.work.problem):
        notes = f"<p class='ft-note bad' role='alert'>{notices.markup(error)}</p>"
    if live and (finding is None or not finding.rows):
        return _awaited()
    if standing is None or finding is None:
        return markup.block(notes) if notes else ""
    notes += _notes(standing, live=live)
    if not finding.rows:
        return markup.block(notes or "<p class='ft-below'>No row has a verdict yet.</p>")
    first, *rest = finding.lines
    if live:  # a test on what there is so far would be read as one on all
        rest = [_SO_FAR]
    lines = "".join(f"<li>{text(line)}</li>" for line in rest)
    judge = f"{standing.work.order.endpoint.model} · {_spent(standing)} · asked {words.ago(standing.work.at)}"
    return markup.block(
        f"<div class='ft-judged'><p role='status'><b>{text(first)}</b></p>{_bar(finding)}"
        f"<ul class='ft-causes'>{lines}</ul>{notes}<p class='ft-below'>{text(judge)}</p>{_criteria(standing)}</div>"
    )


def _awaited() -> str:
    """The room that the first verdicts will take, so that nothing moves when they come."""
    return markup.block(
        f"<div class='ft-judged'><p role='status'><b>No row has a verdict yet.</b></p>{_bar(None)}"
        f"<ul class='ft-causes'><li>{text(_SO_FAR)}</li></ul><p class='ft-below'>Waiting for answers</p></div>"
    )


def earlier(standing: JudgeStanding, finding: Finding) -> str:
    """What a judging found that is not what the rest of the page goes by."""
    told = "This is an earlier judging. The rows, the report and the files hold the newest one."
    note = markup.block(f"<p class='ft-note' role='status'>{text(told)}</p>")
    return note + result(standing, finding, live=False, error=None)


def _criteria(standing: JudgeStanding) -> str:
    lines = "<br>".join(text(line) for line in standing.work.order.criteria.strip().splitlines())
    return f"<details><summary>Its criteria</summary><p class='ft-below'>{lines}</p></details>"


def _notes(standing: JudgeStanding, *, live: bool) -> str:
    work = standing.work
    if live:
        return ""
    if work.problem:
        return f"<p class='ft-note bad' role='alert'>{text(work.problem)} {text(work.fix)}</p>"
    if not standing.missing:
        return ""
    why = work.ended if work.over else "it was interrupted"
    told = f"{standing.missing:,} of {standing.rows:,} rows have no verdict{f': {why}' if why else ''}."
    unread = words.counted(standing.unread, "answer")
    told += f" {unread} came without a verdict." if standing.unread else ""
    return f"<p class='ft-note' role='status'>{text(told)} Go on, and nothing that was answered is asked again.</p>"


def _spent(standing: JudgeStanding) -> str:
    tokens = f"{standing.prompt_tokens + standing.answer_tokens:,} tokens"
    return f"{tokens}, {words.number(standing.cost)} of money" if standing.cost else tokens


def _bar(finding: Finding | None) -> str:
    counts = (finding.wins, finding.ties - finding.changed, finding.changed, finding.losses) if finding else (0,) * 4
    told = ("tuned better", "a tie", "changed with the order", "base better")
    parts = list(zip(("tuned", "tie", "changed", "base"), counts, told, strict=True))
    pieces = "".join(
        f"<span class='ft-part {look}' style='width:{100 * many / sum(counts):.2f}%' "
        f"title='{text(f'{many:,} {told}')}'></span>"
        for look, many, told in parts
        if many
    )
    legend = "".join(
        f"<li><span class='ft-dot {look}'></span>{text(told)} <b>{many:,}</b></li>" for look, many, told in parts
    )
    return f"<div class='ft-bar'>{pieces}</div><ul class='ft-legend'>{legend}</ul>"
