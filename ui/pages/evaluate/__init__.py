"""Page 5: did it help? Base and tuned on the same held-out rows, with intervals, and the rows themselves."""

from functools import partial
from typing import Any

import gradio as gr

from core.evaluate.evaluation import Evaluation
from core.evaluate.headline import tells_apart
from core.events import RunState
from ui import labelsheet, markup, scoresheet, studydraft, words
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.evaluate import judging, prompting, rows
from ui.tab import EVALUATE, EXPORT, PLAYGROUND, STUDIES, TRAIN, Tab, asked, quiet

_MORE = {"rows": "Would more rows help?", "folds": "Test on every row"}
"""By the kind of study that answers it."""


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    shown = gr.State("")
    with gr.Row(elem_classes=["ft-head", "ft-head-tall"]):
        head = markup.view(scoresheet.nothing())
        with gr.Column(min_width=200):
            onward = gr.Button("Export the model", variant="primary", interactive=False, elem_id="ft-to-export")
            again = gr.Button("Score again", visible=False, elem_id="ft-score-again")
            play = gr.Button("Try it in the playground", elem_id="ft-to-playground")
            more = gr.Button(_MORE["rows"], visible=False, elem_id="ft-more-rows")
            stop = gr.Button("Stop scoring", variant="stop", visible=False, elem_id="ft-stop-scoring")
    strips = markup.view(elem_id="ft-strips")
    with gr.Column(visible=False) as details:
        earlier = gr.Dropdown(
            [("none", "")], value="", label="Compare with an earlier run on the same rows", elem_id="ft-earlier"
        )
        prompting.place(desk, tab, strips, earlier)
        rows.place(desk, tab)
        judging.place(desk, tab)
        alone = _of_labels()
    drawn = [head, onward, again, more, stop, strips, details, earlier, *alone, shown]
    looked = [tab.pulse.change, tab.entered.change]
    inputs = [tab.run, tab.step, shown]
    earlier.input(partial(on_earlier_chosen, desk), [tab.run, earlier], strips, **quiet())
    gr.on(looked, partial(on_looked, desk), inputs, drawn, **quiet())
    stop.click(partial(on_stop, desk), tab.run, stop, **asked())
    again.click(partial(on_again, desk), tab.run, again, **asked())
    more.click(partial(on_more, desk), tab.run, tab.step, **quiet())
    play.click(lambda: PLAYGROUND, None, tab.step, **quiet())
    onward.click(partial(on_continued, desk), tab.run, tab.step, **quiet())


def _of_labels() -> list[Any]:
    with gr.Accordion("Labels: which was taken for which, each label alone", open=False, visible=False) as folded:
        confusion = markup.view(elem_id="ft-labels")
    with gr.Accordion("Reliability: right as often as it says?", open=False, visible=False) as unfolded:
        diagram = markup.view(elem_id="ft-reliability")
    return [folded, confusion, unfolded, diagram]


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
        hidden = [gr.Column(visible=False), *(gr.skip() for _ in range(5))]
        buttons = [gr.Button(interactive=False), gr.Button("Score now", visible=ready, interactive=True)]
        return [head, *buttons, gr.Button(visible=False), _stop(view), _waiting(view), *hidden, now]
    labels = bool(evaluation.labels)
    runs = desk.engine.results.comparable(run_id)
    earlier = [
        ("none", ""),
        *((f"{words.shortened(row.name, 60)}, {words.ago(row.created_at)}", row.id) for row in runs),
    ]
    again = gr.Button("Score again", visible=not view.is_live and view.state != RunState.QUEUED, interactive=True)
    return [
        head,
        gr.Button(interactive=True),
        again,
        gr.Button(_MORE[_further(evaluation)], visible=not view.is_live),
        _stop(view),
        scoresheet.strips(evaluation, desk.engine.results.beside(run_id)),
        gr.Column(visible=True),
        gr.Dropdown(choices=earlier, value="", visible=len(earlier) > 1),
        gr.Accordion(visible=labels),
        labelsheet.labels(evaluation) if labels else "",
        gr.Accordion(visible=labels),
        labelsheet.reliability(evaluation) if labels else "",
        now,
    ]


@guarded
def on_earlier_chosen(desk: Desk, run_id: str, other: str) -> Any:  # noqa: ANN401
    """Draw an earlier run beside both models."""
    evaluation = desk.engine.evaluation(run_id)
    return scoresheet.strips(evaluation, desk.engine.results.beside(run_id, other)) if evaluation else gr.skip()


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
def on_more(desk: Desk, run_id: str) -> int:
    """Ask, on the studies' page, what would tell more: this run's plan tested on every row, or trained on fewer."""
    row, evaluation = desk.engine.run(run_id).row, desk.engine.evaluation(run_id)
    studydraft.keep(desk, _further(evaluation) if evaluation else "rows", row.id)
    return STUDIES


def _further(evaluation: Evaluation) -> str:
    """The kind of study to go on with: where these rows cannot tell the two models apart, one that tests on all."""
    result = evaluation.metrics.get(evaluation.primary)
    return "folds" if result is not None and not tells_apart(result) else "rows"


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
