"""Values with their intervals as a drawing that stands in the document itself."""

from html import escape

from core.document.parts import Mark, Marks

_WIDE, _HIGH, _LEFT, _BELOW, _ABOVE, _MARGIN = 860, 300, 58, 46, 14, 46


def marked(block: Marks) -> str:
    """An SVG of all values, each with its interval; one that stands apart is a diamond."""
    if not block.marks:
        return ""
    places = [mark.at if block.axis else float(number) for number, mark in enumerate(block.marks)]
    heights = [end for mark in block.marks for end in (mark.low, mark.high, mark.value)]
    heights += [value for _, value in block.line]
    span = max(heights) - min(heights) or 1.0
    ends = (min(places), max(places), min(heights) - 0.05 * span, max(heights) + 0.05 * span)
    told = "; ".join(f"{it.label}: {it.value:.3g} ({it.low:.3g} to {it.high:.3g})" for it in block.marks)
    return (
        f"<svg viewBox='0 0 {_WIDE} {_HIGH}' role='img' aria-label='{escape(told, quote=True)}'>"
        f"{_scale(block, ends)}{_line(block, ends)}"
        f"{''.join(_mark(mark, at, block, ends) for mark, at in zip(block.marks, places, strict=True))}</svg>"
    )


def _scale(block: Marks, ends: tuple[float, float, float, float]) -> str:
    low, high = ends[2:]
    frame = f"<path class='axis' d='M{_LEFT} {_ABOVE}V{_HIGH - _BELOW}H{_WIDE - 8}'/>"
    marks = "".join(
        f"<text x='{_LEFT - 6}' y='{_y(value, ends) + 4:.0f}' text-anchor='end'>{value:.3g}</text>"
        for value in (low, (low + high) / 2, high)
    )
    unit = f"<text x='{_LEFT + 6}' y='{_ABOVE + 8}'>{escape(block.unit)}</text>"
    axis = f"<text x='{_WIDE - 8}' y='{_HIGH - 4}' text-anchor='end'>{escape(block.axis)}</text>"
    return frame + marks + unit + axis


def _mark(mark: Mark, at: float, block: Marks, ends: tuple[float, float, float, float]) -> str:
    x, y = _x(at, ends), _y(mark.value, ends)
    reach = f"<path class='reach' d='M{x:.1f} {_y(mark.low, ends):.1f}V{_y(mark.high, ends):.1f}'/>"
    shape = (
        f"<path class='apart' d='M{x:.1f} {y - 7:.1f}l7 7l-7 7l-7 -7z'/>"
        if mark.apart
        else f"<circle class='point' cx='{x:.1f}' cy='{y:.1f}' r='5'/>"
    )
    below = f"{mark.at:,.0f}" if block.axis else mark.label
    name = "" if mark.apart else f"<text x='{x:.1f}' y='{_HIGH - 26}' text-anchor='middle'>{escape(below)}</text>"
    return reach + shape + name


def _line(block: Marks, ends: tuple[float, float, float, float]) -> str:
    if not block.line:
        return ""
    path = "M" + "L".join(f"{_x(at, ends):.1f} {_y(value, ends):.1f}" for at, value in block.line)
    return f"<path class='fitted' d='{path}'/>"


def _x(at: float, ends: tuple[float, float, float, float]) -> float:
    first, last = ends[:2]
    room = _WIDE - 8 - _LEFT - 2 * _MARGIN
    return _LEFT + _MARGIN + room * ((at - first) / (last - first) if last > first else 0.5)


def _y(value: float, ends: tuple[float, float, float, float]) -> float:
    low, high = ends[2:]
    return (_HIGH - _BELOW) - (_HIGH - _BELOW - _ABOVE) * ((value - low) / (high - low) if high > low else 0.5)
