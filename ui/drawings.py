"""Small figures in markup, drawn by the style sheet: bars, strips and tables that follow the theme by themselves."""

from collections.abc import Mapping, Sequence
from typing import Any

from ui import words
from ui.markup import text

_SHADES = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k")
_PARTS = {
    "weights": ("weights", "the model itself"),
    "adapter": ("adapter", "the weights that are added to it and learn"),
    "optimizer": ("optimizer", "two numbers that AdamW keeps for each weight that learns"),
    "dequantisation": ("unpacked weights", "one layer's 4-bit weights at a time, as they are computed with"),
    "gradients": ("gradients", "how each weight that learns has to change"),
    "activations": ("activations", "what the forward pass keeps for the backward pass"),
    "copies": ("bf16 copies", "weights as they are multiplied"),
    "logits": ("logits", "the output layer's scores for every token of the vocabulary"),
    "temporary": ("temporary results", "gradients on their way through a layer"),
    "validation": ("validation", "what validating takes beyond a training step"),
    "runtime": ("libraries", "Python, torch and what they need to run"),
}
"""Of a memory forecast: name and meaning of each part."""
_FAR = 0.25
"""A forecast smaller than this share of the free memory is drawn on a scale of its own."""
_MOST_LABELS = 24


def memory_bar(parts: Mapping[str, float], available: float, where: str) -> str:
    """A stacked bar of GiB by part, against the line of what is free, with its legend."""
    shown = {name: value for name, value in parts.items() if value > 0}
    total = sum(shown.values())
    near = total >= _FAR * available
    scale = max(available, total) * 1.02 if near else total * 1.25
    pieces, legend = [], []
    for index, (name, value) in enumerate(sorted(shown.items(), key=lambda part: -part[1])):
        shade = _SHADES[index % len(_SHADES)]
        title = f"{named(name)}: {words.gib(value)}"
        pieces.append(
            f"<span class='ft-part {shade}' style='width:{_share(value, scale)}' title='{text(title)}'></span>"
        )
        legend.append(
            f"<li><span class='ft-dot {shade}'></span>{text(named(name))} <b>{text(words.gib(value))}</b></li>"
        )
    tone = "bad" if total > available else ""
    line = f"<span class='ft-limit' style='left:{_share(available, scale)}'></span>" if near else ""
    free = f"{words.gib(available)} free on the {where}" if where == "GPU" else f"{words.gib(available)} of memory free"
    end = text(free) if near else text(f"{free}, far to the right")
    return (
        f"<div class='ft-memory {tone}' role='img' title='{text(f'{words.gib(total)} forecast, {free}')}'>"
        f"<div class='ft-bar'>{''.join(pieces)}{line}</div><div class='ft-bar-end'>{end}</div>"
        f"<ul class='ft-legend'>{''.join(legend)}</ul></div>"
    )


def thin_bar(value: float, limit: float, title: str = "") -> str:
    """One value against a limit: full is the limit."""
    tone = "bad" if value > limit else "amber" if value > 0.9 * limit else ""
    return (
        f"<div class='ft-bar thin {tone}' title='{text(title)}'>"
        f"<span class='ft-part a' style='width:{_share(value, max(limit, 1e-9))}'></span></div>"
    )


def progress(fraction: float | None, tone: str = "", label: str = "Progress") -> str:
    """The progress bar; one that moves by itself where nobody can know how far."""
    if fraction is None:
        return f"<div class='ft-progress unknown {tone}' role='progressbar' title='{text(label)}'><span></span></div>"
    return (
        f"<div class='ft-progress {tone}' role='progressbar' title='{text(label)}: {fraction:.0%}'>"
        f"<span style='width:{_share(fraction, 1)}'></span></div>"
    )


def bars(rows: Sequence[tuple[str, float, str]]) -> str:
    """Horizontal bars: name, length, and what to write behind it."""
    most = max((value for _, value, _ in rows), default=0) or 1
    lines = "".join(
        f"<div class='ft-row'><span class='ft-row-name' title='{text(name)}'>{text(name)}</span>"
        f"<span class='ft-bar thin'><span class='ft-part a' style='width:{_share(value, most)}'></span></span>"
        f"<span class='ft-row-value'>{text(told)}</span></div>"
        for name, value, told in rows
    )
    return f"<div class='ft-bars'>{lines}</div>"


def histogram(heights: Sequence[tuple[int, int]], limit: int, unit: str) -> str:
    """Columns over a scale from 0; what lies beyond `limit` is marked, and so is the limit where it is on the scale."""
    most = max((rows for _, rows in heights), default=0) or 1
    end = heights[-1][0] if heights else 1
    columns = "".join(
        f"<span class='{'over' if upper > limit else ''}' style='height:{_share(rows, most)}' "
        f"title='{text(f'up to {upper:,} {unit}: ' + words.counted(rows, 'row'))}'></span>"
        for upper, rows in heights
    )
    mark = f"<span class='ft-limit' style='left:{_share(limit, end)}'></span>" if limit < end else ""
    scale = f"<div class='ft-scale'><span>0</span><span>{text(f'{end:,} {unit}')}</span></div>"
    return f"<div class='ft-histogram' role='img'><div class='ft-heights'>{columns}{mark}</div>{scale}</div>"


