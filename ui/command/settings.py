"""`--set key=value`: which field of the plan, its data or its method a key means."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.dataset.choice import DataChoice
from core.strategy.methods import METHODS
from core.strategy.plan import Plan

FIXED = frozenset({"data", "options", "model", "method"})
"""Fields of the plan that have an argument of their own, or none."""
SETTABLE_DATA = ("instruction", "validation_share", "test_share", "train_rows", "generated")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings on the command line ask for, by the place where it belongs."""

    plan: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def applied_to(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The raw plan with these wishes in it, unchecked."""
        return {
            **raw,
            **self.plan,
            "options": {**raw.get("options", {}), **self.options},
            "data": {**raw["data"], **self.data},
        }


def read_settings(settings: Sequence[str], method: str) -> Wishes:
    """Sort `key=value` texts; what has no `=` or no known key is a problem, and all problems are listed."""
    wishes = Wishes()
    places = _places(method)
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip()
        if not equals or not key:
            wishes.problems[key or "--set"] = "write it as key=value"
        elif key not in places:
            wishes.problems[key] = _unknown(key, places, method)
        else:
            place, name, info = places[key]
            getattr(wishes, place)[name] = _value(text, info)
    return wishes


def _places(method: str) -> dict[str, tuple[str, str, FieldInfo]]:
    """Every key to where it belongs; the plan's fields come before the method's options of the same name."""
    places: dict[str, tuple[str, str, FieldInfo]] = {}
    known = METHODS.get(method)
    tables: list[tuple[str, type[BaseModel], Sequence[str]]] = [
        ("plan", Plan, [name for name in Plan.model_fields if name not in FIXED]),
        ("data", DataChoice, SETTABLE_DATA),
    ]
    if known is not None:
        tables.insert(1, ("options", known.options, list(known.options.model_fields)))
    for place, model, names in tables:
        for name in names:
            target = (place, name, model.model_fields[name])
            places.setdefault(name, target)
            if place != "plan":
                places[f"{place}.{name}"] = target
    return places


def _value(text: str, info: FieldInfo) -> Any:  # noqa: ANN401 - any JSON value; the plan checks it
    """Text for text fields; elsewhere numbers, true, null and lists as JSON writes them, and else the text."""
    if info.annotation is str:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _unknown(key: str, places: Mapping[str, object], method: str) -> str:
    close = difflib.get_close_matches(key, places, n=1)
    if close:
        return f"there is no such setting; did you mean {close[0]!r}?"
    plain = [name for name in places if "." not in name]
    return f"neither the plan nor the method {method!r} has such a setting; there are {', '.join(plain)}"
