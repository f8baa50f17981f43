"""Figures for plotly.js, built as plain values from thinned curves; both themes recolour their text by the style sheet.

The values go to the browser as JSON, once per state of a run, and are shared by everyone who looks at it. Colours are
those of Okabe and Ito; a dash or a mark always says the same as the colour.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gradio.components.plot import PlotData

from ui import words
from ui.present import Point, RunView

BLUE, SKY, PURPLE, GREEN = "#0072B2", "#56B4E9", "#CC79A7", "#009E73"
AMBER, RED, GREY, YELLOW = "#E69F00", "#D55E00", "#7d8590", "#b8a30c"
SERIES = (BLUE, AMBER, GREEN, PURPLE, SKY, RED, GREY, YELLOW)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")
TALL, SHORT = 300, 170
MOST_POINTS = 150
"""Of one curve in a figure: a tick sends a few kB."""
SMALL_POINTS = 75
_TEXT, _LINE = "#5c6470", "rgba(125,133,144,0.22)"

Figure = dict[str, Any]


def drawn(figure: Figure) -> PlotData:
    """The figure as the page sends it."""
    return PlotData(type="plotly", plot=json.dumps(figure, allow_nan=False, separators=(",", ":")))


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> tuple[list[float], list[float | None]]:
    """At most about `most` points, the lowest and highest of each stretch among them; gaps stay gaps."""
    if not points:
        return [], []
    x = np.array([at for at, _ in points], dtype=float)
    y = np.array([np.nan if value is None else value for _, value in points], dtype=float)
    if len(x) > most:
        keep = {0, len(x) - 1}
        for part in np.array_split(np.arange(len(x)), max(1, most // 2)):
            values = y[part]
            if np.isnan(values).any():
                keep.add(int(part[int(np.isnan(values).argmax())]))
            if not np.isnan(values).all():
                keep.update((int(part[np.nanargmin(values)]), int(part[np.nanargmax(values)])))
        index = np.array(sorted(keep))
        x, y = x[index], y[index]
    places: list[float] = [int(at) if at.is_integer() else round(at, 2) for at in x.tolist()]
    return places, [None if np.isnan(value) else _short(float(value)) for value in y]


def _short(value: float) -> float:
    """Four digits, and no ".0": most of what a tick sends is numbers."""
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() else short


def loss(view: RunView, patience: str = "") -> Figure:
    """Training and validation loss by step, the best validation marked; `patience` says how far it is used up."""
    if not view.loss and not view.validation:
        return sentence("Loss", "The curve begins with the first step.", TALL)
    x, y = thinned(view.loss)
    data = [_line("training", x, y, BLUE, width=1.6, unit=" nats")]
    if view.validation:
        vx, vy = thinned([(at, value) for at, value, _ in view.validation])
        data.append(_line("validation", vx, vy, PURPLE, dash="dash", marks=True, unit=" nats"))
    layout = axes("Loss per answer token", "step", "nats", TALL)
    layout["xaxis"]["range"] = [0, max(view.total_steps, view.step, 1)]
    layout["yaxis"]["rangemode"] = "tozero"
    if view.best_step is not None and view.best_loss is not None:
        data.append(_best(view.best_step, view.best_loss))
        layout["shapes"] = [_vertical(view.best_step)]
        if patience:
            layout["annotations"] = [_note(patience)]
    return {"data": data, "layout": layout}


def memory(view: RunView, forecast_gib: float | None = None) -> Figure:
    """Memory by second, its forecast and the device's total as lines, and how busy that is; never empty."""
    if not view.memory:
        told = f"<br>The forecast is {words.gib(forecast_gib)}." if forecast_gib else ""
        return sentence("Memory", f"The first measurement comes with the worker.{told}", TALL)
    newest = view.memory[-1]
    title = "Memory of the device" if newest.kind == "gpu" else "Memory of the worker"
    x, y = thinned([(sample.seconds, sample.used_gib) for sample in view.memory])
    total = newest.total_gib
    top = max([value for value in y if value is not None] + [forecast_gib or 0.0]) * 1.2
    data = [_line("used, measured", x, y, BLUE, fill=True, unit=" GiB")]
    for field, name, colour, dash in _PARTS:
        if getattr(newest, field) is not None:
            part = thinned([(sample.seconds, getattr(sample, field)) for sample in view.memory], SMALL_POINTS)
            data.append(_line(name, *part, colour, dash=dash, width=1.6, unit=" GiB"))
    ends = [0, max(x[-1], 1.0)]
    if forecast_gib:
        data.append(_line("forecast peak", ends, [forecast_gib] * 2, AMBER, dash="dash", unit=" GiB"))
    near = total <= top * 2
    if near:
        data.append(_line("total", ends, [total] * 2, RED, dash="dot", unit=" GiB"))
        top = max(top, total * 1.05)
    layout = axes(f"{title}, of {words.gib(total)}", "seconds", "GiB", TALL)
    layout["yaxis"]["range"] = [0, top]
    _add_load(data, layout, view)
    return {"data": data, "layout": layout}


_PARTS = (
    ("reserved_gib", "reserved by the run", SKY, "solid"),
    ("allocated_gib", "in its tensors", GREEN, "dashdot"),
    ("others_gib", "others", PURPLE, "dash"),
)
"""Of a GPU's memory."""


def _add_load(data: list[dict[str, Any]], layout: dict[str, Any], view: RunView) -> None:
    """Draw how busy the device is on an axis of its own, where it tells."""
    points: list[Point] = [(sample.seconds, sample.utilisation_percent) for sample in view.memory]
    if all(share is None for _, share in points):
        return
    x, y = thinned(points, SMALL_POINTS)
    data.append(_line("busy", x, y, GREY, dash="dot", width=1.2, unit=" %") | {"yaxis": "y2"})
    title = {"text": "% busy", "font": {"size": 11.5}, "standoff": 6}
    on_the_right = {"overlaying": "y", "side": "right", "range": [0, 105], "showgrid": False, "nticks": 3}
    layout["yaxis2"] = layout["yaxis"] | on_the_right | {"title": title}


