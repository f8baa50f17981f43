"""Models to begin with, read from `catalogue.yaml`: what they are, and what this machine can tune of them."""

import difflib
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.dataset.choice import DataChoice
from core.strategy.machine import Machine
from core.strategy.memory import forecast
from core.strategy.methods import METHODS
from core.strategy.model_facts import ModelFacts, facts_of, read_facts
from core.strategy.plan import Plan

_ROW = 512
"""Tokens of the rows that the table of models is drawn for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model of the catalogue."""

    model: str
    """'starter', or a hub id."""
    title: str
    languages: str
    instruct: bool
    """Whether it follows instructions already; a base model only continues text."""
    licence: str
    gated: bool
    """Whether the hub asks to accept its terms first."""
    about: str
    facts: ModelFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What tuning a model with one method takes on this machine, one row of 512 tokens at a time."""

    memory_gib: float
    fits: bool


@functools.cache
def catalogue() -> tuple[Entry, ...]:
    """All entries, the smallest model first."""
    import yaml

    rows = yaml.safe_load(Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8"))
    entries = []
    for row in rows:
        config = row.pop("config", None)
        row.pop("parameters", None)
        facts = (
            read_facts(row["model"])
            if config is None
            else facts_of(
                {"dtype": "bfloat16", **config}, row["model"], row["title"], has_chat_template=row["instruct"]
            )
        )
        entries.append(Entry(**row, facts=facts))
    return tuple(sorted(entries, key=lambda entry: entry.facts.parameters))


def known(model: str) -> Entry | None:
    """The entry of a model, if the catalogue has it."""
    return next((entry for entry in catalogue() if entry.model == model), None)


def nearest(model: str) -> str:
    """The hub id of the catalogue that was probably meant; empty where none is near."""
    ids = {entry.model.casefold(): entry.model for entry in catalogue()}
    short = {name.rpartition("/")[2]: whole for name, whole in ids.items()}
    found = difflib.get_close_matches(model.casefold(), [*ids, *short], n=1, cutoff=0.75)
    return (ids | short)[found[0]] if found else ""


def room_for(facts: ModelFacts, machine: Machine) -> Mapping[str, Room]:
    """What each method that advice compares would need for this model, at its smallest step."""
    data = DataChoice(name="", source="", sha256="", format="chat", mapping={})
    rooms = {}
    for name in (name for name in METHODS if METHODS[name].advised):
        plan = Plan(
            data=data, model=facts.model, method=name, batch_size=1, max_length=min(_ROW, facts.context),
            gradient_checkpointing=True,
        )  # fmt: skip
        predicted = forecast(plan, facts, machine)
        rooms[name] = Room(memory_gib=predicted.total_gib, fits=predicted.fits)
    return rooms
