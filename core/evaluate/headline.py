"""The finding of a comparison as one sentence."""

from collections.abc import Mapping
from typing import Any

from core.evaluate.metrics.metric import Measure

CERTAIN = 0.05
"""Highest p-value that is still called a difference."""
_MOST_ROWS = 100_000
"""A difference that takes more rows than these to be seen is none for a person."""


def tells_apart(result: Mapping[str, Any]) -> bool:
    """Whether the rows are enough to say which model is better: interval beyond zero, and the test agrees.

    Both are asked because a bootstrap over very few rows is too sure of itself; the exact test is not.
    """
    low, high = result["interval"]
    return not low <= 0 <= high and result["p_value"] < CERTAIN


def headline(metric: Measure, result: Mapping[str, Any], rows: int, needed: int | None = None) -> str:
    """What the comparison found: "Better by 77 points (72 to 82): 8 % before, 85 % after, on 300 rows nobody ...".

    `needed` is about how many rows would tell such a difference, where these cannot.
    """
    base, tuned, (low, high) = result["base"], result["tuned"], result["interval"]
    decimals = 0 if abs(tuned - base) >= 0.1 and _adds_up(base, tuned) else 1
    before_after = f"{metric.show(base, decimals)} before, {metric.show(tuned, decimals)} after"
    if not tells_apart(result):
        these = f"These {rows} rows" if rows != 1 else "This one row"
        return f"{these} cannot tell the two apart{_would(needed, rows)}: {before_after}"
    near, far = sorted((abs(low), abs(high)))
    scale = 100 if metric.unit == "%" else 1
    span = f"{near * scale:.{decimals}f} to {far * scale:.{decimals}f}" if scale == 100 else f"{near:.3g} to {far:.3g}"
    by = metric.show_difference(tuned - base, decimals)
    return f"{_direction(metric, tuned > base)} by {by} ({span}): {before_after}, on {rows} rows nobody trained on"


def against(metric: Measure, result: Mapping[str, Any], rows: int, needed: int | None, title: str) -> str:
    """The tuned model beside something else, under "base" in `result`, on the same rows: a sentence."""
    other, tuned, (low, high) = result["base"], result["tuned"], result["interval"]
    decimals = 0 if abs(tuned - other) >= 0.1 and _adds_up(other, tuned) else 1
    both = f"{metric.show(tuned, decimals)} against {metric.show(other, decimals)}"
    if not tells_apart(result):
        these = f"These {rows:,} rows" if rows != 1 else "This one row"
        return f"{these} cannot tell the tuned model and {title} apart{_would(needed, rows)}: {both}."
    near, far = sorted((abs(low), abs(high)))
    scale = 100 if metric.unit == "%" else 1
    span = f"{near * scale:.{decimals}f} to {far * scale:.{decimals}f}" if scale == 100 else f"{near:.3g} to {far:.3g}"
    by = metric.show_difference(tuned - other, decimals)
    return f"{_direction(metric, tuned > other)} than {title} by {by} ({span}): {both}, on the same {rows:,} rows."


def _direction(metric: Measure, more: bool) -> str:  # noqa: FBT001 - which way
    if metric.higher_is_better is None:
        return "More" if more else "Less"
    return "Better" if more == metric.higher_is_better else "Worse"


def _would(needed: int | None, rows: int) -> str:
    """About how many rows it takes, to two digits; nothing where that is no answer."""
    if needed is None or needed > _MOST_ROWS:
        return ""
    needed = max(needed, rows + 1)
    step = 10 ** max(0, len(str(needed)) - 2)
    return f"; about {-(-needed // step) * step:,} would"


def nothing_held_out() -> str:
    """What stands there when the plan keeps no test rows."""
    return "No rows were held out for scoring, so nothing was compared"


def _adds_up(base: float, tuned: float) -> bool:
    """Whether the rounded percentages differ by the rounded difference, as a reader will check."""
    return round(tuned * 100) - round(base * 100) == round((tuned - base) * 100)
