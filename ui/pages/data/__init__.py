"""Page 1: a file or a sample becomes examples; what is wrong with it is said, and mended with a click."""

import time
from functools import partial
from typing import Any

import gradio as gr

from core.errors import UserError
from ui import datasheet, markup
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.data import chooser, health, inside, reading, versions
from ui.pages.data.page import CHOOSING, Page, chosen, drawn, state_of
from ui.tab import DATA, STRATEGY, Tab, asked, quiet

__all__ = ["build"]

_LOOK_SECONDS = 4.0
"""Between two looks whether another tab changed the data."""


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    with gr.Row(elem_classes=["ft-head"]):
        head = markup.view()  # empty until it is known whether there are data: nothing flashes up and goes
        with gr.Column(min_width=200):
            onward = gr.Button("Choose a strategy", variant="primary", interactive=False, elem_id="ft-to-strategy")
            another = gr.Button(
                "Use other data", size="sm", visible=False, elem_classes=["ft-quiet"], elem_id="ft-other-data"
            )
    with gr.Column(visible=False, elem_classes=["ft-card"]) as busy:
        progress = markup.view()
        stop = gr.Button("Stop", size="sm", elem_classes=["ft-quiet"], elem_id="ft-stop-reading")
    again = gr.Button("Check again", visible=False, elem_id="ft-check-again")
    with gr.Column(visible=False) as choosing:
        ways = chooser.place(tab)
    with gr.Column(visible=False) as sheet:
        facts = markup.view()
        found = health.place()
        read = reading.place()
        looks = inside.place()
        kept = versions.place(desk)
    ticking = gr.Timer(0.5, active=False)
    shown = gr.State("")
    frame = [head, onward, another, again, busy, progress, choosing, ways["back"], sheet, facts, shown, ticking]
    page = Page([*frame, tab.plan], [read, found, looks, kept])
    chooser.connect(desk, page, tab, ways)
    reading.connect(desk, page, read)
    health.connect(desk, page, found)
    inside.connect(desk, looks)
    versions.connect(desk, page, kept)
    onward.click(on_continued, None, tab.step, **quiet())
    for button, then in ((another, on_another_wanted), (again, on_checked_again), (stop, on_stopped)):
        button.click(partial(then, desk, page), None, page.everything, **asked())
    _follow(desk, tab, page, ticking, shown)


def _follow(desk: Desk, tab: Tab, page: Page, ticking: gr.Timer, shown: gr.State) -> None:
    """Draw the page when it is shown, while something goes on, and after changes in another tab."""
    ticking.tick(partial(on_tick, desk, page), None, page.everything, **quiet(trigger_mode="once"))
    watching, changed = gr.Timer(_LOOK_SECONDS), gr.State(0)
    watching.tick(partial(on_watched, desk), [tab.step, shown], changed, **quiet(trigger_mode="once"))
    changed.change(partial(on_changed, desk, page), [tab.step, shown], page.everything, **quiet())
    entered = [tab.entered.change, tab.taken.change]
    gr.on(entered, partial(on_entered, desk, page), tab.step, page.everything, **quiet())


@guarded
def on_entered(desk: Desk, page: Page, step: int) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the page when it is shown."""
    return drawn(desk, page) if step == DATA else gr.skip()


@guarded
def on_tick(desk: Desk, page: Page) -> Any:  # noqa: ANN401
    """Say how far it is, or draw what came of it; what cannot be taken in is refused where it was dropped.

    Raises:
        UserError: The work failed, and it was not to take something in.
    """
    taking = desk.readings.taking
    try:
        desk.readings.settle()
    except UserError as error:
        if not taking:
            raise
        return [datasheet.refusal(error), *drawn(desk, page, again=True)[1:]]
    return drawn(desk, page)


@guarded
def on_watched(desk: Desk, step: int, shown: str) -> Any:  # noqa: ANN401
    """Say that the data were chosen or mended in another tab; whoever is choosing is left alone."""
    return time.monotonic_ns() if _is_behind(desk, step, shown) else gr.skip()


@guarded
def on_changed(desk: Desk, page: Page, step: int, shown: str) -> Any:  # noqa: ANN401
    """Draw them, unless the answer to what was done in this tab has drawn them meanwhile."""
    return drawn(desk, page) if _is_behind(desk, step, shown) else gr.skip()


def _is_behind(desk: Desk, step: int, shown: str) -> bool:
    return step == DATA and shown not in {CHOOSING, state_of(desk)}


@guarded
def on_another_wanted(desk: Desk, page: Page) -> Any:  # noqa: ANN401
    """Show the drop zone and the samples again; nothing is forgotten until something else is chosen."""
    return drawn(desk, page, again=True)


@guarded
def on_stopped(desk: Desk, page: Page) -> Any:  # noqa: ANN401, ARG001 - as the other buttons
    """Stop what is going on; the next tick says so."""
    desk.readings.stop()
    return gr.skip()


@guarded
def on_checked_again(desk: Desk, page: Page) -> Any:  # noqa: ANN401
    """Begin the check anew that was stopped."""
    desk.readings.check_again(chosen(desk), str(desk.draft()["model"]))
    return drawn(desk, page)


def on_continued() -> int:
    """Go on to the strategy."""
    return STRATEGY
