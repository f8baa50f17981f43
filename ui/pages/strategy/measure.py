"""The time forecast beside the memory forecast, and the button that measures the speed by a few real steps."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core.errors import BusyError, UserError
from core.strategy.time_forecast import TimeForecast
from ui import markup, notices, timesheet
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.strategy.sheet import look
from ui.tab import STRATEGY, Tab, asked, quiet

_SECONDS = 0.5
"""Between two looks at how far it is."""


@dataclass(frozen=True, slots=True)
class Place:
    """What shows the time and how far a measurement is."""

    told: gr.Markdown
    going: gr.Column
    progress: gr.Markdown
    begin: gr.Button
    ticking: gr.Timer
    stage: gr.State
    """Of the measuring that is drawn."""
    stop: gr.Button

    @property
    def drawn(self) -> list[Any]:
        """What `drawn` has updates for."""
        return [self.told, self.going, self.progress, self.stop, self.begin, self.ticking, self.stage]


def place() -> Place:
    """Place the forecast of time into the current block."""
    told = markup.view()
    with gr.Column(visible=False, elem_id="ft-measuring") as going:
        progress = markup.view()
        stop = gr.Button("Stop measuring", size="sm", elem_classes=["ft-quiet"], elem_id="ft-stop-measuring")
    begin = gr.Button("Measure the speed", size="sm", visible=False, elem_id="ft-measure")
    return Place(told, going, progress, begin, gr.Timer(_SECONDS, active=False), gr.State(""), stop)


def price(desk: Desk, page: list[Any], draw: Callable[[Desk], list[Any]]) -> gr.Textbox:
    """Place the box for what the machine costs; `page` is what `draw` updates."""
    box = gr.Textbox(
        elem_classes=["ft-setting"],
        label="Price of this machine per hour (optional)",
        info="The forecast of time then says what the run costs, in the same money.",
        max_lines=1,
        max_length=20,
        elem_id="ft-price",
    )
    # A pasted price is one change without a key: only leaving the field tells of it.
    gr.on([box.input, box.blur], partial(on_priced, desk, draw), box, page, **quiet())
    return box


def connect(desk: Desk, tab: Tab, here: Place, page: list[Any], draw: Callable[[Desk], list[Any]]) -> None:
    """Connect the button, and follow a measurement that this or another tab began; `page` is what `draw` updates."""
    here.begin.click(partial(on_measure_wanted, desk, draw), None, page, **asked())
    here.stop.click(partial(on_stopped, desk, draw), None, page, **asked())
    here.ticking.tick(partial(on_tick, desk, here, draw), None, page, **quiet(trigger_mode="once"))
    tab.pulse.change(partial(on_pulsed, desk, draw), [tab.step, here.stage], page, **quiet())


def price_of(desk: Desk) -> float | None:
    """The price that was typed; none where it is not one, which the forecast says."""
    try:
        return timesheet.price_of(str(desk.draft()["price"]))
    except UserError:
        return None


def drawn(desk: Desk, time: TimeForecast | None) -> list[Any]:
    """Updates of the place, for the plan that takes `time`."""
    told = timesheet.forecast(time, str(desk.draft()["price"]))
    ending = timesheet.ending(desk.measuring.said, desk.measuring.error)
    label = "Measure the speed" if time is None else "Measure again"
    idle = gr.Button(label, visible=True, interactive=desk.engine.active() is None)
    return [told, *_going(desk, ending, idle)]


def nothing(desk: Desk) -> list[Any]:
    """Updates of the place while there is no plan to measure."""
    return ["", *_going(desk, "", gr.Button(visible=False))]


def _going(desk: Desk, ending: str, idle: gr.Button) -> list[Any]:
    stage, going = desk.measuring.stage, desk.measuring.look()
    if going is None:
        return [gr.Column(visible=bool(ending)), ending, gr.Button(visible=False), idle, gr.Timer(active=False), stage]
    stop, button = gr.Button(visible=True), gr.Button(visible=False)
    return [gr.Column(visible=True), timesheet.progress(*going), stop, button, gr.Timer(active=True), stage]


@guarded
def on_measure_wanted(desk: Desk, draw: Callable[[Desk], list[Any]]) -> Any:  # noqa: ANN401 - updates of the page
    """Begin to measure the plan as it stands.

    Raises:
        UserError: The plan is not complete, or its model cannot be had.
    """
    sheet = look(desk)
    if sheet.plan is None:
        raise sheet.error or UserError("There is no plan to measure yet.", "Choose data first.")
    if desk.prompts.look() is not None:
        both = BusyError("A prompt is being tried, and the speed would be wrong.", "Wait for its end, or stop it.")
        notices.show(both, title="Not now")
        return draw(desk)
    try:
        desk.measuring.begin(sheet.plan)
    except BusyError as error:
        job = desk.engine.active()
        notices.show(error, title="Not now", link=(job.run_id, "Show the run") if job else None)
    return draw(desk)


@guarded
def on_stopped(desk: Desk, draw: Callable[[Desk], list[Any]]) -> Any:  # noqa: ANN401
    """Stop measuring."""
    desk.measuring.stop()
    return draw(desk)


@guarded
def on_tick(desk: Desk, here: Place, draw: Callable[[Desk], list[Any]]) -> Any:  # noqa: ANN401
    """Say how far it is; at the end, draw what is known now."""
    going = desk.measuring.look()
    return draw(desk) if going is None else {here.progress: timesheet.progress(*going)}


@guarded
def on_pulsed(desk: Desk, draw: Callable[[Desk], list[Any]], step: int, stage: str) -> Any:  # noqa: ANN401
    """Draw what another tab began or ended."""
    return gr.skip() if step != STRATEGY or stage == desk.measuring.stage else draw(desk)


@guarded
def on_priced(desk: Desk, draw: Callable[[Desk], list[Any]], typed: str) -> Any:  # noqa: ANN401
    """Keep the price as typed and say what the plan costs by it."""
    if (typed or "") == desk.draft()["price"]:
        return gr.skip()
    desk.keep(price=typed or "")
    return draw(desk)
