"""The buttons with which a run is steered while it goes on, on the page of training."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core.errors import NotFoundError
from core.events import RunState
from ui import notices
from ui.desk import Desk
from ui.notices import guarded
from ui.present import RunView
from ui.tab import Tab, asked

_STEERED = {RunState.TRAINING, RunState.PAUSED}
RESUMABLE = {RunState.STOPPED, RunState.FAILED, RunState.LOST}


@dataclass(frozen=True, slots=True)
class RunButtons:
    """What a run may be told, the most usual first."""

    pause: gr.Button
    stop: gr.Button
    resume: gr.Button
    more: gr.Row
    """Holds those that are wanted seldom: free the memory, save now, stop at once."""

    @property
    def drawn(self) -> list[Any]:
        """In the order of `updates`."""
        return [self.pause, self.stop, self.resume, self.more]


def place() -> tuple[gr.Button, gr.Button, gr.Button]:
    """Place pause, stop and resume, which stand under the primary button."""
    with gr.Row(elem_classes=["ft-pair"]):
        pause = gr.Button("Pause", visible=False, elem_id="ft-pause", min_width=90)
        stop = gr.Button("Stop", variant="stop", visible=False, elem_id="ft-stop", min_width=90)
    return pause, stop, gr.Button("Resume from the last checkpoint", visible=False, elem_id="ft-resume")


def place_more(desk: Desk, tab: Tab, head: tuple[gr.Button, gr.Button, gr.Button]) -> RunButtons:
    """Place the seldom ones below the progress, and connect all."""
    with gr.Row(visible=False, elem_id="ft-more", elem_classes=["ft-more"]) as more:
        free = gr.Button("Pause and free the memory", elem_classes=["ft-quiet"], size="sm", elem_id="ft-free")
        save = gr.Button("Save a checkpoint now", elem_classes=["ft-quiet"], size="sm", elem_id="ft-save")
        now = gr.Button("Stop at once, without saving", elem_classes=["ft-quiet"], size="sm", elem_id="ft-stop-now")
    buttons = RunButtons(*head, more)
    buttons.pause.click(partial(on_paused, desk), tab.run, buttons.drawn, **asked())
    buttons.stop.click(partial(on_stop, desk), tab.run, buttons.drawn, **asked())
    buttons.resume.click(partial(on_resumed, desk), tab.run, buttons.drawn, **asked())
    free.click(partial(on_freed, desk), tab.run, buttons.drawn, **asked())
    save.click(partial(on_saved, desk), tab.run, None, **asked())
    now.click(partial(on_stopped_now, desk), tab.run, buttons.drawn, **asked())
    return buttons


@guarded
def on_paused(desk: Desk, run_id: str) -> Any:  # noqa: ANN401 - updates of the buttons
    """Let the run wait, or go on where it waits already."""
    if desk.engine.control.go_on(run_id) is not None:
        desk.engine.runner.begin_next()
        notices.tell("It goes on where it was.", title="Goes on")
    else:
        desk.engine.control.pause(run_id)
        notices.tell("It waits before its next step and keeps its memory.", title="Paused")
    return updates(desk, run_id)


@guarded
def on_freed(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Let the run save, make room for others, and wait in the queue."""
    desk.engine.control.pause(run_id, free=True)
    notices.tell("It saves after this step, frees its memory and can go on from there later.", title="Pausing")
    return updates(desk, run_id)


@guarded
def on_saved(desk: Desk, run_id: str) -> None:
    """Ask for a checkpoint."""
    desk.engine.control.save(run_id)
    notices.tell("A checkpoint is written at the end of the next step; the log says when.", title="Saving")


@guarded
def on_stop(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Ask the run to stop; asking twice is asking once."""
    return _stop(desk, run_id, now=False)


@guarded
def on_stopped_now(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """End the run without waiting for anything."""
    return _stop(desk, run_id, now=True)


@guarded
def on_resumed(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Go on from the newest complete checkpoint."""
    desk.engine.resume(run_id)
    waiting = desk.engine.queue.place_of(run_id)
    told = f"It waits {waiting.told}." if waiting else "The run goes on from its last checkpoint."
    notices.tell(told, title="Resumed")
    return updates(desk, run_id)


def updates(desk: Desk, run_id: str) -> list[Any]:
    """Pause, stop, resume and the row of the others, as the run stands now."""
    try:
        view = desk.view(run_id) if run_id else RunView()
        waiting = desk.engine.queue.place_of(run_id) if run_id else None
    except NotFoundError:
        view, waiting = RunView(), None
    if not view.kind:
        return [gr.Button(visible=False) for _ in range(3)] + [gr.Row(visible=False)]
    state = view.training.state
    live, stopping = not state.is_final, state == RunState.STOPPING
    held = waiting is not None and waiting.job.held
    pause = gr.Button("Go on" if held or state == RunState.PAUSED else "Pause", visible=held or state in _STEERED)
    told = "Take out" if state == RunState.QUEUED else "Stopping" if stopping else "Stop"
    stop = gr.Button(told, visible=live, interactive=live and not stopping)
    again = f"Resume from step {view.checkpoint:,}" if view.checkpoint else "Start again from the beginning"
    resume = gr.Button(again, visible=state in RESUMABLE and not view.is_live)
    return [pause, stop, resume, gr.Row(visible=state in _STEERED)]


def _stop(desk: Desk, run_id: str, *, now: bool) -> list[Any]:
    try:
        state = desk.engine.control.stop(run_id, now=now)
    except NotFoundError:  # it ended by itself meanwhile
        return updates(desk, run_id)
    if state.is_final:
        notices.tell("It does not wait any more; it can be started again from here.", title="Taken out of the queue")
    return updates(desk, run_id)
