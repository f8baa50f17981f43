"""What the page of new rows says: markup from plain values."""

import time
from collections.abc import Mapping
from typing import Any

from core.augment.card import TaskCard
from core.augment.pipeline import Forecast
from core.augment.standing import Standing
from core.augment.survey import Survey, Tried
from core.augment.teachers.teacher import Teacher
from core.augment.variation import LENGTHS, STYLES
from core.errors import SettingsError, UserError
from core.job.inquiry import Inquiry
from core.problems import EMPTY
from core.strategy.advise import Advice
from ui import drawings, markup, notices, words
from ui.markup import text

_ADVISED = {
    "required": "New rows are needed for so few examples",
    "recommended": "New rows are advised for so few examples",
    "optional": "New rows may help a little",
    "off": "You have enough examples without new rows",
}
_NAMES = 12
"""Labels or topics that are named one by one."""


def nothing() -> str:
    """Before there are data."""
    return markup.headline("No data yet", "Choose a file or a sample on the first page; new rows follow from its rows.")


def headline(
    survey: Survey, advice: Advice | None, standing: Standing | None, *, accepted: int = 0, going: bool = False
) -> str:
    """The finding of the page; `accepted` rows would be used."""
    if going:
        good = standing.good if standing else 0
        return markup.headline(f"A teacher is writing: {words.counted(good, 'good row')} so far", _ORIGIN)
    if standing is not None and (standing.taken or standing.over):
        return _result(standing, accepted)
    if survey.generated:
        title = f"Your training rows: {survey.seeds:,} by people, {survey.generated:,} generated"
        return markup.headline(
            title, "Generated rows are for training alone. You can train now, or write more.", "good"
        )
    reason = next((one for one in advice.reasons if one.choice == "augment"), None) if advice else None
    title = _ADVISED[advice.augment] if advice else "New rows can be written from yours"
    below = f"{reason.because} {reason.source}." if reason else _ORIGIN
    return markup.headline(title, f"{below} This step can be skipped.")


_ORIGIN = "Only training rows are shown to a teacher. Validation and test rows stay unseen."


def _result(standing: Standing, accepted: int) -> str:
    title = f"{words.counted(accepted, 'new row')} {'stands' if accepted == 1 else 'stand'} ready"
    if standing.problem:
        return markup.headline(title if accepted else "The teacher gave no rows", standing.problem, "amber")
    if not standing.over:
        return markup.headline(
            title, "It was interrupted. Go on, and nothing that was answered is asked again.", "amber"
        )
    if standing.ended:
        return markup.headline(title, f"{standing.wanted:,} were wanted: {standing.ended}.", "amber")
    return markup.headline(title, "Look at them below, then use them for training.", "good")


def working(inquiry: Inquiry[Any], *, stopping: bool) -> str:
    """How far the work is."""
    left = inquiry.seconds_left
    told = inquiry.about[:1].upper() + inquiry.about[1:]
    if stopping:
        told, left = "Stopping: answers on their way are waited for, since they are paid", None
    after = f"<b>{text(words.time_left(left, left))}</b>" if left is not None else ""
    return markup.block(
        f"<div role='status'>{drawings.progress(inquiry.share, label='Written')}"
        f"<div class='ft-status-row'><span>{text(told)}</span>{after}</div></div>"
    )


def figures(survey: Survey) -> str:
    """What was counted in the seeds."""
    card = survey.card
    rows = []
    for column in card.columns:
        size = f"{column.shortest:,} to {column.longest:,} words, {column.middle:,} in the middle"
        size = f"one of {len(card.labels):,} labels" if column.role == "label" else size
        rows.append(((column.name, column.role, size, "; ".join(column.conventions) or "–"), ""))
    told = [f"{survey.seeds:,} training rows by people", f"{survey.held_out:,} rows held out"]
    told += [card.language] if card.language else []
    return markup.block(
        f"<p class='ft-below'>{text(' · '.join(told))}</p>"
        + drawings.table(("Field", "Role", "Length", "Nearly all"), rows)
    )


def variation(card: TaskCard, count: int) -> str:
    """The plan of variation: what is asked for in turn, and what by lot."""
    rows = []
    if card.labels:
        each = count / len(card.labels)
        told = f"about {words.number(each, 2)} rows each" if each >= 1 else "as far as they reach"
        rows.append((("Label", f"in turn, {told}", _named(list(card.labels))), ""))
    if card.topics:
        topics = [", ".join(topic.words[:3]) for topic in card.topics]
        rows.append((("Topic", "by lot", "; ".join(topics[:_NAMES])), ""))
    rows.append((("Length", "by lot", ", ".join(LENGTHS)), ""))
    rows.append((("Manner", "by lot", "; ".join(STYLES)), ""))
    if card.constraints:
        rows.append((("Fact to bring out", "by lot", "; ".join(card.constraints)), ""))
    return markup.block(drawings.table(("What varies", "How", "Over"), rows))


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def forecast(found: Forecast, teacher: Teacher[Any], tried: Tried | None, *, priced: bool) -> str:
    """Calls, tokens, money and time of what is wanted."""
    if not teacher.costs:
        free = "No endpoint is called and nothing is paid: the rows are made on this computer."
        return markup.block(f"<p class='ft-below'>{text(free)}</p>")
    tokens = found.prompt_tokens + found.answer_tokens
    split = f"{found.prompt_tokens:,} of prompts, {found.answer_tokens:,} of answers"
    cost = words.number(found.cost) if priced else words.NOTHING
    seconds = tried.seconds * found.questions / teacher.at_once if tried else None
    told = f"about {words.duration(seconds)}" if seconds is not None else words.NOTHING
    tiles = [
        (
            f"{found.questions:,}",
            "calls, forecast",
            "If two thirds of the rows are good, as pipelines of this kind report",
        ),
        (f"{tokens:,}", "tokens, forecast", split),
        (cost, "money, forecast" if priced else "money: give prices below", "In the money of the prices that you give"),
        (
            told,
            "time, forecast" if tried else "time: press Test",
            "From one measured answer, and so many calls at once",
        ),
    ]
    return markup.block(markup.facts(tiles))


