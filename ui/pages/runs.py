"""All runs: open one, compare the curves of several, rename, delete."""

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from core.engine import RunSummary
from core.errors import UserError
from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from core.strategy.plan_text import size_of
from ui import drawings, markup, notices, phrases, plots, queuecard, words
from ui.desk import Desk
from ui.notices import guarded
from ui.tab import PLAYGROUND, RUNS, STUDIES, TRAIN, Tab, asked, quiet

_HEADS = ["name", "state", "data", "plan", "score", "when", "took"]
_WIDTHS = ["22%", "13%", "12%", "24%", "12%", "9%", "8%"]
_MOST_COMPARED = 8


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    head, opening, trying, study = _head()
    queuecard.place(desk, tab)
    # `wanted` is the run of which it was asked whether it shall go: another may be chosen before the answer.
    table, ids, wanted = _table(), gr.State([]), gr.State("")
    with gr.Row():
        chosen = gr.Dropdown([], label="Chosen run", info="Or click a row of the table.", elem_id="ft-chosen", scale=3)
        name = gr.Textbox(
            label="Its name", info="Shown as typed; Rename keeps it.", max_lines=1, max_length=120, scale=3
        )
        with gr.Column(scale=2, min_width=180):
            rename, delete = _buttons()
    with gr.Row(visible=False, elem_classes=["ft-danger"]) as sure:
        question = markup.view()
        really = gr.Button("Delete for good", variant="stop", size="sm", elem_id="ft-really-delete")
        keep = gr.Button("Keep it", size="sm", elem_id="ft-keep")
    compared = _comparing()
    curves = gr.Plot(show_label=False, elem_classes=["ft-plot", "wide"], visible=False, elem_id="ft-curves")
    differences = markup.view()
    listed = [head, table, ids, chosen, compared]
    looked = [tab.entered.change, tab.pulse.change]
    gr.on(looked, partial(on_looked, desk), [tab.step, chosen], listed, **quiet())
    table.select(on_row_chosen, ids, chosen, **quiet())
    chosen.change(partial(on_chosen, desk), chosen, [name, opening, trying, rename, delete, study, sure], **quiet())
    opening.click(on_opened, chosen, [tab.run, tab.step], **quiet())
    trying.click(on_tried, chosen, [tab.run, tab.step], **quiet())
    study.click(partial(on_study_opened, desk), chosen, [tab.study, tab.step], **quiet())
    _take_in(desk, listed)
    rename.click(partial(on_renamed, desk), [chosen, name], listed, **asked())
    delete.click(partial(on_delete_wanted, desk), chosen, [sure, question, wanted], **asked())
    keep.click(on_kept, None, sure, **quiet())
    really.click(partial(on_deleted, desk), [wanted, tab.run], [sure, tab.run, *listed], **asked())
    compared.change(partial(on_compared, desk), compared, [curves, differences], **quiet())


def _head() -> tuple[gr.Markdown, gr.Button, gr.Button, gr.Button]:
    with gr.Row(elem_classes=["ft-head"]):
        head = markup.view(_headline([]))
        with gr.Column(min_width=200):
            opening = gr.Button("Open the run", variant="primary", interactive=False, elem_id="ft-open-run")
            trying = gr.Button("Try it in the playground", interactive=False, elem_id="ft-try-run")
            study = gr.Button("Open its study", visible=False, elem_id="ft-open-study")
    return head, opening, trying, study


def _buttons() -> tuple[gr.Button, gr.Button]:
    rename = gr.Button("Rename", size="sm", elem_id="ft-rename", interactive=False)
    return rename, gr.Button("Delete", size="sm", elem_id="ft-delete", interactive=False)


def _comparing() -> gr.Dropdown:
    return gr.Dropdown(
        [],
        label="Compare",
        info="The validation curves of up to eight runs.",
        multiselect=True,
        max_choices=_MOST_COMPARED,
    )


def _take_in(desk: Desk, listed: list[Any]) -> None:
    """Place the button for runs of other installations, and connect it."""
    arriving = gr.UploadButton("Take in a run", size="sm", file_types=[".zip"], elem_id="ft-take-in")
    arriving.upload(partial(on_arrived, desk), arriving, listed, **asked())


def _table() -> gr.Dataframe:
    return gr.Dataframe(
        headers=_HEADS,
        datatype="str",
        interactive=False,
        show_label=False,
        max_height=380,
        column_widths=_WIDTHS,
        elem_id="ft-runs",
        wrap=True,
    )


