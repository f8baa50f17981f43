"""A run as a table of all runs shows it."""

from dataclasses import dataclass

from core.events import Evaluated
from core.store.store import RunRow, Store
from core.strategy.plan import Plan


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of the table of runs."""

    row: RunRow
    plan: Plan
    evaluated: Evaluated | None
    """The newest scores, if there are any."""


def summarised(row: RunRow, store: Store) -> RunSummary:
    """The run with its plan and its newest scores."""
    return RunSummary(row, Plan(**row.plan), store.last(row.id, Evaluated))