def strip(
    title: str,
    about: str,
    values: Mapping[str, Any],
    spans: Mapping[str, Sequence[float]],
    others: Sequence[tuple[str, float]] = (),
    *,
    shares: bool,
) -> str:
    """One metric: base and tuned as points on a line, each with its interval, and `others` as ticks."""
    base, tuned = values.get("base"), values.get("tuned")
    if base is None or tuned is None:
        return ""
    ends = [base, tuned, *spans.get("base", ()), *spans.get("tuned", ()), *(value for _, value in others)]
    low, high = (0.0, 1.0) if shares else (0.0, max(ends) * 1.1 or 1.0)
    write = words.percent if shares else words.number
    lines = "".join(
        _point(side, value, spans.get(side), (low, high), write(value))
        for side, value in (("base", base), ("tuned", tuned))
    )
    lines += "".join(_tick(name, value, (low, high), write(value)) for name, value in others)
    scale = f"<div class='ft-scale'><span>{text(write(low))}</span><span>{text(write(high))}</span></div>"
    head = f"<div class='ft-strip-title' title='{text(about)}'>{text(title)}</div>"
    return f"<div class='ft-strip'>{head}{lines}{scale}</div>"


def _point(side: str, value: float, span: Sequence[float] | None, ends: tuple[float, float], told: str) -> str:
    low, high = ends
    width = high - low
    at = _share(value - low, width)
    band = ""
    if span:
        band = (
            f"<span class='ft-span' style='left:{_share(span[0] - low, width)};"
            f"width:{_share(max(0.0, span[1] - span[0]), width)}'></span>"
        )
    return (
        f"<div class='ft-axis {side}'><span class='ft-axis-name'>{side}</span><span class='ft-axis-line'>{band}"
        f"<span class='ft-point' style='left:{at}'></span></span><span class='ft-axis-value'>{text(told)}</span></div>"
    )


def _tick(name: str, value: float, ends: tuple[float, float], told: str) -> str:
    at = _share(value - ends[0], ends[1] - ends[0])
    return (
        f"<div class='ft-axis other'><span class='ft-axis-name'>{text(name)}</span><span class='ft-axis-line'>"
        f"<span class='ft-tick-mark' style='left:{at}'></span></span>"
        f"<span class='ft-axis-value'>{text(told)}</span></div>"
    )


def confusion(labels: Sequence[str], counts: Sequence[Sequence[int]], title: str) -> str:
    """Reference by answer, each cell shaded by its share of the row."""
    if len(labels) > _MOST_LABELS:
        return f"<p class='ft-below'>{text(f'{len(labels)} labels are too many for a table.')}</p>"
    columns = [*labels, *([""] * (max((len(row) for row in counts), default=0) - len(labels)))]
    head = "".join(
        f"<th title='{text(label or 'none of them')}'>{text(_short(label or 'other'))}</th>" for label in columns
    )
    body = ""
    for index, (label, row) in enumerate(zip(labels, counts, strict=False)):
        total = sum(row) or 1
        cells = "".join(_cell(count, total, right=index == column) for column, count in enumerate(row))
        body += f"<tr><th title='{text(label)}'>{text(words.shortened(label, 26))}</th>{cells}</tr>"
    return (
        f"<div class='ft-confusion'><div class='ft-strip-title'>{text(title)}</div><div class='ft-scroll'><table>"
        f"<thead><tr><th class='ft-corner'>true \\ answered</th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div></div>"
    )


def _cell(count: int, total: int, *, right: bool) -> str:
    share = count / total
    tone = "right" if right else "wrong"
    weight = "strong" if share > 0.55 else ""
    shown = str(count) if count else "·"
    return f"<td class='{tone} {weight}' style='--share:{share:.2f}' title='{share:.0%} of this row'>{shown}</td>"


def table(head: Sequence[str], rows: Sequence[tuple[Sequence[str], str]], classes: str = "") -> str:
    """A plain table of text; each row brings a class of its own ("lit")."""
    top = "".join(f"<th>{text(name)}</th>" for name in head)
    body = "".join(
        f"<tr class='{look}'>{''.join(f'<td>{text(cell)}</td>' for cell in cells)}</tr>" for cells, look in rows
    )
    inside = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f"<div class='ft-scroll'><table class='ft-table {classes}'>{inside}</table></div>"


def _short(label: str) -> str:
    return words.shortened(label, 18)


def named(part: str) -> str:
    """A part of a memory forecast as people call it."""
    return _PARTS[part][0] if part in _PARTS else part.replace("_", " ")


def meaning(part: str) -> str:
    """What such a part is; empty where there is no more to say than its name."""
    return _PARTS[part][1] if part in _PARTS else ""


def _share(value: float, whole: float) -> str:
    return f"{min(100.0, max(0.0, 100 * value / whole)) if whole else 0:.2f}%"
