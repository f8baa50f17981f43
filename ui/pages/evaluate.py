"""Page 5: did it help? Base and tuned on the same held-out rows, with intervals, and the rows themselves."""

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from core.evaluate.evaluation import Evaluation, RowResult
from core.evaluate.table import to_csv
from core.events import RunState
from ui import labelsheet, markup, scoresheet
from ui.desk import Desk
from ui.notices import guarded
from ui.tab import EVALUATE, EXPORT, TRAIN, Tab, asked, quiet

_MOST_ROWS = 300
_HEADS = ["row", "outcome", "prompt", "wanted", "base answered", "tuned answered"]


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    shown = gr.State("")
    with gr.Row(elem_classes=["ft-head", "ft-head-tall"]):
        head = markup.view(scoresheet.nothing())
        with gr.Column(min_width=200):
            onward = gr.Button("Export the model", variant="primary", interactive=False, elem_id="ft-to-export")
            again = gr.Button("Score again", visible=False, elem_id="ft-score-again")
            stop = gr.Button("Stop scoring", variant="stop", visible=False, elem_id="ft-stop-scoring")
    strips = markup.view(elem_id="ft-strips")
    with gr.Column(visible=False) as details:
        with gr.Row(elem_classes=["ft-table-head"]):
            shape = {"show_label": False, "container": False, "elem_classes": ["ft-segments"]}
            outcome = gr.Radio(["all"], value="all", elem_id="ft-outcome", **shape)
            download = gr.DownloadButton("Download as CSV", size="sm", elem_id="ft-csv", elem_classes=["ft-quiet"])
        table = gr.Dataframe(
            headers=_HEADS,
            datatype="str",
            interactive=False,
            show_label=False,
            max_height=420,
            column_widths=["6%", "9%", "34%", "17%", "17%", "17%"],
            elem_id="ft-rows",
        )
        detail = _side_by_side()
        alone = _of_labels()
    rows = gr.State([])
    drawn = [head, onward, again, stop, strips, details, outcome, table, rows, *detail]
    drawn += [*alone, download, shown]
    looked = [tab.pulse.change, tab.step.change, tab.run.change]
    inputs = [tab.run, tab.step, shown]
    gr.on(looked, partial(on_looked, desk), inputs, drawn, **quiet(trigger_mode="always_last"))
    outcome.input(partial(on_outcome_chosen, desk), [tab.run, outcome], [table, rows, *detail], **quiet())

    # Gradio finds the event by its annotation, which a partial hides.
    def chosen(run_id: str, numbers: list[int], event: gr.SelectData) -> Any:  # noqa: ANN401 - updates of the detail
        return on_row_chosen(desk, run_id, numbers, event.index)

    table.select(chosen, [tab.run, rows], detail, **quiet())
    stop.click(partial(on_stop, desk), tab.run, stop, **asked())
    again.click(partial(on_again, desk), tab.run, again, **asked())
    onward.click(partial(on_continued, desk), tab.run, tab.step, **quiet())


def _of_labels() -> list[Any]:
    with gr.Accordion("Labels: which was taken for which, each label alone", open=False, visible=False) as folded:
        confusion = markup.view(elem_id="ft-labels")
    with gr.Accordion("Reliability: right as often as it says?", open=False, visible=False) as unfolded:
        diagram = markup.view(elem_id="ft-reliability")
    return [folded, confusion, unfolded, diagram]


def _side_by_side() -> list[gr.Textbox]:
    with gr.Row(elem_id="ft-detail"):
        prompt = gr.Textbox(
            label="Prompt",
            lines=7,
            max_lines=12,
            interactive=False,
            elem_classes=["ft-plain"],
            min_width=280,
            info="Click a row of the table to read it whole.",
        )
        with gr.Column(min_width=280):
            answers = [
                gr.Textbox(label=label, lines=1, max_lines=6, interactive=False, elem_classes=["ft-plain"])
                for label in ("Wanted", "Base model answered", "Tuned model answered")
            ]
    return [prompt, *answers]


