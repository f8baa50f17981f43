"""The queue on the page of runs: what waits, in which order, and what can be changed about it."""

from functools import partial
from typing import Any

import gradio as gr

from core.errors import UserError
from core.job.queue import Waiting, read_time
from ui import markup, notices, words
from ui.desk import Desk
from ui.notices import guarded
from ui.tab import RUNS, Tab, asked, quiet


def place(desk: Desk, tab: Tab) -> None:
    """Place the card and connect it; it shows itself when something waits, or when nothing may begin."""
    with gr.Column(visible=False, elem_id="ft-queue", elem_classes=["ft-card"]) as card:
        line = markup.view(elem_id="ft-queue-line")
        with gr.Row(elem_classes=["ft-queue-row"]):
            chosen = gr.Dropdown([], label="Waiting run", elem_id="ft-waiting", scale=3, min_width=220)
            time = gr.Textbox(
                label="Not before (optional)",
                placeholder="22:30",
                max_lines=1,
                max_length=20,
                elem_id="ft-not-before",
                scale=2,
                min_width=160,
            )
        with gr.Row(elem_classes=["ft-queue-row"]):
            first, up, down, out, later = (
                gr.Button(label, size="sm", elem_id=f"ft-queue-{name}", min_width=90)
                for name, label in (
                    ("first", "Move first"),
                    ("up", "Up"),
                    ("down", "Down"),
                    ("out", "Take out"),
                    ("later", "Set the time"),
                )
            )
            hold = gr.Button("Pause the queue", size="sm", elem_id="ft-queue-pause", min_width=140)
    drawn = [card, line, chosen, hold]
    looked = [tab.entered.change, tab.pulse.change]
    gr.on(looked, partial(on_looked, desk), [tab.step, chosen], drawn, **quiet())
    for name, button in (("first", first), ("up", up), ("down", down)):
        button.click(partial(on_moved, desk, name), chosen, drawn, **asked())
    out.click(partial(on_taken_out, desk), chosen, drawn, **asked())
    later.click(partial(on_time_set, desk), [chosen, time], drawn, **asked())
    time.submit(partial(on_time_set, desk), [chosen, time], drawn, **asked())
    hold.click(partial(on_held, desk), chosen, drawn, **asked())


@guarded
def on_looked(desk: Desk, step: int, chosen: str | None) -> Any:  # noqa: ANN401 - updates of the card
    """Draw the queue as of now, if its page is the one that is shown."""
    return _drawn(desk, chosen) if step == RUNS else gr.skip()


@guarded
def on_moved(desk: Desk, where: str, run_id: str | None) -> Any:  # noqa: ANN401
    """Move the chosen run within the queue."""
    queue = desk.engine.queue
    number = {"first": queue.first, "up": queue.up, "down": queue.down}[where](_known(run_id))
    notices.tell(f"It has place {number} of {len(queue)} now.", title="Moved")
    return _drawn(desk, run_id)


@guarded
def on_taken_out(desk: Desk, run_id: str | None) -> Any:  # noqa: ANN401
    """Take the chosen run out of the queue."""
    desk.engine.queue.take_out(_known(run_id))
    notices.tell("It stays in the list of runs, from where it can be started again.", title="Taken out of the queue")
    return _drawn(desk, None)


@guarded
def on_time_set(desk: Desk, run_id: str | None, typed: str | None) -> Any:  # noqa: ANN401
    """Let the chosen run begin not before a time."""
    desk.engine.queue.set_time(_known(run_id), read_time(typed or ""))
    waiting = desk.engine.queue.place_of(_known(run_id))
    notices.tell(f"It waits {waiting.told}." if waiting else "It has begun.", title="Kept")
    return _drawn(desk, run_id)


@guarded
def on_held(desk: Desk, chosen: str | None) -> Any:  # noqa: ANN401
    """Let nothing new begin, or let the queue go on."""
    queue = desk.engine.queue
    if queue.is_paused:
        queue.go_on()
        notices.tell("The next run begins when its turn comes.", title="The queue goes on")
    else:
        queue.pause()
        notices.tell("The run at work goes on; nothing new begins.", title="The queue is paused")
    return _drawn(desk, chosen)


def _known(run_id: str | None) -> str:
    """The id of a chosen run.

    Raises:
        UserError: None is chosen.
    """
    if not run_id:
        raise UserError("No waiting run is chosen.", "Choose one of those that wait.")
    return run_id


def _drawn(desk: Desk, chosen: str | None) -> list[Any]:
    line, paused = desk.engine.queue.waiting(), desk.engine.queue.is_paused
    menu = [(f"{number}. {words.shortened(each.name, 60)}", each.job.run_id) for number, each in enumerate(line, 1)]
    ids = [run_id for _, run_id in menu]
    kept = chosen if chosen in ids else next(iter(ids), None)
    return [
        gr.Column(visible=bool(line) or paused),
        _line(line, paused=paused),
        gr.Dropdown(choices=menu, value=kept),
        gr.Button("Let the queue go on" if paused else "Pause the queue"),
    ]


def _line(line: list[Waiting], *, paused: bool) -> str:
    count = words.counted(len(line), "run") + (" waits" if len(line) == 1 else " wait") if line else "Nothing waits"
    held = "<div class='ft-note'>The queue is paused: nothing new begins.</div>" if paused else ""
    rows = "".join(
        f"<li><b>{markup.text(words.shortened(each.name, 60))}</b>{_kind(each)}"
        f"<span class='ft-below'> waits {markup.text(each.told)}</span></li>"
        for each in line
    )
    return markup.block(f"<h3>{markup.text(count)}</h3>{held}<ol class='ft-queue-list'>{rows}</ol>")


def _kind(each: Waiting) -> str:
    kinds = {"evaluate": "to be scored", "export": "to be exported"}
    return f", {kinds[each.job.kind]}" if each.job.kind in kinds else ""
