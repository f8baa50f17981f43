"""The question of a study that has not begun: of which plan, with which values, and what it would take."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core.errors import BusyError, SettingsError, UserError
from core.strategy.plan import Plan
from core.study.kinds import KINDS
from core.study.study import Study
from ui import markup, notices, studydraft, studysheet, timesheet, words
from ui.desk import Desk
from ui.notices import guarded
from ui.tab import STUDIES, Tab, asked, quiet

_OWN = ""
"""The menu's value for the plan of the strategy's page."""
_SECONDS = 0.5
"""Between two looks at how far a measurement is."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what shows what it would take."""

    kind: gr.Radio
    of: gr.Dropdown
    values: gr.Textbox
    prune: gr.Checkbox
    outlook: gr.Markdown
    measure: gr.Button
    going: gr.Column
    progress: gr.Markdown
    stop: gr.Button
    ticking: gr.Timer
    stage: gr.State
    """Of the measuring that is drawn."""

    @property
    def typed(self) -> list[Any]:
        """What decides the plan of the study."""
        return [self.kind, self.of, self.values]

    @property
    def told(self) -> list[Any]:
        """What `_measured` has updates for."""
        return [self.outlook, self.measure, self.going, self.progress, self.stop, self.ticking, self.stage]


def place() -> Question:
    """Place the question into the current block."""
    kinds = [(it.title, name) for name, it in KINDS.items()]
    kind = gr.Radio(kinds, label="Question", value=next(iter(KINDS)), elem_id="ft-study-kind")
    with gr.Row():
        of = gr.Dropdown([], label="Of the plan of", elem_id="ft-study-of", scale=2)
        values = gr.Textbox(label="Values", max_lines=1, max_length=400, elem_id="ft-study-values", scale=3)
    prune = gr.Checkbox(
        label="Give up early what cannot win",
        info="Stops a run whose validation loss stays far above that of those before it.",
        elem_id="ft-study-prune",
    )
    outlook = markup.view(elem_id="ft-study-outlook")
    with gr.Row(elem_classes=["ft-turn"]):
        measure = gr.Button("Measure first", size="sm", visible=False, elem_id="ft-study-measure")
    with gr.Column(visible=False, elem_id="ft-study-measuring") as going:
        progress = markup.view()
        stop = gr.Button("Stop measuring", size="sm", elem_classes=["ft-quiet"], elem_id="ft-study-stop-measuring")
    ticking, stage = gr.Timer(_SECONDS, active=False), gr.State("")
    return Question(kind, of, values, prune, outlook, measure, going, progress, stop, ticking, stage)


def connect(desk: Desk, tab: Tab, here: Question, begin: gr.Button) -> None:
    """Connect the question; `begin` is the button that begins the study."""
    drawn = [here.values, begin, here.prune, *here.told]
    tab.entered.change(partial(on_came, desk), [tab.step, here.kind], [here.kind, here.of, *drawn], **quiet())
    asks = [here.kind.input, here.of.input, here.values.blur, here.values.submit]
    gr.on(asks, partial(on_asked, desk), here.typed, drawn, **quiet())
    measured = [begin, *here.told]
    here.measure.click(partial(on_measure_wanted, desk), here.typed, measured, **asked())
    here.stop.click(partial(on_stopped, desk), here.typed, measured, **asked())
    following = [tab.step, here.stage, *here.typed]
    here.ticking.tick(partial(on_tick, desk, here), following, measured, **quiet(trigger_mode="once"))
    tab.pulse.change(partial(on_pulsed, desk), following, measured, **quiet())


def plan(desk: Desk, kind: str, of: str | None, values: str | None, *, prune: bool = False) -> Study:
    """The study that is asked for.

    Raises:
        UserError: There is no plan to vary.
        SettingsError: A value is none.
    """
    typed = [value.strip() for value in (values or "").replace(";", ",").split(",") if value.strip()]
    return desk.engine.studies.plan(kind, _plan(desk, of or _OWN), typed, prune=prune)


@guarded
def on_came(desk: Desk, step: int, shown: str) -> Any:  # noqa: ANN401 - updates of the page
    """Ask again what was asked before; where nothing was, what is being typed stays."""
    if step != STUDIES:
        return gr.skip()
    kind, of, values = studydraft.kept(desk)
    kind = kind if kind in KINDS else next(iter(KINDS))
    menu = [("the Strategy step", _OWN)]
    menu += [(words.shortened(run.row.name, 60), run.row.id) for run in desk.engine.runs()[:50]]
    of = of if of in {value for _, value in menu} else _OWN
    field, *others = _asked(desk, kind, of, values)
    field = gr.update(**{**field, "value": values}) if values else field
    return [gr.skip() if kind == shown else kind, gr.Dropdown(menu, value=of), field, *others]


