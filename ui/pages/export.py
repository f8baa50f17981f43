"""Page 6: the tuned model leaves, in a form that runs elsewhere and is proven to be the same model."""

from functools import partial
from typing import Any

import gradio as gr

from core.events import Exported, RunState
from core.export.exporters import EXPORTERS, Exporter
from core.job.exports import SERVED
from core.strategy.plan import Plan
from ui import drawings, exportsheet, markup, phrases, words
from ui.desk import Desk
from ui.markup import text
from ui.notices import guarded
from ui.pages import push
from ui.present import RunView
from ui.tab import EXPORT, RUNS, Tab, asked, quiet

_LOOK_SECONDS = 2
_IDLE = "Nothing is being exported. Each form is compared with the tuned model before it counts as done."
"""Stands where the progress will be, so that nothing moves when it comes."""
_PACKING = markup.block(
    "<p class='ft-below'>The whole run as one file: plan, hashes of data and split, log, scores and best weights, which"
    " another installation takes in on its Runs page, or with <code>fewtune import</code>.</p>"
)


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it: one card per exporter."""
    with gr.Row(elem_classes=["ft-head"]):
        head = markup.view(_nothing())
        onward = gr.Button("Export the adapter", variant="primary", interactive=False, elem_id="ft-export-first")
    with gr.Row(elem_classes=["ft-card-head"], elem_id="ft-export-bar"):
        status = markup.view(_status(RunView()), elem_id="ft-export-status")
        stop = gr.Button("Stop exporting", variant="stop", visible=False, elem_id="ft-stop-export", min_width=180)
    cards: list[Any] = []
    with gr.Row(elem_classes=["ft-choices", "ft-forms"]):
        for exporter in EXPORTERS.values():
            cards.extend(_card(desk, tab, exporter))
    push.place(desk, tab)
    with gr.Row(elem_classes=["ft-card-head"]):
        packed = markup.view(_PACKING)
        pack = gr.Button("Pack the run", size="sm", elem_id="ft-pack-run", min_width=140)
    pack.click(partial(on_packed, desk), tab.run, packed, **asked())
    with gr.Row(elem_classes=["ft-card-head"]):
        served = markup.view(elem_id="ft-served")
        serving = gr.Button("Serve it now", size="sm", elem_id="ft-serve", min_width=140)
        ending = gr.Button("Stop serving", size="sm", visible=False, elem_id="ft-stop-serving", min_width=140)
    shown = [served, serving, ending]
    waiting = gr.Timer(_LOOK_SECONDS, active=False)
    serving.click(partial(on_served, desk), tab.run, [*shown, waiting], **asked())
    waiting.tick(partial(on_waited, desk), tab.run, [*shown, waiting], **quiet(trigger_mode="once"))
    ending.click(partial(on_serving_ended, desk), tab.run, shown, **asked())
    drawn = [head, onward, status, stop, *shown, *cards]
    looked = [tab.pulse.change, tab.entered.change]
    gr.on(looked, partial(on_looked, desk), [tab.run, tab.step], drawn, **quiet())
    stop.click(partial(on_stop, desk), tab.run, stop, **asked())
    onward.click(partial(on_continued, desk), tab.run, [onward, tab.step], **asked())


def _card(desk: Desk, tab: Tab, exporter: Exporter) -> list[Any]:
    with gr.Column(elem_classes=["ft-card"], min_width=320):
        about = markup.view(exportsheet.about(exporter, "", "", None))
        button = gr.Button(f"Export: {exporter.title}", interactive=False, elem_id=f"ft-export-{exporter.name}")
        done = markup.view(visible=False)
        lines = gr.Code(
            language="python",
            label="Load it",
            interactive=False,
            visible=False,
            lines=6,
            wrap_lines=True,
            show_line_numbers=False,
            elem_id=f"ft-load-{exporter.name}",
        )
    button.click(partial(on_export, desk, exporter.name), tab.run, button, **asked())
    return [about, button, done, lines]


@guarded
def on_looked(desk: Desk, run_id: str, step: int) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the cards as of now, if this page is the one that is shown."""
    return _drawn(desk, run_id) if step == EXPORT else gr.skip()


@guarded
def on_export(desk: Desk, name: str, run_id: str) -> Any:  # noqa: ANN401
    """Begin an export; its progress is shown above the cards."""
    if not run_id:
        return gr.skip()
    desk.engine.export(run_id, name)
    return gr.Button("Exporting", interactive=False)