@guarded
def on_looked(desk: Desk, step: int, chosen: str | None) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the list as of now, if this page is the one that is shown."""
    return _listed(desk, chosen, shown=True) if step == RUNS else gr.skip()


@guarded
def on_row_chosen(ids: list[str], event: gr.SelectData) -> Any:  # noqa: ANN401
    """Choose the run of the row that was clicked."""
    index = event.index[0] if isinstance(event.index, list | tuple) else -1
    return ids[index] if 0 <= index < len(ids) else gr.skip()


@guarded
def on_chosen(desk: Desk, run_id: str | None) -> list[Any]:
    """Ready the buttons for the chosen run."""
    known = {summary.row.id: summary.row.name for summary in desk.engine.runs()}
    here = run_id in known
    buttons = [gr.Button(interactive=here) for _ in range(4)]
    study = gr.Button(visible=here and desk.engine.studies.of(run_id or "") is not None)
    return [known.get(run_id or "", ""), *buttons, study, gr.Row(visible=False)]


def on_opened(run_id: str) -> tuple[str, int]:
    """Open the run where it can be watched."""
    return run_id, TRAIN


def on_tried(run_id: str) -> tuple[str, int]:
    """Open the run where it can be asked."""
    return run_id, PLAYGROUND


@guarded
def on_study_opened(desk: Desk, run_id: str | None) -> Any:  # noqa: ANN401
    """Go to the study that the chosen run belongs to."""
    study = desk.engine.studies.of(run_id) if run_id else None
    return (study.id, STUDIES) if study else gr.skip()


@guarded
def on_arrived(desk: Desk, file: str | None) -> Any:  # noqa: ANN401
    """Take in the run that another installation packed."""
    if not file:
        return gr.skip()
    upload = Path(file)
    try:
        return _listed(desk, desk.engine.exports.take_in(upload))
    finally:
        upload.unlink(missing_ok=True)


@guarded
def on_renamed(desk: Desk, run_id: str, name: str) -> Any:  # noqa: ANN401
    """Give the run its new name.

    Raises:
        UserError: The name is empty.
    """
    if not name.strip():
        raise UserError("A run needs a name.", "Type one and rename again.")
    desk.engine.store.rename(run_id, name.strip())
    return _listed(desk, run_id)


@guarded
def on_delete_wanted(desk: Desk, run_id: str) -> tuple[gr.Row, str, str]:
    """Ask once more, and say what would go."""
    name = desk.engine.run(run_id).row.name
    size = desk.size_of(run_id)
    told = f"Delete {name!r} with its weights, curves and exports? This frees {words.size(size)} and cannot be undone."
    return gr.Row(visible=True), markup.block(f"<p>{markup.text(told)}</p>"), run_id


def on_kept() -> gr.Row:
    """Keep the run after all."""
    return gr.Row(visible=False)


@guarded
def on_deleted(desk: Desk, run_id: str, shown: str) -> Any:  # noqa: ANN401
    """Delete the run and say what that freed."""
    freed = desk.engine.delete(run_id)
    desk.forget(run_id)
    notices.tell(f"{words.size(freed)} are free again.", title="Deleted")
    return [gr.Row(visible=False), "" if shown == run_id else gr.skip(), *_listed(desk, None)]


@guarded
def on_compared(desk: Desk, chosen: list[str]) -> Any:  # noqa: ANN401
    """Lay the validation curves over each other, and say what differs between the plans."""
    if not chosen:
        return gr.Plot(visible=False), ""
    summaries = [desk.engine.run(run_id) for run_id in chosen[:_MOST_COMPARED]]
    views = {}
    for summary in summaries:
        name = summary.row.name if summary.row.name not in views else f"{summary.row.name} ({summary.row.id})"
        views[name] = desk.view(summary.row.id)
    return gr.Plot(plots.drawn(plots.compared(views)), visible=True), _differences(
        [s.plan for s in summaries], list(views)
    )


def _listed(desk: Desk, chosen: str | None, *, shown: bool = False) -> list[Any]:
    """The list with the run `chosen`; a menu that shows it already is left alone: another may be chosen by now."""
    summaries = desk.engine.runs()
    places = {each.job.run_id: number for number, each in enumerate(desk.engine.queue.waiting(), 1)}
    rows = [_row(summary, places.get(summary.row.id)) for summary in summaries]
    ids = [summary.row.id for summary in summaries]
    menu = [(f"{words.shortened(s.row.name, 60)} ({words.ago(s.row.created_at)})", s.row.id) for s in summaries]
    kept = {} if shown and chosen in ids else {"value": chosen if chosen in ids else None}
    table = {"headers": _HEADS, "data": rows, "metadata": None}
    return [_headline(rows), table, ids, gr.Dropdown(choices=menu, **kept), gr.Dropdown(choices=menu)]


def _row(summary: RunSummary, place: int | None) -> list[str]:
    row, plan = summary.row, summary.plan
    score = words.NOTHING
    if summary.evaluated and summary.evaluated.metrics:
        name, values = next(iter(summary.evaluated.metrics.items()))
        score = phrases.difference(name, values)
    took = words.duration(max(0.0, row.updated_at - row.created_at)) if row.state.is_final else "going on"
    state = phrases.STATE_WORDS[row.state]
    if place is not None:
        state, took = f"{state}, place {place}", words.NOTHING
    size = size_of(plan)
    told = f"{METHODS[plan.method].title} {size}, {words.counted(plan.epochs, 'epoch')}".replace("  ", " ")
    return [
        words.shortened(row.name, 60),
        state,
        words.shortened(plan.data.name, 30),
        f"{told}, {plan.model.rpartition('/')[2]}",
        score,
        words.ago(row.created_at),
        took,
    ]


def _headline(rows: list[list[str]]) -> str:
    if not rows:
        return markup.headline("No runs yet", "Each run stands here with its plan and its score, also after a restart.")
    scored = sum(1 for row in rows if row[4] != words.NOTHING)
    return markup.headline(
        f"{words.counted(len(rows), 'run')}, {scored} scored", "Choose one to open it, or several to compare."
    )


def _differences(plans: list[Plan], names: list[str]) -> str:
    """Only what differs between the plans."""
    if len(plans) < 2:
        return ""
    flat = [_flat(plan) for plan in plans]
    keys = [
        key for key in dict.fromkeys(key for values in flat for key in values) if len({v.get(key) for v in flat}) > 1
    ]
    if not keys:
        return markup.block("<p class='ft-below'>Their plans are the same.</p>")
    rows = [((key.replace("_", " "), *(values.get(key, words.NOTHING) for values in flat)), "") for key in keys]
    return markup.block(f"<h3>What differs between their plans</h3>{drawings.table(('setting', *names), rows)}")


def _flat(plan: Plan) -> dict[str, str]:
    raw = plan.model_dump(mode="json")
    raw |= raw.pop("options") | {f"data {name}": value for name, value in raw.pop("data").items() if name != "sha256"}
    raw.pop("name")
    return {key: str(value) for key, value in raw.items()}
