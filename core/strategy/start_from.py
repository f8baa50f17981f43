"""Which settings of a plan must be the same for a new run to start from an earlier run's weights."""

from core.strategy.plan import Plan

_HARMLESS = frozenset({"options.dropout"})
"""Options that change how the weights are trained, and not what they mean."""


def shaping(setting: str) -> bool:
    """Whether a setting ("model", "options.rank") gives the weights their shape or meaning."""
    return setting in {"model", "method", "head"} or (setting.startswith("options.") and setting not in _HARMLESS)


def unlike(before: Plan, after: Plan) -> dict[str, str]:
    """Settings in which `after` cannot take over weights of `before`, each with both values in words."""
    old, new = _settings(before), _settings(after)
    return {
        name: f"{old.get(name)!r} there, {new.get(name)!r} here"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }


def _settings(plan: Plan) -> dict[str, object]:
    flat = {"model": plan.model, "method": plan.method, "head": plan.head} | {
        f"options.{k}": v for k, v in plan.options.items()
    }
    return {name: value for name, value in flat.items() if shaping(name)}
