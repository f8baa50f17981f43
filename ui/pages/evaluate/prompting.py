"""Below the scores: the untuned model with examples in its prompt, asked the same test rows."""

from functools import partial
from typing import Any

import gradio as gr

from core.errors import BusyError
from ui import markup, notices, promptsheet, scoresheet
from ui.desk import Desk
from ui.notices import guarded
from ui.tab import EVALUATE, Tab, asked, quiet

_SECONDS = 0.5
"""Between two looks at how far it is."""
_ASK = "Ask the untuned model with examples"


def place(desk: Desk, tab: Tab, strips: gr.Markdown, earlier: gr.Dropdown) -> None:
    """Place the button; what comes of it is drawn into `strips`, beside the run that `earlier` names."""
    with gr.Row(elem_classes=["ft-turn"]):
        begin = gr.Button(_ASK, size="sm", elem_id="ft-prompt-rows")
        stop = gr.Button("Stop", size="sm", visible=False, elem_id="ft-stop-prompt-rows")
    progress = markup.view(elem_id="ft-prompt-rows-progress")
    ticking, stage = gr.Timer(_SECONDS, active=False), gr.State("")
    drawn = [begin, stop, progress, ticking, stage]
    begin.click(partial(on_wanted, desk), tab.run, drawn, **asked())
    stop.click(partial(on_stopped, desk), tab.run, drawn, **asked())
    now = [tab.run, tab.step, earlier]
    ticking.tick(partial(on_tick, desk, progress), now, [*drawn, strips], **quiet(trigger_mode="once"))
    gr.on(
        [tab.pulse.change, tab.entered.change],
        partial(on_looked, desk),
        [*now, stage],
        [*drawn, strips],
        **quiet(),
    )


def _drawn(desk: Desk, run_id: str) -> list[Any]:
    """Updates of the button and what stands below it."""
    going = desk.prompted.look()
    here = going is not None and going[0] == run_id
    said = promptsheet.progress(going[1]) if going and here else _ending(desk, run_id)
    again = " again" if run_id and desk.engine.promptings.of_run(run_id) else ""
    return [
        gr.Button(f"{_ASK}{again}", visible=not here and _answers_prompts(desk, run_id)),
        gr.Button(visible=here),
        said,
        gr.Timer(active=here),
        f"{run_id} {desk.prompted.stage}",
    ]


def _ending(desk: Desk, run_id: str) -> str:
    return promptsheet.ending(desk.prompted.said, desk.prompted.error) if desk.prompted.about == run_id else ""


def _answers_prompts(desk: Desk, run_id: str) -> bool:
    """Whether there is something to compare, and the model writes."""
    evaluation = desk.engine.evaluation(run_id) if run_id else None
    return evaluation is not None and bool(evaluation.rows) and not evaluation.stand_in


@guarded
def on_wanted(desk: Desk, run_id: str) -> Any:  # noqa: ANN401 - updates of the part
    """Begin to ask, unless a run is in the way."""
    try:
        desk.prompted.begin(run_id)
    except BusyError as error:
        job = desk.engine.active()
        notices.show(error, title="Not now", link=(job.run_id, "Show the run") if job else None)
    return _drawn(desk, run_id)


@guarded
def on_stopped(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Stop asking."""
    desk.prompted.stop()
    return _drawn(desk, run_id)


@guarded
def on_tick(desk: Desk, progress: gr.Markdown, run_id: str, step: int, other: str) -> Any:  # noqa: ANN401
    """Say how far it is; at the end, draw what came of it."""
    going = desk.prompted.look()
    if step == EVALUATE and going is not None and going[0] == run_id:
        return {progress: promptsheet.progress(going[1])}
    return [*_drawn(desk, run_id), _beside(desk, run_id, other) if step == EVALUATE else gr.skip()]


@guarded
def on_looked(desk: Desk, run_id: str, step: int, other: str, stage: str) -> Any:  # noqa: ANN401
    """Draw what began or ended meanwhile, in this tab or another."""
    if step != EVALUATE or stage == f"{run_id} {desk.prompted.stage}":
        return gr.skip()
    # Another run's scores are drawn by the page itself.
    return [*_drawn(desk, run_id), _beside(desk, run_id, other) if stage.startswith(f"{run_id} ") else gr.skip()]


def _beside(desk: Desk, run_id: str, other: str) -> Any:  # noqa: ANN401 - markup, or nothing new
    evaluation = desk.engine.evaluation(run_id) if run_id else None
    return scoresheet.strips(evaluation, desk.engine.results.beside(run_id, other)) if evaluation else gr.skip()
