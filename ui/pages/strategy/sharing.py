"""The plan to keep and to give away: as YAML, as a command, and beside an earlier one."""

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from core.strategy.plan import Plan
from core.strategy.plan_text import LARGEST, command_line, differences, plan_yaml, read_plan_yaml
from ui import advicesheet, notices, words
from ui.adopting import adopt
from ui.desk import Desk
from ui.markup import view
from ui.notices import guarded
from ui.pages.strategy.sheet import look
from ui.tab import Tab, asked, quiet


def place(desk: Desk, tab: Tab, stamp: gr.State) -> None:
    """Place the folded card; it follows the plan, whose text is `stamp`."""
    with gr.Accordion("Save, load and compare this plan", open=False, elem_id="ft-sharing"):
        command = gr.Textbox(
            label="The same from the command line",
            lines=1,
            max_lines=4,
            interactive=False,
            buttons=["copy"],
            elem_classes=["ft-plain"],
            elem_id="ft-command",
        )
        with gr.Row():
            save = gr.DownloadButton("Save as YAML", size="sm", elem_id="ft-save-plan")
            load = gr.UploadButton(
                "Load a plan", size="sm", file_types=[".yaml", ".yml", ".json"], elem_id="ft-load-plan"
            )
        earlier = gr.Dropdown([], label="Compare with an earlier run", elem_id="ft-earlier")
        changed = view()
    outputs = [command, save, earlier, changed]
    stamp.change(partial(on_plan_changed, desk), earlier, outputs, **quiet())
    earlier.input(partial(on_compared, desk), earlier, changed, **asked())
    load.upload(partial(on_loaded, desk), load, tab.plan, **asked())


@guarded
def on_plan_changed(desk: Desk, earlier: str | None) -> Any:  # noqa: ANN401 - updates of the card
    """Write the plan anew in all its forms."""
    sheet = look(desk)
    runs = [(words.shortened(run.row.name, 60), run.row.id) for run in desk.engine.runs()[:50]]
    known = earlier if earlier in {run_id for _, run_id in runs} else None
    menu = gr.Dropdown(runs, value=known, visible=bool(runs))
    if sheet.advice is None or sheet.plan is None:
        return ["", gr.DownloadButton(interactive=False), menu, ""]
    command = command_line(sheet.plan, sheet.advice.plan)
    file = gr.DownloadButton(value=_written(sheet.plan), interactive=True)
    return [command, file, menu, _compared(desk, known, sheet.plan)]


@guarded
def on_compared(desk: Desk, earlier: str | None) -> str:
    """Say what differs from an earlier run."""
    plan = look(desk).plan
    return _compared(desk, earlier, plan) if plan else ""


@guarded
def on_loaded(desk: Desk, path: str | None) -> Any:  # noqa: ANN401 - the plan's state
    """Take over a plan that was saved: its data, model and every setting.

    Raises:
        DataError: The file is no plan, or its data are not in this home.
    """
    if not path:
        return gr.skip()
    content = Path(path).read_bytes()[: LARGEST + 1].decode("utf-8", "replace")
    plan = desk.engine.read_plan(read_plan_yaml(content))
    stamp = adopt(desk, plan)
    notices.tell("The plan is loaded; what differs from the advice stands under 'Change something'.", title="Loaded")
    return stamp


def _compared(desk: Desk, earlier: str | None, plan: Plan) -> str:
    if not earlier:
        return ""
    run = desk.engine.run(earlier)
    return advicesheet.changes(run.row.name, differences(run.plan, plan))


def _written(plan: Plan) -> str:
    # Gradio's own folder for files, which the server empties when it ends.
    folder = Path(tempfile.mkdtemp(prefix="plan-", dir=os.environ.get("GRADIO_TEMP_DIR")))
    path = folder / "fewtune-plan.yaml"
    path.write_text(plan_yaml(plan), encoding="utf-8")
    return str(path)
