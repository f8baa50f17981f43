"""Curves as a drawing that stands in the document itself."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDE, _HIGH, _LEFT, _BELOW, _ABOVE = 860, 260, 52, 28, 12
_MOST = 600
"""Points of one curve: more are not seen."""

Points = Sequence[tuple[int, float]]


def drawn(series: Mapping[str, Points]) -> str:
    """An SVG of all curves on one scale; the first thin, the others with points."""
    points = [point for one in series.values() for point in one]
    if not points:
        return ""
    steps, values = [step for step, _ in points], [value for _, value in points]
    ends = min(steps), max(steps), min(0.0, *values), max(values) or 1.0
    lines = "".join(_line(number, thinned(one), ends) for number, one in enumerate(series.values()) if one)
    told = "; ".join(f"{name}: {one[0][1]:.3g} to {one[-1][1]:.3g}" for name, one in series.items() if one)
    legend = "".join(
        f"<text x='{_WIDE - 340 + 160 * number}' y='{_ABOVE + 6}'>{'thin' if number == 0 else 'with points'}: "
        f"{escape(name)}</text>"
        for number, name in enumerate(series)
    )
    return (
        f"<svg viewBox='0 0 {_WIDE} {_HIGH}' role='img' aria-label='{escape(told, quote=True)}'>"
        f"{_scale(ends)}{lines}{legend}</svg>"
    )


def thinned(points: Points) -> Points:
    """Every n-th point and the last, so that a long run stays small."""
    if len(points) <= _MOST:
        return points
    every = -(-len(points) // _MOST)
    return [*points[::every], points[-1]]


def _scale(ends: tuple[int, int, float, float]) -> str:
    first, last, low, high = ends
    frame = f"<path class='axis' d='M{_LEFT} {_ABOVE}V{_HIGH - _BELOW}H{_WIDE - 8}'/>"
    marks = "".join(
        f"<text x='{_LEFT - 6}' y='{_y(value, ends) + 4:.0f}' text-anchor='end'>{value:.3g}</text>"
        for value in (low, (low + high) / 2, high)
    )
    marks += "".join(
        f"<text x='{_x(step, ends):.0f}' y='{_HIGH - 8}' text-anchor='{anchor}'>step {step:,}</text>"
        for step, anchor in ((first, "start"), (last, "end"))
    )
    return frame + marks


def _line(number: int, points: Points, ends: tuple[int, int, float, float]) -> str:
    path = "M" + "L".join(f"{_x(step, ends):.1f} {_y(value, ends):.1f}" for step, value in points)
    if number == 0:
        return f"<path class='first' d='{path}'/>"
    dots = "".join(f"<circle class='point' cx='{_x(s, ends):.1f}' cy='{_y(v, ends):.1f}' r='3'/>" for s, v in points)
    return f"<path class='second' d='{path}'/>{dots}"


def _x(step: int, ends: tuple[int, int, float, float]) -> float:
    first, last = ends[:2]
    return _LEFT + (_WIDE - 8 - _LEFT) * ((step - first) / (last - first) if last > first else 0.5)


def _y(value: float, ends: tuple[int, int, float, float]) -> float:
    low, high = ends[2:]
    return (_HIGH - _BELOW) - (_HIGH - _BELOW - _ABOVE) * ((value - low) / (high - low) if high > low else 0.5)
