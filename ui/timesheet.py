"""What the strategy page says of time, energy and money: markup from plain values."""

import math

from core.errors import UserError
from core.job.inquiry import Inquiry
from core.strategy.plan import Plan
from core.strategy.plan_text import named
from core.strategy.speed import Speed
from core.strategy.time_forecast import TimeForecast
from ui import drawings, markup, notices, words
from ui.markup import text

NOT_YET = "not measured yet"
_MOST = 1e6
"""Money per hour: beyond it somebody mistyped."""


def price_of(typed: str) -> float | None:
    """A price per hour as typed, with a comma or a point; None where nothing was.

    Raises:
        UserError: It is no number, or none that a price can be.
    """
    written = typed.strip().replace(",", ".")
    if not written:
        return None
    try:
        price = float(written)
    except ValueError:
        price = math.nan
    if not 0 <= price <= _MOST:
        raise UserError(
            f"'{words.shortened(typed, 20)}' is no price per hour.", "Write a number such as 2.5, or nothing."
        )
    return price


def forecast(time: TimeForecast | None, price: str = "") -> str:
    """The time that the plan will take, with its range, where it comes from and what it costs."""
    wrong = _wrong(price)
    if time is None:
        return markup.block(
            f"<p class='ft-caption'>Time: {NOT_YET}</p><p class='ft-below'>Nothing like this plan ran on this "
            f"computer so far. A few real steps tell how long the whole will take; nothing of them is kept.</p>{wrong}"
        )
    ago = words.ago(time.measured_at)
    pace = f"{words.duration(time.epoch_seconds)} an epoch, {words.number(time.tokens_per_second)} tokens a second"
    return markup.block(
        f"<p class='ft-caption'>Time, forecast: {text(words.duration(time.total_seconds))} "
        f"<span class='ft-source-inline'>({text(words.span(time.low_seconds, time.high_seconds))})</span></p>"
        f"<p class='ft-below'>{text(f'{pace}; {time.basis}, {ago}.')}</p>"
        f"{_left_out(time)}{_bills(time)}{wrong}{_details(time)}"
    )


def _wrong(price: str) -> str:
    try:
        price_of(price)
    except UserError as error:
        return f"<p class='ft-note bad' role='alert'>{notices.markup(error)}</p>"
    return ""


def _left_out(time: TimeForecast) -> str:
    told = f"Not in it, as nobody measured it: {', '.join(time.left_out)}."
    return f"<p class='ft-below'>{text(told)}</p>" if time.left_out else ""


def _bills(time: TimeForecast) -> str:
    bills = []
    if time.cost is not None:
        bills.append((_between(time.cost), "cost, in the money of your price per hour"))
    if time.energy_kwh is not None:
        bills.append((f"{_between(time.energy_kwh)} kWh", "energy of the GPU alone"))
    tiles = "".join(f"<div><b>{text(value)}</b>{text(name)}</div>" for value, name in bills)
    return f"<div class='ft-numbers'>{tiles}</div>" if tiles else ""


def _between(ends: tuple[float, float]) -> str:
    low, high = (words.number(float(end), 2) for end in ends)
    return low if low == high else f"{low} to {high}"


def _details(time: TimeForecast) -> str:
    parts = ", ".join(f"{name} {words.duration(seconds)}" for name, seconds in time.parts.items())
    lines = [f"What takes it: {parts}.", f"Why it is a range: {time.cause}."]
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    return f"<details><summary>What takes the time</summary><ul class='ft-causes'>{items}</ul></details>"


def progress(plan: Plan, probe: Inquiry[Speed], waiting: int = 0) -> str:
    """How far the measurement is, and of what; `waiting` others follow."""
    left = probe.seconds_left
    told = probe.about if left is None else f"{probe.about}, {words.time_left(left, left)}"
    of = f"Measuring {named(plan)}, {words.counted(plan.batch_size, 'row')} at a time"
    if waiting:
        of += f"; {words.counted(waiting, 'more plan')} after it"
    return markup.block(
        f"<p class='ft-caption' role='status'>{text(of)}</p>{drawings.progress(probe.share, label='Measured')}"
        f"<div class='ft-status-row'><span>{text(told)}</span></div>"
    )


def ending(said: str, error: UserError | None) -> str:
    """How the last measurement ended, where it did not end with an answer."""
    if error is not None:
        return markup.block(f"<p class='ft-note bad' role='alert'>{notices.markup(error)}</p>")
    return markup.block(f"<p class='ft-below' role='status'>{text(said)}</p>") if said else ""