_SMALL = {
    "rate": ("Learning rate", BLUE),
    "norm": ("Gradient norm", GREY),
    "speed": ("Tokens per second", GREEN),
}


def small(view: RunView, which: str) -> Figure:
    """Learning rate ("rate"), gradient norm ("norm") or tokens per second ("speed") by step."""
    title, colour = _SMALL[which]
    points: tuple[Point, ...] = getattr(view, which)
    if not points:
        return sentence(title, "Begins with the first step.", SHORT)
    x, y = thinned(points, SMALL_POINTS)
    layout = axes(title, "step", "", SHORT)
    layout["xaxis"]["range"] = [0, max(view.total_steps, view.step, 1)]
    layout["yaxis"] |= {"rangemode": "tozero", "nticks": 4, "exponentformat": "e"}
    layout["showlegend"] = False
    return {"data": [_line(title, x, y, colour, width=1.6)], "layout": layout}


def compared(views: Mapping[str, RunView]) -> Figure:
    """The validation curves of several runs, by name."""
    if not any(view.validation for view in views.values()):
        return sentence("Validation loss", "Choose runs that have validated at least once.", TALL)
    data = []
    for index, (name, view) in enumerate(views.items()):
        x, y = thinned([(at, value) for at, value, _ in view.validation])
        look = index % len(SERIES)
        data.append(_line(_plain(name), x, y, SERIES[look], dash=DASHES[look], marks=True, unit=" nats"))
    layout = axes("Validation loss per answer token", "step", "nats", TALL + 40)
    layout["xaxis"]["rangemode"] = "tozero"
    return {"data": data, "layout": layout}


def sentence(title: str, told: str, height: int) -> Figure:
    """An empty figure of the full height that says what will come."""
    layout = axes(title, "", "", height)
    layout["xaxis"] = layout["yaxis"] = {"visible": False, "fixedrange": True}
    layout["annotations"] = [
        {"text": told, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "font": {"size": 13}}
    ]
    return {"data": [], "layout": layout}


def _line(  # noqa: PLR0913 - the look of a line
    name: str,
    x: Sequence[float],
    y: Sequence[float | None],
    colour: str,
    *,
    dash: str = "solid",
    width: float = 2.2,
    marks: bool = False,
    fill: bool = False,
    unit: str = "",
) -> dict[str, Any]:
    trace: dict[str, Any] = {
        "type": "scatter",
        "name": name,
        "x": list(x),
        "y": list(y),
        "mode": "lines+markers" if marks or len(x) == 1 else "lines",
        "line": {"color": colour, "width": width, "dash": dash},
        "marker": {"size": 6, "color": colour},
        "hovertemplate": f"%{{y:.4g}}{unit}<extra>{name}</extra>",
    }
    if fill:
        trace |= {"fill": "tozeroy", "fillcolor": "rgba(0,114,178,0.12)"}
    return trace


def _best(step: int, value: float) -> dict[str, Any]:
    mark = {"size": 13, "color": "rgba(0,0,0,0)", "line": {"color": GREEN, "width": 3}}
    return {
        "type": "scatter",
        "name": "best, kept",
        "x": [step],
        "y": [value],
        "mode": "markers",
        "marker": mark,
        "hovertemplate": f"{value:.4g} nats at step {step}<extra>best, kept</extra>",
    }


def _note(told: str) -> dict[str, Any]:
    """A sentence in the upper right corner of a figure."""
    place = {"xref": "paper", "yref": "paper", "x": 1, "y": 1, "xanchor": "right", "yanchor": "top"}
    return {"text": told, "showarrow": False, "font": {"size": 11.5}} | place


def _vertical(step: int) -> dict[str, Any]:
    line = {"color": GREEN, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": step, "x1": step, "y0": 0, "y1": 1, "line": line}


def axes(title: str, x: str, y: str, height: int) -> dict[str, Any]:
    """The layout that all figures share: title, axes' titles, and the height in pixels."""
    axis = {
        "gridcolor": _LINE,
        "zerolinecolor": _LINE,
        "linecolor": _LINE,
        "tickfont": {"size": 11},
        "fixedrange": True,
        "automargin": True,
    }
    place = {"x": 0.012, "xref": "container", "y": 0.975, "yanchor": "top"}
    # Of several lines plotly sets the first one's foot, not its top, at that height.
    pad = {"t": 10 if "<br>" in title else 0}
    return {
        "height": height,
        "autosize": True,
        "margin": {"l": 48, "r": 14, "t": 64 if height >= TALL else 34, "b": 40 if height >= TALL else 34},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": _TEXT},
        "title": {"text": title, "font": {"size": 13.5}, "pad": pad} | place,
        "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "font": {"size": 11.5}},
        "hovermode": "x unified",
        "hoverlabel": {"font": {"size": 12}},
        # Of one element only: Gradio makes a new one for each figure, in which fewtune.js puts the zoom back.
        "uirevision": "same",
        "dragmode": "zoom",
        "xaxis": axis | {"fixedrange": False, "title": {"text": x, "font": {"size": 11.5}, "standoff": 6}},
        "yaxis": axis | {"title": {"text": y, "font": {"size": 11.5}, "standoff": 6}},
    }


def _plain(name: str) -> str:
    """A name typed by a person, without plotly's own markup."""
    return words.shortened(name, 40).replace("<", "‹").replace(">", "›").replace("&", "＆").replace("%{", "%\u2009{")
