"""Studies: several runs of one plan that answer one question, begun, watched, and taken over."""

from functools import partial
from typing import Any

import gradio as gr

from core.errors import NotFoundError, SettingsError, UserError
from core.strategy.plan import Plan
from core.study.kinds import KINDS
from core.study.report import Report
from core.study.study import Study
from ui import markup, notices, plots, studydraft, studyplots, studysheet, words
from ui.adopting import adopt
from ui.desk import Desk
from ui.notices import guarded
from ui.tab import STRATEGY, STUDIES, Tab, asked, quiet

_OWN = ""
"""The menu's value for the plan of the strategy's page."""


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    with gr.Row(elem_classes=["ft-head"]):
        head = markup.view(studysheet.headline(None))
        begin = gr.Button("Begin the study", variant="primary", elem_id="ft-study-begin")
    with gr.Column(elem_classes=["ft-card"]):
        kind, of, values = _asking()
        prune = gr.Checkbox(
            label="Give up early what cannot win",
            info="Stops a run whose validation loss stays far above that of those before it.",
            elem_id="ft-study-prune",
        )
        outlook = markup.view(elem_id="ft-study-outlook")
    shown = gr.Dropdown([], label="Studies so far", elem_id="ft-studies")
    figure = gr.Plot(show_label=False, elem_classes=["ft-plot", "wide"], visible=False, elem_id="ft-study-figure")
    table = markup.view(elem_id="ft-study-table")
    take, stop, go_on, forget = _buttons()
    asking = [kind, of, values]
    drawn = [head, shown, figure, table, take, stop, go_on, forget]
    looked = [tab.entered.change, tab.pulse.change]
    gr.on(looked, partial(on_looked, desk), [tab.step, shown], drawn, **quiet())
    tab.entered.change(partial(on_came, desk), tab.step, [*asking, outlook, begin, prune], **quiet())
    asks = [kind.input, of.input, values.blur, values.submit]
    gr.on(asks, partial(on_asked, desk), asking, [values, outlook, begin, prune], **quiet())
    shown.input(partial(on_shown, desk), shown, drawn, **quiet())
    begin.click(partial(on_begun, desk), [*asking, prune], [outlook, *drawn], **asked())
    take.click(partial(on_adopted, desk), shown, [tab.plan, tab.step], **asked())
    for button, act in ((stop, "stop"), (go_on, "go_on"), (forget, "forget")):
        button.click(partial(on_acted, desk, act), shown, drawn, **asked())


def _asking() -> tuple[gr.Radio, gr.Dropdown, gr.Textbox]:
    kind = gr.Radio([(it.title, name) for name, it in KINDS.items()], label="Question", value=next(iter(KINDS)))
    with gr.Row():
        of = gr.Dropdown([], label="Of the plan of", elem_id="ft-study-of", scale=2)
        values = gr.Textbox(label="Values", max_lines=1, max_length=400, elem_id="ft-study-values", scale=3)
    return kind, of, values


def _buttons() -> tuple[gr.Button, ...]:
    with gr.Row():
        take = gr.Button("Adopt the recommended plan", variant="primary", elem_id="ft-study-adopt", visible=False)
        return take, *(
            gr.Button(label, size="sm", elem_id=f"ft-study-{name}", visible=False)
            for name, label in (("stop", "Stop the study"), ("go-on", "Go on"), ("forget", "Forget it"))
        )


