"""How large the trainable matrices need to be."""

import math

from core.errors import SettingsError
from core.strategy.methods import METHODS
from core.study.kind import Base, Finding, Kind, Results
from core.study.number import whole
from core.study.study import Variant
from core.study.verdict import choose

_USUAL = (4, 8, 16, 32)


def default(base: Base) -> list[str]:
    """Take the usual ranks, the plan's own among them."""
    own = base.plan.options.get("rank")
    return [str(rank) for rank in sorted({*_USUAL, *([own] if isinstance(own, int) else [])})]


def vary(base: Base, value: str) -> Variant:
    """Give the plan another rank.

    Raises:
        SettingsError: The value is no rank, or the plan's method has none.
    """
    method = METHODS[base.plan.method]
    if "rank" not in method.options.model_fields:
        raise SettingsError({"method": f"{method.title} has no rank"}, "Choose a method with one, LoRA or QLoRA.")
    rank = whole(value, "rank", 1)
    plan = base.plan.model_copy(update={"options": base.plan.options | {"rank": rank}})
    return Variant(label=f"rank {rank}", at=float(rank), plan=plan)


def conclude(results: Results) -> Finding | None:
    """Recommend the best rank, or the lowest of those that cannot be told apart."""
    return choose(results, lambda it: math.inf if it.at is None else it.at, "the smallest")


KIND = Kind(
    name="rank",
    title="Vary the rank",
    question="How large must the trainable matrices be?",
    values="ranks",
    axis="rank",
    default=default,
    vary=vary,
    conclude=conclude,
    prunable=True,
)
