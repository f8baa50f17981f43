"""Which tuning method suits these data best."""

import math

from core.strategy.methods import METHODS
from core.study.kind import Base, Finding, Kind, Results
from core.study.study import Variant
from core.study.verdict import choose


def default(base: Base) -> list[str]:
    """Take the methods that advice compares, the plan's own among them."""
    names = [name for name, method in METHODS.items() if method.advised or name == base.plan.method]
    return sorted(names, key=lambda name: name != base.plan.method)


def vary(base: Base, value: str) -> Variant:
    """Give the plan another method, with the learning rate and the options that suit it.

    Raises:
        NotFoundError: There is no such method.
    """
    method = METHODS[value]
    own = base.plan.method == value
    plan = base.plan if own else base.plan.model_copy(update=dict(base.swaps[value]))
    return Variant(label=method.title, at=None, plan=plan)


def conclude(results: Results) -> Finding | None:
    """Recommend the best method, or the quickest of those that cannot be told apart."""
    return choose(results, lambda it: math.inf if it.seconds is None else it.seconds, "the quickest to train")


KIND = Kind(
    name="methods",
    title="Compare methods",
    question="Which tuning method is best for these data?",
    values="names of methods",
    axis="",
    default=default,
    vary=vary,
    conclude=conclude,
    prunable=True,
)