@guarded
def on_looked(desk: Desk, run_id: str, step: int, shown: str) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the scores, if this page is shown and they are other than those drawn."""
    if step != EVALUATE:
        return gr.skip()
    view = desk.view(run_id) if run_id else None
    evaluation = desk.engine.evaluation(run_id) if view and view.evaluated else None
    now = scoresheet.key(run_id, view, evaluation)
    if now == shown:
        return gr.skip()
    head = scoresheet.headline(view, evaluation)
    if view is None or evaluation is None:
        ready = view is not None and not view.is_live and view.best_step is not None
        hidden = [gr.Column(visible=False), *(gr.skip() for _ in range(12))]
        buttons = [gr.Button(interactive=False), gr.Button("Score now", visible=ready, interactive=True), _stop(view)]
        return [head, *buttons, _waiting(view), *hidden, now]
    labels = bool(evaluation.labels)
    found = _found(evaluation, "all")
    again = gr.Button("Score again", visible=not view.is_live and view.state != RunState.QUEUED, interactive=True)
    return [
        head,
        gr.Button(interactive=True),
        again,
        _stop(view),
        scoresheet.strips(evaluation),
        gr.Column(visible=True),
        gr.Radio(choices=scoresheet.outcomes(evaluation), value="all"),
        _table(found),
        [row.row for row in found],
        *_whole(found),
        gr.Accordion(visible=labels),
        labelsheet.labels(evaluation) if labels else "",
        gr.Accordion(visible=labels),
        labelsheet.reliability(evaluation) if labels else "",
        str(_written(run_id, evaluation)),
        now,
    ]


@guarded
def on_outcome_chosen(desk: Desk, run_id: str, outcome: str) -> Any:  # noqa: ANN401
    """Show the wins, the losses, the ties, or all rows."""
    evaluation = desk.engine.evaluation(run_id)
    if evaluation is None:
        return gr.skip()
    found = _found(evaluation, outcome)
    return [_table(found), [row.row for row in found], *_whole(found)]


@guarded
def on_row_chosen(desk: Desk, run_id: str, rows: list[int], cell: Any) -> Any:  # noqa: ANN401
    """Show a row whole, both answers side by side."""
    evaluation = desk.engine.evaluation(run_id)
    index = cell[0] if isinstance(cell, list | tuple) else -1
    if evaluation is None or not 0 <= index < len(rows):
        return gr.skip()
    found = [row for row in evaluation.rows if row.row == rows[index]]
    return _whole(found) if found else gr.skip()


@guarded
def on_again(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Score both models again on the held-out rows."""
    desk.engine.evaluate(run_id)
    return gr.Button("Scoring", interactive=False)


@guarded
def on_continued(desk: Desk, run_id: str) -> int:
    """Go on to the export."""
    return EXPORT if run_id and desk.view(run_id).best_step is not None else TRAIN


@guarded
def on_stop(desk: Desk, run_id: str) -> gr.Button:
    """Ask the scoring to stop; asking twice is asking once."""
    desk.engine.stop(run_id)
    return gr.Button("Stopping", interactive=False)


def _stop(view: Any) -> gr.Button:  # noqa: ANN401 - a view, or None
    live = view is not None and view.is_live and view.kind != "export"
    stopping = live and view.state == RunState.STOPPING
    return gr.Button("Stopping" if stopping else "Stop scoring", visible=live, interactive=not stopping)


def _waiting(view: Any) -> str:  # noqa: ANN401 - a view, or None
    return scoresheet.progress(view) if view is not None and view.is_live else scoresheet.invitation()


def _found(evaluation: Evaluation, outcome: str) -> list[RowResult]:
    return [row for row in evaluation.rows if outcome in {"all", row.outcome}][:_MOST_ROWS]


def _whole(found: list[RowResult]) -> list[str]:
    """The first of the rows in full: prompt, reference and both answers."""
    row = found[0] if found else None
    return [row.prompt, row.reference, row.base, row.tuned] if row else [""] * 4


def _table(found: list[RowResult]) -> dict[str, Any]:
    return {"headers": _HEADS, "data": [scoresheet.line(row) for row in found], "metadata": None}


def _written(run_id: str, evaluation: Evaluation) -> Path:
    """The rows as a file that can be downloaded, under a name that says which run."""
    # Gradio's own folder for files, which the server empties when it ends.
    folder = Path(tempfile.mkdtemp(prefix="csv-", dir=os.environ.get("GRADIO_TEMP_DIR")))
    path = folder / f"fewtune-{run_id}.csv"
    path.write_bytes(to_csv(evaluation))
    return path
