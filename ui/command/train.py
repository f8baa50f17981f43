"""`train`: a plan from data and wishes, or from a file, and then the run."""

import json
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.dataset.choice import DataChoice
from core.engine import Engine
from core.errors import DataError, NotFoundError, SettingsError
from core.job.queue import read_time
from core.strategy.advise import Goal
from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from ui.command.runs import see_through
from ui.command.settings import Wishes, read_settings

LARGEST_PLAN = 1_000_000
"""Bytes; a larger JSON file is data."""


def train(engine: Engine, given: Namespace) -> int:
    """Start a run and follow it to its scores."""
    not_before = read_time(given.at)
    plan = make_plan(engine, given)
    run_id = engine.start(plan, not_before)
    job = engine.store.latest(run_id, "train")
    assert job is not None, "a run that was started has a job"
    return see_through(engine, job, as_json=given.json)


def make_plan(engine: Engine, given: Namespace) -> Plan:
    """The plan that the arguments ask for.

    Raises:
        SettingsError: Settings are unknown or out of range; lists all of them.
        DataError: The file of the plan or of the data cannot be read.
    """
    written = _read_plan_file(Path(given.source))
    if written is None:
        return _plan_from_data(engine, given)
    raw = _with_data(engine, written)
    raw |= {name: value for name in ("model", "method") if (value := getattr(given, name)) is not None}
    if given.method is not None and given.method != written.get("method"):
        raw["options"] = {}
    method = raw.get("method")
    wishes = read_settings(given.settings, method if isinstance(method, str) else "")
    return _checked(engine, raw, wishes)


def _plan_from_data(engine: Engine, given: Namespace) -> Plan:
    """The advised plan, with the wishes on top."""
    method = given.method
    if method is not None:
        METHODS[method]
    choice = engine.choose(engine.open_data(given.source))
    model = given.model or "starter"
    first_wishes = read_settings(given.settings, method or "")
    advice = engine.advise(_resized(choice, first_wishes), model, goal=Goal(given.goal), budget=given.budget)
    raw = advice.plan.model_dump(mode="json")
    if method is not None and method != raw["method"]:
        raw |= advice.instead(method)
    return _checked(engine, raw, read_settings(given.settings, raw["method"]))


def _checked(engine: Engine, raw: Mapping[str, Any], wishes: Wishes) -> Plan:
    """The plan with the wishes in it.

    Raises:
        SettingsError: Lists every problem of plan and wishes together.
    """
    problems = dict(wishes.problems)
    try:
        plan = engine.read_plan(wishes.applied_to(raw))
    except SettingsError as error:
        raise SettingsError(problems | error.problems) from error
    if problems:
        raise SettingsError(problems)
    return plan


def _resized(choice: DataChoice, wishes: Wishes) -> DataChoice:
    """The choice with the wished shares, so that the advice counts the right rows; wrong shares are said later."""
    try:
        return DataChoice(**{**choice.model_dump(), **wishes.data})
    except ValidationError:
        return choice


def _read_plan_file(path: Path) -> dict[str, Any] | None:
    """The plan that the file holds, None if it is no plan but data.

    Raises:
        DataError: A YAML file is not a plan.
    """
    is_yaml = path.suffix.lower() in {".yaml", ".yml"}
    try:
        if not is_yaml and (path.suffix.lower() != ".json" or path.stat().st_size > LARGEST_PLAN):
            return None
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        if not is_yaml:
            return None
        raise DataError(
            f"The plan {path} cannot be read: {error}.", "Give a plan as 'advise --json' writes it."
        ) from error
    raw = _parse(text, path) if is_yaml else _parse_json(text)
    if isinstance(raw, dict) and isinstance(raw.get("plan"), dict):
        raw = raw["plan"]
    if isinstance(raw, dict) and "data" in raw and ("model" in raw or "method" in raw):
        return raw
    if not is_yaml:
        return None
    raise DataError(
        f"{path} is no plan: a plan names at least data, model and method.",
        "Write one with: fewtune advise SOURCE --model MODEL --json > plan.json",
    )


def _parse(text: str, path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise DataError(f"The plan {path} is not valid YAML{where}.", "Mend it, or write it anew.") from error


def _parse_json(text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _with_data(engine: Engine, written: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with its data chosen, where it names them only by their source.

    Raises:
        DataError: The data set that the plan names is not in this home.
        SettingsError: `data` is neither a source nor a choice.
    """
    raw = dict(written)
    data = raw["data"]
    if isinstance(data, str):
        raw["data"] = engine.choose(engine.open_data(data)).model_dump(mode="json")
    elif isinstance(data, Mapping) and isinstance(data.get("source"), str):
        try:
            engine.source(data["source"])
        except NotFoundError as error:
            raise DataError(
                f"The plan's data set {data['source']!r} is not in this home.", "Write data: FILE in the plan instead."
            ) from error
    else:
        raise SettingsError({"data": "write the source, or all that 'advise --json' writes"})
    return raw