@guarded
def on_packed(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Pack the whole run and give a link to it."""
    if not run_id:
        return gr.skip()
    return exportsheet.packed(run_id, desk.engine.exports.run_file(run_id))


@guarded
def on_served(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Serve the merged model on this machine."""
    if not run_id:
        return gr.skip()
    desk.engine.exports.serve(run_id)
    return [*_served(desk, run_id), gr.Timer(active=True)]


@guarded
def on_waited(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Look whether the server is ready, until it is."""
    server = desk.engine.exports.servers.of(run_id) if run_id else None
    loads = server is not None and server.health().state == "starting"
    return [*_served(desk, run_id), gr.Timer(active=loads)]


@guarded
def on_serving_ended(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """End the server."""
    desk.engine.exports.servers.stop(run_id)
    return _served(desk, run_id)


def _served(desk: Desk, run_id: str) -> list[Any]:
    """How the server is, and its buttons."""
    server = desk.engine.exports.servers.of(run_id) if run_id else None
    going = server is not None and server.health().state != "ended"
    can = bool(run_id) and SERVED in desk.view(run_id).exported
    return [
        exportsheet.served(server),
        gr.Button("Serve it now", visible=not going, interactive=can),
        gr.Button("Stop serving", visible=going),
    ]


@guarded
def on_stop(desk: Desk, run_id: str) -> gr.Button:
    """Ask the export to stop; nothing is left behind."""
    desk.engine.stop(run_id)
    return gr.Button("Stopping", interactive=False)


@guarded
def on_continued(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Make the smallest export; once there is one, go on to the list of runs."""
    if not run_id or desk.view(run_id).exported:
        return gr.skip(), RUNS
    desk.engine.export(run_id, _first(desk.engine.run(run_id).plan))
    return gr.Button("Exporting", interactive=False), gr.skip()


def _first(plan: Plan) -> str:
    """The first exporter that suits the plan: the smallest."""
    return next((name for name, exporter in EXPORTERS.items() if not exporter.available(plan)), next(iter(EXPORTERS)))


def _drawn(desk: Desk, run_id: str) -> list[Any]:
    if not run_id:
        waiting = [_card_update(desk, exporter, "", None, RunView()) for exporter in EXPORTERS.values()]
        onward = gr.Button("See all runs", interactive=True)
        served = _served(desk, "")
        return [
            _nothing(),
            onward,
            _status(RunView()),
            gr.Button(visible=False),
            *served,
            *(part for card in waiting for part in card),
        ]
    view = desk.view(run_id)
    plan = desk.engine.run(run_id).plan
    cards = [part for exporter in EXPORTERS.values() for part in _card_update(desk, exporter, run_id, plan, view)]
    return [_headline(view), _onward(view, plan), _status(view), _stop(view), *_served(desk, run_id), *cards]


def _stop(view: RunView) -> gr.Button:
    live = view.kind == "export" and view.is_live
    stopping = view.state == RunState.STOPPING
    return gr.Button("Stopping" if stopping else "Stop exporting", visible=live, interactive=not stopping)


def _onward(view: RunView, plan: Plan) -> gr.Button:
    if view.exported:
        return gr.Button("See all runs", interactive=True)
    if view.kind == "export" and view.is_live:
        return gr.Button("Exporting", interactive=False)
    title = EXPORTERS[_first(plan)].title.lower()
    return gr.Button(f"Export the {title}", interactive=view.best_step is not None and not view.is_live)


def _headline(view: RunView) -> str:
    job = view.jobs.get("export")
    if view.kind == "export" and view.is_live:
        return markup.headline("Exporting", "The result is checked in a fresh process before it counts as done.")
    if job is not None and job.state.is_final and job.reason and not view.exported:
        return markup.headline("The export did not work", f"{job.reason} {job.fix}".strip(), "bad")
    if view.exported:
        newest = list(view.exported.values())[-1]
        told = f"{words.size(newest.size_bytes)}, checked in a fresh process. It runs without Fewtune."
        return markup.headline(f"Your model is exported: {_title(newest.exporter)}", told, "good")
    if view.best_step is None:
        return markup.headline("Nothing to export yet", "A run keeps its best weights from the first validation on.")
    return markup.headline(
        "Your model is ready to leave", f"The weights of step {view.best_step:,}, in a form that runs elsewhere."
    )


def _status(view: RunView) -> str:
    if not view.is_live:
        return markup.block(f"<div class='ft-card ft-idle'><p class='ft-below'>{text(_IDLE)}</p></div>")
    if view.kind != "export":
        return markup.block(
            f"<div class='ft-note'>{text('The run is still going on; exports wait until it is done.')}</div>"
        )
    bar = drawings.progress(phrases.fraction(view))
    line = f"<div class='ft-status-row'><span><b>{text(phrases.progress(view))}</b></span></div>"
    return markup.block(f"<div class='ft-card' role='status'>{bar}{line}</div>")


def _card_update(desk: Desk, exporter: Exporter, run_id: str, plan: Plan | None, view: RunView) -> list[Any]:
    """About, button, result and loading lines of one card."""
    title = exporter.title
    missing = desk.engine.exports.missing(exporter.name)
    if plan is None:
        button = gr.Button(f"Export: {title}", interactive=False)
        return [
            exportsheet.about(exporter, "", missing, None),
            button,
            gr.Markdown(visible=False),
            gr.Code(visible=False),
        ]
    exported = view.exported.get(exporter.name)
    refused = exporter.available(plan)
    known = exported is not None or (not refused and view.best_step is not None)
    possible = not refused and not missing and view.best_step is not None and not view.is_live
    forecast = desk.engine.exports.forecast(run_id, exporter.name, desk.machine()) if known else None
    about = exportsheet.about(exporter, refused, missing, forecast)
    button = gr.Button(f"{_verb(refused, missing, exported)}: {title}", interactive=possible)
    if exported is None:
        return [about, button, gr.Markdown(visible=False), gr.Code(visible=False)]
    code = exportsheet.loading(exporter, exported, plan)
    return [about, button, gr.Markdown(exportsheet.result(exported, run_id), visible=True), gr.Code(code, visible=True)]


def _verb(refused: str, missing: str, exported: Exported | None) -> str:
    """What the button of a card does, or in a word why it does nothing."""
    if refused:
        return "Not for this run"
    if missing:
        return "Not installed"
    return "Export again" if exported else "Export"


def _title(name: str) -> str:
    return EXPORTERS[name].title.lower() if name in EXPORTERS else name


def _nothing() -> str:
    return markup.headline(
        "Nothing to export yet", "Train a run first; its best weights can then leave in these forms."
    )