def tried(found: Tried | None, error: UserError | None) -> str:
    """What came of the test."""
    if error is not None:
        return markup.block(f"<p class='ft-note bad' role='alert'>{notices.markup(error)}</p>")
    if found is None:
        return ""
    tokens = f"{found.prompt_tokens:,} + {found.answer_tokens:,} tokens"
    if not found.rows:
        why = "; ".join(found.unreadable) or "it holds no row"
        said = f"It answered in {words.duration(found.seconds)}, but no row can be made of that: {why}."
        return markup.block(
            f"<p class='ft-note' role='alert'>{text(said)}</p>"
            f"<p class='ft-below'>It said: {text(words.shortened(found.said, 200))}</p>"
        )
    said = f"It works: {words.counted(found.rows, 'row')} in {words.duration(found.seconds)}, {tokens}."
    if found.seconds < 1:
        said = f"It works: {words.counted(found.rows, 'row')} in less than a second, {tokens}."
    return markup.block(
        f"<p class='good' role='status'><b>{text(said)}</b></p>"
        f"<p class='ft-below'>The first one: {text(words.shortened(' | '.join(found.first.values()), 200))}. "
        "The answer is kept and counts later.</p>"
    )


def bar(standing: Standing) -> str:
    """Good and rejected candidates, with why."""
    unread = sum(standing.unreadable.values())
    total = standing.candidates + unread
    if not total:
        return markup.block("<p class='ft-below'>No row was judged yet.</p>")
    rejected = standing.candidates - standing.good
    parts = [
        ("good", standing.taken, "taken"),
        ("spare", standing.good - standing.taken, "good, not needed"),
        ("out", rejected + unread, "rejected"),
    ]
    pieces = "".join(
        f"<span class='ft-part {look}' style='width:{100 * many / total:.2f}%' title='{text(f'{many:,} {told}')}'>"
        "</span>"
        for look, many, told in parts
        if many
    )
    legend = "".join(
        f"<li><span class='ft-dot {look}'></span>{text(told)} <b>{many:,}</b></li>" for look, many, told in parts
    )
    reasons = [(stage.title, stage.rejected, f"{stage.rejected:,}") for stage in standing.stages if stage.rejected]
    reasons += [("could not be read", unread, f"{unread:,}")] if unread else []
    notes = "".join(f"<li>{text(f'{stage.title}: {stage.note}')}</li>" for stage in standing.stages if stage.note)
    why = f"<p class='ft-caption'>Why rows were rejected</p>{drawings.bars(reasons)}" if reasons else ""
    more = f"<details><summary>What the checks say of themselves</summary><ul class='ft-causes'>{notes}</ul></details>"
    return markup.block(
        f"<div class='ft-sifted' role='img' title='{text(f'{standing.good:,} of {total:,} are good')}'>"
        f"<div class='ft-bar'>{pieces}</div></div><ul class='ft-legend'>{legend}</ul>{why}{more if notes else ''}"
        f"<p class='ft-below'>{text(_spent(standing))}</p>"
    )


def _spent(standing: Standing) -> str:
    tokens = standing.prompt_tokens + standing.answer_tokens
    parts = [f"{standing.candidates:,} rows were judged"]
    parts += [f"{tokens:,} tokens so far"] if tokens else []
    parts += [f"{words.number(standing.cost)} of money"] if standing.cost else []
    return f"{', '.join(parts)}, {words.ago(standing.at, time.time())}."


def latest(standing: Standing) -> str:
    """The newest candidates, the last one first."""
    rows = [
        ((words.shortened(" | ".join(one.cells.values()), 220), one.reason or "good"), "") for one in standing.latest
    ]
    return markup.block(drawings.table(("The latest rows", "Judged"), rows, "ft-latest")) if rows else ""


def question(survey: Survey) -> str:
    """The first question in full."""
    lines = "".join(f"{text(line)}<br>" for line in survey.usual.question.splitlines())
    return markup.block(f"<div class='ft-quote ft-tokens'>{lines}</div>")


def problems(error: SettingsError | None) -> str:
    """What is wrong with what was typed; what was not typed yet is nobody's mistake."""
    if error is None:
        return ""
    if set(error.problems.values()) == {EMPTY}:
        return markup.block(f"<p class='ft-below'>Still to fill in: {text(', '.join(error.problems))}.</p>")
    return markup.block(f"<div class='ft-note bad' role='alert'>{notices.markup(error)}</div>")


def used(rows: int, left_out: Mapping[str, int]) -> str:
    """What became of the rows, in a sentence."""
    more = "; ".join(f"{many:,} {why}" for why, many in left_out.items() if many)
    return f"{words.counted(rows, 'new row')} joined the training rows." + (f" Left out: {more}." if more else "")
