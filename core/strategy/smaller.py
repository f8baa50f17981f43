"""The next smaller plan: less memory, and the same rows in every optimizer step."""

from core.strategy.methods import METHODS, read_options
from core.strategy.plan import Plan

_LAST = "qlora"
"""What is left when rows come one at a time and nothing is kept of them."""
_MOST_PASSES = 512


def smaller(plan: Plan) -> Plan | None:
    """The plan after the first of these that is still to be done; None where none is left.

    Fewer rows at a time, at most half as many, and more passes; activations computed twice; the base model in 4 bits.
    """
    rows = plan.rows_per_step
    size = next((size for size in range(plan.batch_size // 2, 0, -1) if rows % size == 0), 0)
    if size and rows // size <= _MOST_PASSES:
        return plan.model_copy(update={"batch_size": size, "accumulation": rows // size})
    if not plan.gradient_checkpointing:
        return plan.model_copy(update={"gradient_checkpointing": True})
    if plan.method == _LAST:
        return None
    known = METHODS[_LAST].options.model_fields
    options = read_options(_LAST, {name: value for name, value in plan.options.items() if name in known})
    rate = plan.learning_rate * METHODS[_LAST].learning_rate / METHODS[plan.method].learning_rate
    changed = {"method": _LAST, "options": options.model_dump(), "learning_rate": min(0.1, rate)}
    return plan.model_copy(update=changed)


def told(plan: Plan, then: Plan) -> str:
    """What `then`, which `smaller` made of `plan`, does otherwise, as something to do."""
    if then.method != plan.method:
        return f"Choose {METHODS[then.method].title}, which holds the base model in 4 bits."
    if then.gradient_checkpointing != plan.gradient_checkpointing:
        return "Switch on recompute activations."
    return (
        f"Set batch size to {then.batch_size} and accumulation to {then.accumulation}: the same rows per step in less "
        "memory."
    )
