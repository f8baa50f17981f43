"""A settings class draws its own form: one control per field, with its title, its help and its range."""

from collections.abc import Iterable, Mapping, Sequence
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import gradio as gr
from gradio.components import Component
from pydantic import BaseModel
from pydantic.fields import FieldInfo

_WIDEST_SLIDER = 128
"""A range of more steps than this is typed, not dragged."""


def form(
    settings: type[BaseModel],
    values: Mapping[str, Any],
    only: Iterable[str] = (),
    problems: Mapping[str, str] | None = None,
) -> dict[str, Component]:
    """Place one control per field (of `only`, if given) into the current block, filled from `values`.

    A field that `problems` names says what is wrong with its value.
    """
    names = tuple(only) or tuple(settings.model_fields)
    wrong = problems or {}
    return {name: control(name, settings.model_fields[name], values.get(name), wrong.get(name, "")) for name in names}


def marks(settings: type[BaseModel], names: Iterable[str], problems: Mapping[str, str]) -> list[dict[str, Any]]:
    """Updates of a form's controls that say beside each field what is wrong with it; values stay as they are."""
    return [gr.update(**_told(settings.model_fields[name], problems.get(name, ""))) for name in names]


def control(name: str, field: FieldInfo, value: Any, problem: str = "") -> Component:  # noqa: ANN401 - a value of any setting
    """The control that fits a field: checkbox, menu, slider, number or text."""
    kinds = _kinds(field.annotation)
    look: dict[str, Any] = {
        "label": field.title or name.replace("_", " ").capitalize(),
        **_told(field, problem),
        "elem_id": f"setting-{name}",
        "min_width": 220,
        "interactive": True,
    }
    if bool in kinds:
        return gr.Checkbox(value=bool(value), **look)
    choices = _choices(field.annotation)
    if choices:
        return gr.Dropdown([(str(choice), choice) for choice in choices], value=value, **look)
    if (int in kinds or float in kinds) and NoneType not in kinds:
        return _numeric(field, kinds, value, look)
    # An optional number is typed as text: an empty number would come back as 0.
    return gr.Textbox(value="" if value is None else str(value), placeholder="empty", max_lines=1, **look)


def _numeric(field: FieldInfo, kinds: Sequence[type], value: Any, look: dict[str, Any]) -> Component:  # noqa: ANN401
    low, high = bounds(field)
    whole = int in kinds and float not in kinds
    if low is not None and high is not None:
        step = 1.0 if whole else 0.01
        if (high - low) / step <= _WIDEST_SLIDER:
            return gr.Slider(low, high, value=value, step=step, **look)
    # No minimum and maximum: Gradio would refuse a wrong value in its own words, one at a time, before we see it.
    return gr.Number(value=value, precision=0 if whole else None, **look)


def bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    """The closed ends of a field's range; None where an end is open or missing."""
    low = next((rule.ge for rule in field.metadata if hasattr(rule, "ge")), None)
    high = next((rule.le for rule in field.metadata if hasattr(rule, "le")), None)
    return low, high


def read(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """The controls' values by field; an empty control is None, a number typed as text is a number."""
    return {name: _read(value) for name, value in zip(names, values, strict=True)}


def _read(value: Any) -> Any:  # noqa: ANN401 - a value of any control
    if not isinstance(value, str):
        return value
    stripped = value.strip()
    for kind in (int, float):
        try:
            return kind(stripped)
        except ValueError:
            continue
    return stripped or None


def differing(advised: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What differs from the advice, and is therefore kept in the draft."""
    return {name: value for name, value in chosen.items() if name not in advised or not _same(advised[name], value)}


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - values of any setting
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, int | float):
        return bool(one == other)
    return isinstance(other, int | float) and abs(one - other) <= 1e-9 * max(abs(one), abs(other))


def _told(field: FieldInfo, problem: str) -> dict[str, Any]:
    """What stands at a field: its help, after what is wrong with it."""
    help_ = _help(field)
    info = f"**{problem.rstrip('.')}.** {help_}".strip() if problem else help_
    return {"info": info, "elem_classes": ["ft-setting", "ft-wrong"] if problem else ["ft-setting"]}


def _help(field: FieldInfo) -> str:
    """The field's own sentence and, for a number, its range."""
    kinds = _kinds(field.annotation)
    told = (field.description or "").rstrip(".")
    if not {int, float} & set(kinds) or bool in kinds:
        return f"{told}." if told else ""
    low = next((f"{rule.ge:,.10g}" for rule in field.metadata if hasattr(rule, "ge")), None)
    above = next((f"above {rule.gt:,.10g}" for rule in field.metadata if hasattr(rule, "gt")), None)
    high = next((f"{rule.le:,.10g}" for rule in field.metadata if hasattr(rule, "le")), None)
    start = low or above
    span = f" ({start} to {high})" if start and high else ""
    return f"{told}{span}."


def _kinds(annotation: Any) -> tuple[type, ...]:  # noqa: ANN401 - any type of a field
    if get_origin(annotation) is Literal:
        return tuple({type(choice) for choice in get_args(annotation)})
    arguments = get_args(annotation)
    if arguments:
        return tuple(kind for argument in arguments for kind in _kinds(argument))
    return (annotation,) if isinstance(annotation, type) else ()


def _choices(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any type of a field
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next((found for part in get_args(annotation) if (found := _choices(part))), ())
