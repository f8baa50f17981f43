"""Studies: several runs of one plan that answer one question, begun, watched, and taken over."""

from functools import partial
from typing import Any

import gradio as gr

from core.errors import UserError
from core.study.report import Report
from core.study.study import read_id
from ui import markup, notices, plots, studyplots, studysheet, studytime
from ui.adopting import adopt
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.studies import asking
from ui.tab import STRATEGY, STUDIES, Tab, asked, quiet

_SECONDS = 2.0
"""Between two looks at what is left of a study that goes on."""


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    with gr.Row(elem_classes=["ft-head"]):
        head = markup.view(studysheet.headline(None), elem_id="ft-study-head")
        begin = gr.Button("Begin the study", variant="primary", elem_id="ft-study-begin")
    with gr.Column(elem_classes=["ft-card"]):
        question = asking.place()
    shown = gr.Dropdown([], label="Studies so far", elem_id="ft-studies")
    figure = gr.Plot(show_label=False, elem_classes=["ft-plot", "wide"], visible=False, elem_id="ft-study-figure")
    table = markup.view(elem_id="ft-study-table")
    take, stop, go_on, forget = _buttons()
    ticking = gr.Timer(_SECONDS, active=False)
    drawn = [tab.study, head, shown, figure, table, take, stop, go_on, forget, ticking]
    looked = [tab.entered.change, tab.pulse.change]
    gr.on(looked, partial(on_looked, desk), [tab.step, tab.study], drawn, **quiet())
    ticking.tick(partial(on_tick, desk), [tab.step, tab.study], head, **quiet(trigger_mode="once"))
    asking.connect(desk, tab, question, begin)
    shown.input(partial(on_shown, desk), shown, drawn, **quiet())
    begin.click(partial(on_begun, desk), [*question.typed, question.prune], drawn, **asked())
    take.click(partial(on_adopted, desk), shown, [tab.plan, tab.step], **asked())
    for button, act in ((stop, "stop"), (go_on, "go_on"), (forget, "forget")):
        button.click(partial(on_acted, desk, act), shown, drawn, **asked())


def _buttons() -> tuple[gr.Button, ...]:
    with gr.Row():
        take = gr.Button("Adopt the recommended plan", variant="primary", elem_id="ft-study-adopt", visible=False)
        return take, *(
            gr.Button(label, size="sm", elem_id=f"ft-study-{name}", visible=False)
            for name, label in (("stop", "Stop the study"), ("go-on", "Go on"), ("forget", "Forget it"))
        )


@guarded
def on_looked(desk: Desk, step: int, study: str) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the study as of now, if this page is the one that is shown."""
    return _drawn(desk, study) if step == STUDIES else gr.skip()


@guarded
def on_tick(desk: Desk, step: int, study: str) -> Any:  # noqa: ANN401
    """Say what is left; all else is drawn when a run begins or ends."""
    report = _report(desk, study) if step == STUDIES else None
    return gr.skip() if report is None else _head(desk, report)


@guarded
def on_shown(desk: Desk, shown: int | None) -> Any:  # noqa: ANN401
    """Draw another study."""
    return _drawn(desk, f"s{int(shown or 0)}")


@guarded
def on_begun(desk: Desk, kind: str, of: str | None, values: str | None, prune: bool) -> Any:  # noqa: ANN401, FBT001
    """Queue its runs.

    Raises:
        UserError: There is no plan, a value is none, or the first run cannot be started.
    """
    begun = desk.engine.studies.begin(asking.plan(desk, kind, of, values, prune=bool(prune)))
    notices.tell("Its runs wait in the queue like all others, also when this page is closed.", title="Begun")
    return _drawn(desk, begun.id)


@guarded
def on_adopted(desk: Desk, shown: int | None) -> Any:  # noqa: ANN401
    """Make the recommended plan that of the strategy's page, and go there.

    Raises:
        UserError: The study recommends none, or its data are gone.
    """
    report = desk.engine.studies.report(int(shown or 0))
    if report.finding is None or report.finding.adopt is None:
        raise UserError("This study recommends no plan.", "Its table says what each variant got.")
    stamp = adopt(desk, report.finding.adopt)
    notices.tell("What differs from the advice stands under 'Change something'.", title="Adopted")
    return stamp, STRATEGY


@guarded
def on_acted(desk: Desk, act: str, shown: int | None) -> Any:  # noqa: ANN401
    """Stop, go on with, or forget a study.

    Raises:
        BusyError: It is to be forgotten and goes on.
        UserError: A run cannot be started.
    """
    number, studies = int(shown or 0), desk.engine.studies
    if act == "stop":
        studies.stop(number)
        notices.tell("What waits is taken out, what is at work keeps its best weights.", title="Stopping")
    elif act == "go_on":
        studies.go_on(number)
    else:
        studies.delete(number)
        notices.tell("Its runs stay.", title="Forgotten")
    return _drawn(desk, "" if act == "forget" else f"s{number}")


def _drawn(desk: Desk, study: str) -> list[Any]:
    """Updates of the page, for the study of that id, or the newest one without an id."""
    known = desk.engine.studies.all()
    report = _report(desk, study or next((it.id for it in known), ""))
    shown = report.study.number if report else None
    menu = gr.Dropdown([(studysheet.named(it), it.number) for it in known], value=shown, visible=bool(known))
    if report is None:
        nothing = studysheet.gone(study, others=bool(known)) if study else studysheet.headline(None)
        hidden = [gr.Button(visible=False) for _ in range(4)]
        return [study, nothing, menu, gr.Plot(visible=False), "", *hidden, gr.Timer(active=False)]
    finding = report.finding
    buttons = (
        report.is_over and finding is not None and finding.adopt is not None,
        not report.is_over,
        report.is_over and report.can_go_on,
        report.is_over,
    )
    return [
        report.study.id,
        _head(desk, report),
        menu,
        gr.Plot(plots.drawn(studyplots.figure(report)), visible=True),
        studysheet.table(report),
        *(gr.Button(visible=it) for it in buttons),
        gr.Timer(active=not report.is_over),
    ]


def _head(desk: Desk, report: Report) -> str:
    return studysheet.headline(report, "" if report.is_over else studytime.left(desk.engine, report, desk.view).told)


def _report(desk: Desk, study: str) -> Report | None:
    try:
        return desk.engine.studies.report(read_id(study)) if study else None
    except UserError:  # forgotten in another tab, or an address that names none
        return None
