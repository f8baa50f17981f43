"""Reasons of the choices that are the same for all data, from `matrix.yaml`."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.strategy.choices import Reason
from core.strategy.matrix import data, sourced
from core.strategy.plan import Plan


def settled(plan: Plan) -> Iterator[Reason]:
    """A reason for what is learned, and for each setting of plan and method that follows no number of the data."""
    rules: Mapping[str, Mapping[str, Any]] = data()["settled"]
    kind = "class_" if plan.head == "class" else "text_" if plan.data.format == "plain_text" else ""
    yield _reason("objective", rules[f"{kind}objective"], None)
    for name, value in {**plan.options, **plan.model_dump(exclude={"options"})}.items():
        rule = rules.get(name) or rules.get(f"{name}.{value}")
        if rule is not None:
            yield _reason(name, rule, value)


def _reason(choice: str, rule: Mapping[str, Any], value: Any) -> Reason:  # noqa: ANN401 - of any setting
    source = sourced(rule)["source"] if "section" in rule else rule["source"]
    return Reason(choice=choice, because=rule["because"].format(value=value), source=source)
