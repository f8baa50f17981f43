"""The card that asks whether a prompt with worked examples would do instead of tuning."""

from functools import partial
from typing import Any

import gradio as gr

from core.dataset.choice import DataChoice
from core.errors import BusyError, DataError
from ui import markup, notices, promptsheet
from ui.desk import Desk
from ui.notices import guarded
from ui.prompts import Found
from ui.tab import STRATEGY, Tab, asked, quiet

_SECONDS = 0.5
"""Between two looks at how far it is."""


def place(desk: Desk, tab: Tab, stamp: gr.State) -> None:
    """Place the folded card; it follows the data and the model, which `stamp` names."""
    with gr.Accordion(promptsheet.TITLE, open=False, elem_id="ft-prompting") as folded:
        card = markup.view()
        begin = gr.Button("Try it on the validation rows", size="sm", elem_id="ft-try-prompt")
        with gr.Column(visible=False, elem_id="ft-trying") as going:
            progress = markup.view()
            stop = gr.Button("Stop", size="sm", elem_classes=["ft-quiet"], elem_id="ft-stop-prompt")
        ending = markup.view()
    ticking, stage = gr.Timer(_SECONDS, active=False), gr.State("")
    drawn = [folded, card, begin, going, progress, ending, ticking, stage]
    begin.click(partial(on_wanted, desk), None, drawn, **asked())
    stop.click(partial(on_stopped, desk), None, drawn, **asked())
    ticking.tick(partial(on_tick, desk, progress), None, drawn, **quiet(trigger_mode="once"))
    stamp.change(partial(on_plan_changed, desk), None, drawn, **quiet())
    tab.pulse.change(partial(on_pulsed, desk), [tab.step, stage], drawn, **quiet())


def _asked(desk: Desk) -> tuple[DataChoice | None, str]:
    draft = desk.draft()
    return desk.choice(draft), str(draft["model"])


def _drawn(desk: Desk) -> list[Any]:
    """Updates of the card."""
    stage, going = desk.prompts.stage, desk.prompts.look()
    choice, model = _asked(desk)
    found = desk.prompts.found(choice, model) if choice else Found()
    ending = promptsheet.ending(*desk.prompts.ending(choice, model)) if choice and going is None else ""
    label = "Try it on the validation rows" if found.prompting is None else "Try it again"
    return [
        gr.Accordion(label=promptsheet.title(found)),
        promptsheet.card(found),
        gr.Button(label, visible=going is None, interactive=choice is not None),
        gr.Column(visible=going is not None),
        promptsheet.progress(going[1]) if going else "",
        ending,
        gr.Timer(active=going is not None),
        stage,
    ]


@guarded
def on_wanted(desk: Desk) -> Any:  # noqa: ANN401 - updates of the card
    """Begin to ask, unless a run is in the way.

    Raises:
        DataError: No data are chosen, or they hold nothing to ask.
    """
    choice, model = _asked(desk)
    if choice is None:
        raise DataError("There are no data to try a prompt on.", "Choose a file or a sample first.")
    if desk.measuring.look() is not None:
        both = BusyError("The speed is being measured, and both would be slow.", "Wait for its end, or stop it.")
        notices.show(both, title="Not now")
        return _drawn(desk)
    try:
        desk.prompts.begin(choice, model)
    except BusyError as error:
        job = desk.engine.active()
        notices.show(error, title="Not now", link=(job.run_id, "Show the run") if job else None)
    return _drawn(desk)


@guarded
def on_stopped(desk: Desk) -> Any:  # noqa: ANN401
    """Stop asking."""
    desk.prompts.stop()
    return _drawn(desk)


@guarded
def on_tick(desk: Desk, progress: gr.Markdown) -> Any:  # noqa: ANN401
    """Say how far it is; at the end, draw what is known now."""
    going = desk.prompts.look()
    return _drawn(desk) if going is None else {progress: promptsheet.progress(going[1])}


@guarded
def on_plan_changed(desk: Desk) -> Any:  # noqa: ANN401
    """Draw what is known of the data and the model that are chosen now."""
    return _drawn(desk)


@guarded
def on_pulsed(desk: Desk, step: int, stage: str) -> Any:  # noqa: ANN401
    """Draw what another tab began or ended."""
    return gr.skip() if step != STRATEGY or stage == desk.prompts.stage else _drawn(desk)
