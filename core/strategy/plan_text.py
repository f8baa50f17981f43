"""A plan as text: YAML to keep and to give away, the command that runs the same, and what differs between two."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from core.dataset.choice import DataChoice
from core.errors import DataError
from core.strategy.methods import METHODS
from core.strategy.plan import Plan

LARGEST = 1_000_000
"""Characters; a longer text is no plan."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting in which two plans differ."""

    name: str
    """As on the command line: "learning_rate", "rank"."""
    title: str
    before: str
    """As JSON; empty where the setting does not exist."""
    after: str


def size_of(plan: Plan) -> str:
    """The method's main setting: "rank 16"."""
    for name in ("rank", "size", "bottleneck", "reduction"):
        if name in plan.options:
            return f"{name} {plan.options[name]}"
    return ""


def named(plan: Plan) -> str:
    """The method with its main setting: "LoRA, rank 16"."""
    return f"{METHODS[plan.method].title}, {size_of(plan)}".rstrip(", ")


def plan_yaml(plan: Plan) -> str:
    """The plan as YAML, its fields in the order of the class."""
    import yaml

    text: str = yaml.safe_dump(plan.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)
    return text


def read_plan_yaml(text: str) -> dict[str, Any]:
    """The raw values of a plan that was written as YAML or JSON; what is wrong with them `Engine.read_plan` says.

    Raises:
        DataError: The text is no YAML (names the line), too long, or no plan.
    """
    import yaml

    if len(text) > LARGEST:
        raise DataError("This file is far too long for a plan.", "Choose a file that 'Save as YAML' wrote.")
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise DataError(f"The plan is not valid YAML{where}.", "Mend the line, or save the plan again.") from error
    except RecursionError as error:
        raise DataError("The plan is nested too deeply.", "Choose a file that 'Save as YAML' wrote.") from error
    if isinstance(read, dict) and isinstance(read.get("plan"), dict):
        read = read["plan"]  # what 'fewtune advise --json' answers
    if not isinstance(read, dict) or not {"data", "model", "method"} <= read.keys():
        raise DataError("This file is no plan: it names no data, model and method.", "Choose another file.")
    return read


def differences(before: Plan, after: Plan) -> list[Difference]:
    """The settings in which `after` differs from `before`, the method first; the run's name does not count."""
    return [
        Difference(name, title, was, now)
        for name, title, was, now in _pairs(before, after)
        if was != now and name not in {"name", "split"}
    ]


def command_line(plan: Plan, advised: Plan) -> str:
    """The command that starts the same run: what differs from the advice stands in `--set`."""
    words = ["fewtune", "train", plan.data.source, "--model", plan.model]
    if plan.method != advised.method:
        words += ["--method", plan.method]
    settable = {"instruction", "validation_share", "test_share"} | Plan.model_fields.keys()
    options = METHODS[plan.method].options.model_fields.keys()
    for change in differences(advised, plan):
        if (
            change.name in settable | options
            and change.name not in {"data", "model", "method", "options"}
            and change.after
        ):
            words += ["--set", f"{change.name}={_bare(change.after)}"]
    return shlex.join(words)


def _bare(value: str) -> str:
    """A JSON text without its quotes, as people type it."""
    read = json.loads(value)
    return read if isinstance(read, str) else value


def _pairs(before: Plan, after: Plan) -> Iterator[tuple[str, str, str, str]]:
    yield "method", "Method", _json(before.method), _json(after.method)
    yield from _fields(Plan, before, after, skip={"method", "options", "data"})
    options = METHODS[after.method].options.model_fields
    old = before.options if before.method == after.method else {}
    for name, field in options.items():
        was = _json(old[name]) if name in old else ""
        now = _json(after.options[name]) if name in after.options else ""
        if before.method == after.method or now:
            yield name, field.title or name, was if before.method == after.method else now, now
    yield from _fields(DataChoice, before.data, after.data, skip={"source"})


def _fields(kind: type[BaseModel], before: Any, after: Any, skip: set[str]) -> Iterator[tuple[str, str, str, str]]:  # noqa: ANN401 - two of a kind
    for name, field in kind.model_fields.items():
        if name not in skip:
            yield name, field.title or name, _json(getattr(before, name)), _json(getattr(after, name))


def _json(value: Any) -> str:  # noqa: ANN401 - any value of a plan
    return json.dumps(value, ensure_ascii=False)
