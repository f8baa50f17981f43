"""The figure of a study: each variant's score with its interval, and the curve where there is one."""

import textwrap
from collections.abc import Sequence
from typing import Any

from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Measure
from core.study.curve import Curve
from core.study.kinds import KINDS
from core.study.outcome import Outcome
from core.study.report import Report
from ui import plots, studysheet, words
from ui.plots import AMBER, BLUE, GREEN, GREY, Figure

HEIGHT = 380
LINE = 33
"""Letters of a line of the title that a page of 390 pixels has room for, bold and in a wide typeface."""
_TITLE_LINE, _LEGEND_LINE = 17, 19
"""Pixels."""
_BAND = "rgba(0,114,178,0.14)"
_CURVE_POINTS = 60
_FURTHER = 1.5
"""How far beyond the most rows the curve is drawn."""


def figure(report: Report) -> Figure:
    """What the study found so far; its title is the finding."""
    kind = KINDS[report.study.kind]
    scored = [it for it in report.outcomes if it.score is not None]
    if not scored or not report.primary:
        told = _wrapped("The first score appears when the first run has ended.")
        return plots.sentence(_wrapped(kind.question), told, HEIGHT)
    measure = METRICS[report.primary]
    title = _wrapped(words.shortened(studysheet.found(report), 130))
    scale = 100.0 if measure.unit == "%" else 1.0
    layout = plots.axes(title, kind.axis, f"{measure.title}{', %' if scale > 1 else ''}", HEIGHT)
    ordered = [it for it in scored if it.at is not None] if kind.axis else []
    if ordered:
        untuned = next((it for it in scored if not it.run), None)
        data, shapes = _along(ordered, measure, scale, report.finding.curve if report.finding else None), []
        if untuned is not None and untuned.score is not None:
            shapes = [_level(scale * untuned.score)]
            layout["annotations"] = [_beside(scale * untuned.score)]
        layout["shapes"] = shapes
    else:
        data = [_points([it.label for it in scored], scored, measure, scale)]
        layout["xaxis"] |= {"type": "category", "fixedrange": True}
    layout["hovermode"] = "closest"
    named = sum(it.get("showlegend", True) for it in data)
    # Else a long title runs into the legend, whose names stand one above the other on a narrow page.
    layout["margin"]["t"] += max(0, _TITLE_LINE * title.count("<br>") - 9) + _LEGEND_LINE * max(0, named - 1)
    return {"data": data, "layout": layout}


def _wrapped(sentence: str) -> str:
    return "<br>".join(textwrap.wrap(sentence, LINE))


def _along(scored: Sequence[Outcome], measure: Measure, scale: float, curve: Curve | None) -> list[dict[str, Any]]:
    places = [float(it.at or 0.0) for it in scored]
    alike = [it for it in scored if not it.aside]
    data: list[dict[str, Any]] = []
    if curve is not None:
        low, high = min(places), _FURTHER * max(places)
        at = [low + (high - low) * step / (_CURVE_POINTS - 1) for step in range(_CURVE_POINTS)]
        bands = [curve.band(size) for size in at]
        edge = [*(scale * band[1] for band in bands), *(scale * band[0] for band in reversed(bands))]
        data.append(
            {
                "type": "scatter",
                "name": "fitted curve, 95 %",
                "x": [*at, *reversed(at)],
                "y": [round(value, 3) for value in edge],
                "fill": "toself",
                "fillcolor": _BAND,
                "line": {"width": 0},
                "mode": "lines",
                "hoverinfo": "skip",
            }
        )
        fitted = [round(scale * curve.at(size), 3) for size in at]
        line = {"color": BLUE, "width": 2, "dash": "dash"}
        shown = {"mode": "lines", "line": line, "showlegend": False}
        data.append({"type": "scatter", "name": "fitted", "x": at, "y": fitted} | shown)
    apart = [it for it in scored if it.aside]
    drawn = [_points([float(it.at or 0.0) for it in one], one, measure, scale) for one in (alike, apart) if one]
    return [*data, *drawn]


def _points(places: Sequence[float | str], scored: Sequence[Outcome], measure: Measure, scale: float) -> dict[str, Any]:
    aside = next((it.aside for it in scored), "")
    values = [scale * (it.score or 0.0) for it in scored]
    spans = [it.interval or (it.score or 0.0, it.score or 0.0) for it in scored]
    return {
        "type": "scatter",
        "name": aside or "measured, 95 %",
        "x": list(places),
        "y": values,
        "mode": "markers",
        "marker": {
            "size": 11,
            "color": [GREEN if aside else BLUE if it.run or it.together else GREY for it in scored],
            "symbol": "diamond" if aside else "circle",
        },
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, scale * high - value) for (_, high), value in zip(spans, values, strict=True)],
            "arrayminus": [max(0.0, value - scale * low) for (low, _), value in zip(spans, values, strict=True)],
            "color": GREY,
            "thickness": 1.6,
        },
        "text": [f"{it.label}: {measure.show(it.score or 0.0, 1)}" for it in scored],
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": bool(aside),
    }


def _level(value: float) -> dict[str, Any]:
    line = {"color": AMBER, "width": 1.4, "dash": "dot"}
    return {"type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": value, "y1": value, "line": line}


def _beside(value: float) -> dict[str, Any]:
    place = {"xref": "paper", "x": 1, "yref": "y", "y": value, "xanchor": "right", "yanchor": "bottom"}
    return {"text": "untuned", "showarrow": False, "font": {"size": 11.5}} | place
