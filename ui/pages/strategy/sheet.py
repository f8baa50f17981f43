"""The advice, the plan on top of it, and what is in the way of either."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import SettingsError, UserError
from core.strategy.advise import Advice
from core.strategy.plan import Plan
from ui.desk import Desk

_OPTION = "options."


@dataclass(frozen=True, slots=True)
class Sheet:
    """The advice, the plan on top of it, and what is in the way of either."""

    advice: Advice | None = None
    plan: Plan | None = None
    changed: int = 0
    error: UserError | None = None

    @property
    def problems(self) -> Mapping[str, str]:
        """What is wrong with the plan, by field."""
        return self.error.problems if self.error else {}

    @property
    def option_problems(self) -> Mapping[str, str]:
        """What is wrong with the method's options, by option."""
        return {name.removeprefix(_OPTION): told for name, told in self.problems.items() if name.startswith(_OPTION)}


def look(desk: Desk) -> Sheet:
    """Advice and plan as of now."""
    draft = desk.draft()
    choice = desk.choice(draft)
    if choice is None:
        return Sheet()
    try:
        advice = desk.advice(draft, choice)
    except UserError as error:
        return Sheet(error=error)
    count = sum(len(value) if name == "options" else 1 for name, value in draft["overrides"].items())
    try:
        return Sheet(advice, desk.plan(advice, draft), count)
    except SettingsError as error:
        return Sheet(advice, None, count, error)
