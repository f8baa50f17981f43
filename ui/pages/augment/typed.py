"""What is typed on the page. Each tab keeps what it changed itself, and shows what another one changed.

A tab remembers what its fields hold (`Held`). What differs from that when a field is left was changed here, and alone
is kept; what is kept otherwise than that was changed in another tab, and alone is drawn.
"""

import json
import time
from collections.abc import Mapping
from typing import Any, TypeAlias

import gradio as gr

from core.augment.card import TaskCard
from core.augment.order import Order
from core.augment.spend import Limits
from core.augment.survey import Survey
from core.dataset.choice import DataChoice
from ui import forms
from ui.desk import Desk

CARD = ("description", "constraints", "do", "avoid")
MEASURES = ("quality", "diversity")
LIMITS = ("price_in", "price_out", "most_cost", "most_tokens")
AMOUNT = ("count", *MEASURES, *LIMITS)
FIELDS = (*CARD, "teacher", "shown", *AMOUNT, "held")
"""What is drawn, in this order; "shown" draws the teacher's options, and "held" is what the tab remembers."""

Held: TypeAlias = dict[str, Any]


def filled(desk: Desk) -> list[Any]:
    """Updates of all fields; of none as long as nothing is known of the seeds."""
    now = _kept(desk)
    if now is None:
        return untouched()
    drawn = _drawn(now) | {"shown": f"{now['teacher']}\n{json.dumps(now['options'])}", "held": now}
    return [drawn[name] for name in FIELDS]


def renewed(desk: Desk, held: Held) -> list[Any]:
    """Updates of the fields that another tab changed: what somebody is typing here stays."""
    now = _kept(desk)
    if now is None:
        return untouched()
    elsewhere = forms.differing(held, now).keys()
    drawn = {name: update for name, update in _drawn(now).items() if name in elsewhere}
    if "most" in elsewhere:
        drawn["count"] = _drawn(now)["count"]
    if {"teacher", "options"} & elsewhere:
        drawn["shown"] = f"{now['teacher']}\n{time.monotonic_ns()}"
    if elsewhere:
        drawn["held"] = now
    return [drawn.get(name, gr.skip()) for name in FIELDS]


def untouched() -> list[Any]:
    """Updates of no field."""
    return [gr.skip() for _ in FIELDS]


def teacher_of(shown: str) -> str:
    """The teacher whose options are drawn."""
    return shown.partition("\n")[0]


def keep_card(desk: Desk, held: Held, *boxes: str | None) -> Held:
    """Keep what was changed of the card here; its questions are counted anew. What the tab then holds."""
    choice = desk.choice()
    before = _card(desk, choice) if choice else None
    if choice is None or before is None:
        return held
    typed = {name: _tidied(name, value or "") for name, value in zip(CARD, boxes, strict=True)}
    changed = forms.differing(held, typed)
    lists = {name: tuple(value.splitlines()) for name, value in changed.items() if name != "description"}
    card = before.model_copy(update={**changed, **lists})
    if card != before:
        desk.augmenting.keep(choice.source, card=card.model_dump(mode="json"))
    return held | changed


def keep_amount(desk: Desk, held: Held, *values: Any) -> Held:  # noqa: ANN401 - values of any control
    """Keep what was changed here of how many rows are wanted, and what they may cost. What the tab then holds."""
    choice = desk.choice()
    if choice is None:
        return held
    changed = forms.differing(held, forms.read(AMOUNT, values))
    if "count" in changed:
        desk.augmenting.keep(choice.source, count=changed["count"])
    for of, names in (("measures", MEASURES), ("limits", LIMITS)):
        if here := {name: changed[name] for name in names if name in changed}:
            kept = desk.augmenting.shared()[of] | here
            desk.augmenting.keep_shared(**{of: {name: value for name, value in kept.items() if value is not None}})
    return held | changed


def keep_options(desk: Desk, teacher: str, held: Held, typed: Mapping[str, Any]) -> Held:
    """Keep what was changed of a teacher's options here. What the tab then holds."""
    read = {name: "" if value is None else value for name, value in typed.items()}
    before = held.get("options", {}) if held.get("teacher") == teacher else {}
    changed = forms.differing(before, read)
    desk.augmenting.keep_options(teacher, desk.augmenting.options(teacher) | changed)
    kept = desk.augmenting.options(teacher)  # an address that holds a secret is kept nowhere
    return held | {"teacher": teacher, "options": before | {name: kept[name] for name in changed}}


def _card(desk: Desk, choice: DataChoice) -> TaskCard | None:
    """The card as it is kept; a second box may be left before what the first one changed has been counted."""
    if kept := desk.augmenting.card(choice):
        return kept
    survey = desk.augmenting.survey(choice)
    return survey.card if isinstance(survey, Survey) else None


def _tidied(name: str, value: str) -> str:
    if name == "description":
        return value.strip()
    return "\n".join(filter(None, (line.strip() for line in value.splitlines())))


def _kept(desk: Desk) -> Held | None:
    choice = desk.choice()
    survey = desk.augmenting.survey(choice) if choice else None
    if choice is None or not isinstance(survey, Survey):
        return None
    card, shared = survey.card, desk.augmenting.shared()
    numbers = shared["measures"] | shared["limits"]
    usual = {name: field.default for model in (Order, Limits) for name, field in model.model_fields.items()}
    return {
        "description": card.description,
        **{name: "\n".join(getattr(card, name)) for name in CARD[1:]},
        "teacher": shared["teacher"],
        "options": desk.augmenting.options(shared["teacher"]),
        "count": desk.augmenting.count(choice, survey),
        "most": survey.most,
        **{name: numbers.get(name, usual[name]) for name in (*MEASURES, *LIMITS)},
    }


def _drawn(now: Held) -> dict[str, Any]:
    texts = {name: now[name] for name in (*CARD, "teacher")}
    numbers = {name: "" if now[name] is None else now[name] for name in (*MEASURES, *LIMITS)}
    return {**texts, **numbers, "count": gr.Slider(1, now["most"], value=now["count"])}
