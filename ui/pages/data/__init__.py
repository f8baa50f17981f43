"""Page 1: a file or a sample becomes examples; what is wrong with it is said, and mended with a click."""

from functools import partial
from typing import Any

import gradio as gr

from ui import datasheet, markup
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.data import chooser, health, inside, reading, versions
from ui.pages.data.page import Page, chosen, drawn
from ui.tab import STRATEGY, Tab, asked, quiet

__all__ = ["build"]


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    with gr.Row(elem_classes=["ft-head"]):
        head = markup.view(datasheet.welcome())
        onward = gr.Button("Choose a strategy", variant="primary", interactive=False, elem_id="ft-to-strategy")
    with gr.Column(visible=False, elem_classes=["ft-card"]) as busy:
        progress = markup.view()
        stop = gr.Button("Stop", size="sm", elem_classes=["ft-quiet"], elem_id="ft-stop-reading")
    again = gr.Button("Check again", visible=False, elem_id="ft-check-again")
    with gr.Column(visible=True) as choosing:
        ways = chooser.place(tab)
    with gr.Column(visible=False) as sheet:
        facts = markup.view()
        found = health.place()
        read = reading.place()
        looks = inside.place()
        kept = versions.place(desk)
    ticking = gr.Timer(0.5, active=False)
    page = Page(
        frame=[head, onward, again, busy, progress, choosing, ways["back"], sheet, facts, ticking, tab.plan],
        parts=[read, found, looks, kept],
    )
    chooser.connect(desk, page, tab, ways)
    reading.connect(desk, page, read)
    health.connect(desk, page, found)
    inside.connect(desk, looks)
    versions.connect(desk, page, kept)
    stop.click(partial(on_stopped, desk), None, page.everything, **quiet())
    again.click(partial(on_checked_again, desk, page), None, page.everything, **asked())
    ticking.tick(partial(on_tick, desk, page), None, page.everything, **quiet())
    onward.click(on_continued, None, tab.step, **quiet())
    entered = [tab.step.change, tab.taken.change]
    gr.on(entered, partial(on_entered, desk, page), tab.step, page.everything, **quiet())


@guarded
def on_entered(desk: Desk, page: Page, step: int) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the page when it is shown."""
    return drawn(desk, page) if step == 1 else gr.skip()


@guarded
def on_tick(desk: Desk, page: Page) -> Any:  # noqa: ANN401
    """Say how far it is, or draw what came of it."""
    desk.readings.settle()
    return drawn(desk, page)


@guarded
def on_stopped(desk: Desk) -> Any:  # noqa: ANN401
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
