"""A checked plan from untrusted values: of the plan itself and of its method together."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.errors import ModelError, NotFoundError, SettingsError
from core.problems import problems_of
from core.strategy import head
from core.strategy.methods import METHODS, read_options
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan
from core.strategy.trackers import missing

_ALIKE = {"labelled_text": "labels", "plain_text": "plain texts"}
"""Formats of whose rows no variants can be made."""


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
    problems = problems or refusals(plan)
    if problems:
        raise SettingsError(problems)
    return plan


def refusals(plan: Plan) -> dict[str, str]:
    """What of a plan cannot work with its model or on this machine, by field, with what to do instead.

    A model that cannot be read is not spoken of here: whoever needs its numbers says so.
    """
    method = METHODS[plan.method]
    untold = {"tracker": told} if (told := missing(plan.tracker)) else {}
    if plan.variants and plan.data.format in _ALIKE:
        untold["variants"] = f"{_ALIKE[plan.data.format]} have no words that prompt and answer share: take 0."
    try:
        facts = read_facts(plan.model)
    except ModelError:
        return untold | head.refused(plan, None)
    own = method.refuses(facts, read_options(plan.method, plan.options), plan) if method.refuses else {}
    return untold | own | head.refused(plan, facts)
