"""The frame of the dashboard: header, steps, the walkthrough with its pages, and where a tab begins."""

from typing import Any

import gradio as gr

from core.engine import Engine
from ui import demo as player
from ui import header
from ui.desk import Desk
from ui.look import CSS, HEAD, THEME
from ui.notices import guarded
from ui.pages import augment, data, evaluate, export, playground, runs, strategy, studies, train
from ui.tab import DATA, STEPS, STUDIES, TRAIN, Tab, quiet

__all__ = ["CSS", "HEAD", "THEME", "build_app"]

_PAGES = (data, strategy, augment, train, evaluate, export, runs, studies, playground)


def build_app(engine: Engine, demo: bool = False) -> gr.Blocks:  # noqa: FBT001, FBT002 - as the server calls it
    """The whole dashboard; `demo` plays the walk by itself as soon as a page opens."""
    desk = Desk(engine)
    with gr.Blocks(title="Fewtune", analytics_enabled=False, fill_width=True) as app:
        machine, job = header.place(desk)
        buttons = header.steps()
        step = gr.State(0)
        run, study, plan, taken, opened = (gr.State("") for _ in range(5))
        entered, pulses = ({number: gr.State("") for number in STEPS} for _ in range(2))
        play = gr.Button(
            "Show me the whole walk", render=False, elem_id="ft-play", elem_classes=["ft-quiet"], size="sm"
        )
        with gr.Walkthrough(selected=DATA, elem_id="ft-walk") as walk:
            states = {"step": step, "run": run, "study": study, "plan": plan, "taken": taken, "opened": opened}
            tabs = {
                number: Tab(**states, entered=entered[number], pulse=pulses[number], play=play, walk=walk)
                for number in STEPS
            }
            for number, page in zip(STEPS, _PAGES, strict=True):
                with gr.Step(STEPS[number], id=number):
                    page.build(desk, tabs[number])
        tab = tabs[DATA]
        header.connect(desk, tabs, machine, job, buttons)
        player.build(desk, tab, autoplay=demo)

        # Gradio finds the request by its annotation, which a partial hides.
        def load(request: gr.Request) -> Any:  # noqa: ANN401 - what the handler returns
            return on_opened(desk, dict(request.query_params))

        app.load(load, None, [run, step, study, opened], **quiet())
    app.queue(default_concurrency_limit=8)
    return app


@guarded
def on_opened(desk: Desk, query: dict[str, str]) -> tuple[str, int, str, str]:
    """Begin where the address says, else at the run in progress, else at the data."""
    asked, study = query.get("run", ""), "".join(query.get("study", "").split())
    step = _step_of(query.get("step", "")) or (STUDIES if study else None)
    if asked:
        # Where there is no such run, the page of training says so.
        return asked, step or TRAIN, study, "opened"
    job = desk.engine.active()
    if job:
        return job.run_id, step or TRAIN, study, "opened"
    newest = desk.engine.runs()[:1]
    return (newest[0].row.id if newest else ""), step or DATA, study, "opened"


def _step_of(typed: str) -> int | None:
    number = int(typed) if typed.isdecimal() else 0
    return number if number in STEPS else None
