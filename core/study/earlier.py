"""Runs of the same plan that are there already, so that nothing is trained twice."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from core.errors import UserError
from core.evaluate.evaluation import read_evaluation
from core.events import RunState
from core.store.store import RunRow, Store
from core.strategy.methods import read_options
from core.strategy.plan import Plan

FrozenSplit = Callable[[Plan], str]
"""The hash of a plan's division as it is now."""


def find_same(plan: Plan, store: Store, split: FrozenSplit) -> RunRow | None:
    """The newest run of the same plan that is scored, else one that goes on or waits; None where there is none.

    Its name and its tracker do not count; the rows on each side of the split do, by their hash.
    """
    wanted = _deciding(plan)
    same = [row for row in store.runs() if _read(row) == wanted and _may_do(row, store)]
    if not same:
        return None
    now = split(plan)
    kept = [row for row in same if row.plan["data"].get("split", "") in {"", now}]
    return next((row for row in kept if row.state is RunState.DONE), kept[0] if kept else None)


def _may_do(row: RunRow, store: Store) -> bool:
    if row.state is RunState.DONE:
        return read_evaluation(store.run_folder(row.id)) is not None
    return not row.state.is_final


def _read(row: RunRow) -> dict[str, Any] | None:
    """What decides a run; None where its plan is of another version."""
    try:
        return _deciding(Plan(**row.plan))
    except (ValidationError, TypeError, UserError):
        return None


def _deciding(plan: Plan) -> dict[str, Any]:
    raw = plan.model_dump(mode="json", exclude={"name": True, "tracker": True, "data": {"name", "split"}})
    return raw | {"options": read_options(plan.method, plan.options).model_dump(mode="json")}