@guarded
def on_asked(desk: Desk, kind: str, of: str | None, values: str | None) -> Any:  # noqa: ANN401
    """Keep what was asked, and say what it would take."""
    studydraft.keep(desk, kind, of or _OWN, values or "")
    return _asked(desk, kind, of or _OWN, values or "")


@guarded
def on_measure_wanted(desk: Desk, kind: str, of: str | None, values: str | None) -> Any:  # noqa: ANN401
    """Measure the plans whose time is not known, one after the other.

    Raises:
        UserError: There is no plan to vary.
        SettingsError: A value is none.
        ModelError: The model can be planned with, but not be had.
    """
    unknown = desk.engine.studies.outlook(plan(desk, kind, of, values)).unmeasured
    if desk.prompts.look() is not None:
        both = BusyError("A prompt is being tried, and the speed would be wrong.", "Wait for its end, or stop it.")
        notices.show(both, title="Not now")
    elif unknown:
        try:
            desk.measuring.begin(*(variant.plan for variant in unknown))
        except BusyError as error:
            notices.show(error, title="Not now")
    return _measured(desk, _outlook(desk, kind, of, values))


@guarded
def on_stopped(desk: Desk, *typed: Any) -> Any:  # noqa: ANN401
    """Stop measuring; what was measured before stays."""
    desk.measuring.stop()
    return _measured(desk, _outlook(desk, *typed))


@guarded
def on_tick(desk: Desk, here: Question, step: int, stage: str, *typed: Any) -> Any:  # noqa: ANN401
    """Say how far it is; where one measurement ended, draw what is known now."""
    going = desk.measuring.look()
    if step != STUDIES or going is None or stage != desk.measuring.stage:
        return _measured(desk, _outlook(desk, *typed))
    return {here.progress: timesheet.progress(*going, desk.measuring.waiting)}


@guarded
def on_pulsed(desk: Desk, step: int, stage: str, *typed: Any) -> Any:  # noqa: ANN401
    """Draw what another tab measured or began to measure; before the page knows what is asked there is no stage."""
    if step != STUDIES or not stage or stage == desk.measuring.stage:
        return gr.skip()
    return _measured(desk, _outlook(desk, *typed))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is said of a study that has not begun."""

    outlook: str
    wrong: str = ""
    """What is wrong with the values."""
    can_begin: bool = False
    unknown: bool = False
    """Whether the time of one of its runs is not known."""


def _outlook(desk: Desk, kind: str, of: str | None, values: str | None) -> _Told:
    try:
        planned = plan(desk, kind, of, values)
        told = desk.engine.studies.outlook(planned)
    except SettingsError as error:
        wrong = "; ".join(f"{name}: {problem}" for name, problem in error.problems.items())
        return _Told(outlook=markup.empty(wrong, error.fix), wrong=wrong)
    except UserError as error:
        return _Told(outlook=markup.empty(error.what, error.fix))
    return _Told(outlook=studysheet.outlook(planned, told), can_begin=True, unknown=bool(told.unmeasured))


def _asked(desk: Desk, kind: str, of: str, values: str) -> list[Any]:
    """What stands above the values' field, whether to begin, whether runs may be given up early, and the outlook.

    What is being typed stays.
    """
    told = _outlook(desk, kind, of, values)
    field, prunes = gr.update(info=told.wrong or studysheet.question(kind)), KINDS[kind].prunable
    begin, *rest = _measured(desk, told)
    return [field, begin, gr.Checkbox(visible=prunes), *rest]


def _measured(desk: Desk, told: _Told) -> list[Any]:
    """Whether to begin, what the study would take, and how far a measurement is."""
    stage, going = desk.measuring.stage, desk.measuring.look()
    begin = gr.Button(interactive=told.can_begin)
    idle = gr.Button(visible=told.unknown and going is None, interactive=desk.engine.active() is None)
    if going is not None:
        shown = timesheet.progress(*going, desk.measuring.waiting)
        look = [gr.Column(visible=True), shown, gr.Button(visible=True), gr.Timer(active=True)]
    else:
        shown = timesheet.ending(desk.measuring.said, desk.measuring.error) if told.unknown else ""
        look = [gr.Column(visible=bool(shown)), shown, gr.Button(visible=False), gr.Timer(active=False)]
    return [begin, told.outlook, idle, *look, stage]


def _plan(desk: Desk, of: str) -> Plan:
    if of:
        return desk.engine.run(of).plan
    draft = desk.draft()
    choice = desk.choice(draft)
    if choice is None:
        raise UserError("There is no plan to vary yet.", "Choose data on the first page, or a run above.")
    return desk.plan(desk.advice(draft, choice), draft)
