"""A checked plan from untrusted values: of the plan itself and of its method together."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.errors import NotFoundError, SettingsError
from core.strategy.methods import METHODS, read_options
from core.strategy.plan import Plan, problems_of


def complete_plan(raw: Mapping[str, Any]) -> Plan:
    """Build a plan; options of the method are completed with their defaults.

    Raises:
        SettingsError: Lists every value that is missing, misspelt or out of range, of plan and method together.
    """
    problems: dict[str, str] = {}
    values = dict(raw)
    options = values.get("options", {})
    method = values.get("method")
    if isinstance(method, str) and method in METHODS:
        try:
            values["options"] = read_options(method, options if isinstance(options, dict) else {}).model_dump()
        except SettingsError as error:
            problems |= error.problems
    elif isinstance(method, str):
        try:
            METHODS[method]
        except NotFoundError as error:
            problems["method"] = str(error)
    try:
        plan = Plan(**values)
    except ValidationError as error:
        problems |= problems_of(error)
    if problems:
        raise SettingsError(problems)
    return plan