@guarded
def on_looked(desk: Desk, step: int, shown: int | None) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the study as of now, if this page is the one that is shown."""
    return _drawn(desk, shown) if step == STUDIES else gr.skip()


@guarded
def on_shown(desk: Desk, shown: int | None) -> Any:  # noqa: ANN401
    """Draw another study."""
    return _drawn(desk, shown)


@guarded
def on_came(desk: Desk, step: int) -> Any:  # noqa: ANN401
    """Ask again what was asked before."""
    if step != STUDIES:
        return gr.skip()
    kind, of, values = studydraft.kept(desk)
    kind = kind if kind in KINDS else next(iter(KINDS))
    menu = [("the Strategy step", _OWN)]
    menu += [(words.shortened(run.row.name, 60), run.row.id) for run in desk.engine.runs()[:50]]
    of = of if of in {value for _, value in menu} else _OWN
    field, *others = _asked(desk, kind, of, values)
    return [kind, gr.Dropdown(menu, value=of), gr.update(value=values, **field), *others]


@guarded
def on_asked(desk: Desk, kind: str, of: str | None, values: str | None) -> Any:  # noqa: ANN401
    """Keep what was asked, and say what it would take."""
    studydraft.keep(desk, kind, of or _OWN, values or "")
    return _asked(desk, kind, of or _OWN, values or "")


@guarded
def on_begun(desk: Desk, kind: str, of: str | None, values: str | None, prune: bool) -> Any:  # noqa: ANN401, FBT001
    """Queue its runs.

    Raises:
        UserError: There is no plan, a value is none, or the first run cannot be started.
    """
    begun = desk.engine.studies.begin(_planned(desk, kind, of or _OWN, values or "", prune=bool(prune)))
    notices.tell("Its runs wait in the queue like all others, also when this page is closed.", title="Begun")
    return [gr.skip(), *_drawn(desk, begun.number)]


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
    return _drawn(desk, None if act == "forget" else number)


def _asked(desk: Desk, kind: str, of: str, values: str) -> list[Any]:
    """What stands above the values' field, the outlook, whether to begin, and whether runs may be given up early.

    What is being typed stays.
    """
    field, prunes = gr.update(info=studysheet.question(kind)), gr.Checkbox(visible=KINDS[kind].prunable)
    try:
        planned = _planned(desk, kind, of, values)
        told = studysheet.outlook(planned, desk.engine.studies.outlook(planned))
    except SettingsError as error:
        wrong = "; ".join(f"{name}: {problem}" for name, problem in error.problems.items())
        return [gr.update(info=wrong), markup.empty(wrong, error.fix), gr.Button(interactive=False), prunes]
    except UserError as error:
        return [field, markup.empty(error.what, error.fix), gr.Button(interactive=False), prunes]
    return [field, told, gr.Button(interactive=True), prunes]


def _planned(desk: Desk, kind: str, of: str, values: str, *, prune: bool = False) -> Study:
    typed = [value.strip() for value in values.replace(";", ",").split(",") if value.strip()]
    return desk.engine.studies.plan(kind, _plan(desk, of), typed, prune=prune)


def _plan(desk: Desk, of: str) -> Plan:
    if of:
        return desk.engine.run(of).plan
    draft = desk.draft()
    choice = desk.choice(draft)
    if choice is None:
        raise UserError("There is no plan to vary yet.", "Choose data on the first page, or a run above.")
    return desk.plan(desk.advice(draft, choice), draft)


def _drawn(desk: Desk, shown: int | None) -> list[Any]:
    known = desk.engine.studies.all()
    numbers = [study.number for study in known]
    number = shown if shown in numbers else next(iter(numbers), None)
    menu = gr.Dropdown([(studysheet.named(it), it.number) for it in known], value=number, visible=bool(known))
    report = _report(desk, number)
    if report is None:
        return [
            studysheet.headline(None),
            menu,
            gr.Plot(visible=False),
            "",
            *(gr.Button(visible=False) for _ in range(4)),
        ]
    finding = report.finding
    buttons = (
        report.is_over and finding is not None and finding.adopt is not None,
        not report.is_over,
        report.is_over and report.can_go_on,
        report.is_over,
    )
    return [
        studysheet.headline(report),
        menu,
        gr.Plot(plots.drawn(studyplots.figure(report)), visible=True),
        studysheet.table(report),
        *(gr.Button(visible=it) for it in buttons),
    ]


def _report(desk: Desk, number: int | None) -> Report | None:
    try:
        return desk.engine.studies.report(number) if number else None
    except NotFoundError:  # forgotten in another tab
        return None
