"""Page 2: data, machine and wishes become a plan, with reasons; everything can be changed one click deeper."""

import json
import time
from functools import partial
from typing import Any

import gradio as gr

from core.errors import BusyError, UserError
from core.job.queue import read_time
from core.strategy.advise import Goal
from core.strategy.methods import METHODS
from ui import advicesheet, markup, matrixsheet, notices
from ui.desk import Desk
from ui.measuring import GAVE_WAY
from ui.notices import guarded
from ui.outlook import Outlook
from ui.pages.strategy import form, measure, models, prompting, sharing
from ui.pages.strategy.sheet import Sheet, look
from ui.tab import DATA, STRATEGY, TRAIN, Tab, asked, quiet

__all__ = ["build"]

Wishes = tuple[gr.Dropdown, gr.Radio, gr.Checkbox, gr.Textbox, gr.Textbox]


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    with gr.Row(elem_classes=["ft-head"]):
        head = markup.view(_nothing())
        start = gr.Button("Start training", variant="primary", interactive=False, elem_id="ft-start")
    with gr.Row(equal_height=False, elem_classes=["ft-split"]):
        with gr.Column(scale=5, min_width=300):
            wishes = _wishes()
        with gr.Column(scale=7, min_width=320, elem_classes=["ft-card"]):
            card, timing, why, linear = markup.view(), measure.place(), markup.view(), markup.view()
    others = _in_a_card()
    stamp, key = gr.State(""), gr.State(None)
    with gr.Accordion("Change something", open=False, elem_id="ft-expert") as expert:
        problems = markup.view()
        method, about, reset = _method()
        drawn = [head, card, *timing.drawn, why, others, expert, problems, start, stamp]
        form.place(desk, key, drawn, _drawn)
        price = measure.price(desk, drawn, _drawn)
    prompting.place(desk, tab, stamp)
    measure.connect(desk, tab, timing, drawn, _drawn)
    sharing.place(desk, tab, stamp)
    with gr.Accordion("The recommendation matrix", open=False):
        lit = markup.view()
    models.place(desk, stamp)
    everything = [*drawn, *wishes, price, method, about, lit, key]
    _listen(desk, wishes, expert, everything)
    method.input(partial(on_method_chosen, desk), method, everything, **asked())
    reset.click(partial(on_reset, desk), None, everything, **asked())
    gr.on([tab.entered.change, tab.plan.change], partial(on_entered, desk), tab.step, everything, **quiet())
    # After the advice, which does not wait for it.
    stamp.change(partial(on_drawn, desk), None, linear, **quiet())
    start.click(partial(on_named, desk), [*wishes[-2:]], [tab.run, tab.step], **asked())


def _listen(desk: Desk, wishes: Wishes, expert: gr.Accordion, everything: list[Any]) -> None:
    """Keep what was wished, and whether the settings are open."""
    model, goal, budget, name, begin = wishes
    wished = [model.input, goal.input, budget.input]
    gr.on(wished, partial(on_wished, desk), [model, goal, budget], everything, **asked())
    # A pasted name is one change without a key: only leaving the field tells of it.
    for box, key in ((name, "name"), (begin, "begin")):
        gr.on([box.input, box.blur], partial(on_typed, desk, key), box, None, **quiet())
    for event, is_open in ((expert.expand, True), (expert.collapse, False)):
        event(partial(on_folded, desk, is_open), None, None, **quiet())


def _in_a_card() -> gr.Markdown:
    with gr.Column(elem_classes=["ft-card"]):
        return markup.view()


def _method() -> tuple[gr.Dropdown, gr.Markdown, gr.Button]:
    with gr.Row():
        menu = [(kind.title if kind.advised else f"More: {kind.title}", key) for key, kind in METHODS.items()]
        method = gr.Dropdown(menu, label="Method", min_width=300)
        about = markup.view()
        reset = gr.Button("Back to the advice", elem_classes=["ft-quiet"], size="sm", elem_id="ft-reset")
    return method, about, reset


def _wishes() -> Wishes:
    model = gr.Dropdown(
        models.menu(),
        label="Model",
        info="Choose one, or type a hub id (owner/name) or a model folder of this computer.",
        allow_custom_value=True,
        elem_id="ft-model",
    )
    goal = gr.Radio(
        [(told, wish.value) for wish, told in advicesheet.GOALS.items()],
        label="What matters most",
        elem_classes=["ft-goals"],
        elem_id="ft-goal",
    )
    budget = gr.Checkbox(
        label="Tight budget", info="Always the method that needs the least memory.", elem_id="ft-budget"
    )
    with gr.Row():
        name = gr.Textbox(
            label="Name (optional)", max_lines=1, max_length=120, elem_id="ft-name", scale=2, min_width=200
        )
        begin = gr.Textbox(
            label="Not before",
            placeholder="at once",
            max_lines=1,
            max_length=20,
            elem_id="ft-begin",
            scale=1,
            min_width=140,
        )
    return model, goal, budget, name, begin


@guarded
def on_entered(desk: Desk, step: int) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the page when it is shown or the data changed under it."""
    return _everything(desk) if step == STRATEGY else gr.skip()


@guarded
def on_drawn(desk: Desk) -> str:
    """Say what a linear model gets, once that is known."""
    choice = desk.choice()
    return advicesheet.linear(desk.engine.baseline(choice)) if choice else ""


@guarded
def on_wished(desk: Desk, model: str | None, goal: str, budget: bool) -> Any:  # noqa: ANN401, FBT001 - values of controls
    """Ask for other advice; what was changed on top of the old one is dropped with it."""
    desk.keep(model=(model or "starter").strip(), goal=goal, budget=bool(budget), overrides={})
    return _everything(desk)


@guarded
def on_typed(desk: Desk, key: str, typed: str) -> None:
    """Keep the run's name, or when it is to begin, as typed."""
    desk.keep(**{key: typed or ""})


@guarded
def on_folded(desk: Desk, is_open: bool) -> None:  # noqa: FBT001 - from the event
    """Keep whether the settings are open."""
    desk.keep(expert=is_open)


@guarded
def on_method_chosen(desk: Desk, method: str) -> Any:  # noqa: ANN401
    """Take another method, with the learning rate that suits it."""
    draft = desk.draft()
    choice = desk.choice(draft)
    if choice is None:
        return gr.skip()
    advice = desk.advice(draft, choice)
    if method == advice.plan.method:
        desk.keep(overrides={})
        return _everything(desk)
    desk.keep(overrides=advice.instead(method))
    return _everything(desk)


@guarded
def on_reset(desk: Desk) -> Any:  # noqa: ANN401
    """Forget every change and take the advice as it is."""
    desk.keep(overrides={})
    return _everything(desk, anew=str(time.monotonic_ns()))


@guarded
def on_named(desk: Desk, name: str | None, begin: str | None) -> Any:  # noqa: ANN401
    """Start the run under this name, not before this time.

    The fields come with the click: what was pasted a moment before is told by leaving the field, which the click does,
    and may be kept later than the click is answered.
    """
    desk.keep(name=name or "", begin=begin or "")
    return on_started(desk)


@guarded
def on_started(desk: Desk) -> Any:  # noqa: ANN401
    """Start the run, or say which one is in the way; a measurement gives way to it."""
    draft = desk.draft()
    choice = desk.choice(draft)
    if choice is None:
        return gr.skip(), DATA
    plan = desk.plan(desk.advice(draft, choice), draft)
    not_before = read_time(str(draft["begin"]))
    if desk.measuring.give_way():
        notices.tell(GAVE_WAY, title="The run begins")
    desk.prompts.give_way()
    desk.prompted.give_way()
    try:
        run_id = desk.engine.start(plan, not_before)
    except BusyError as error:
        job = desk.engine.active()
        notices.show(error, title="A run is in progress", link=(job.run_id, "Show it") if job else None)
        return gr.skip()
    desk.keep(begin="")
    return run_id, TRAIN


def _drawn(desk: Desk, **folded: bool) -> list[Any]:
    """Updates of what follows the settings; `folded` may say whether those are open."""
    sheet = look(desk)
    if sheet.advice is None:
        return _without_advice(desk, sheet.error)
    title = f"Change something ({sheet.changed} differ from the advice)" if sheet.changed else "Change something"
    expert = gr.Accordion(label=title, **folded)
    if sheet.plan is None or sheet.error is not None:
        return _wrong(desk, sheet, expert)
    memory = desk.engine.forecast(sheet.plan)
    time_ = desk.engine.time_forecast(sheet.plan, measure.price_of(desk))
    own = Outlook(sheet.plan.method, sheet.plan.options, memory, time_)
    desk.chosen_method = advicesheet.short(sheet.plan)
    return [
        advicesheet.headline(sheet.advice, sheet.plan, memory, sheet.changed),
        advicesheet.card(sheet.plan, memory, time_, sheet.changed),
        *measure.drawn(desk, time_),
        advicesheet.reasons(sheet.advice, sheet.changed),
        advicesheet.alternatives(sheet.plan, own, desk.outlooks.of(sheet.advice, desk.measuring.stage)),
        expert,
        "",
        gr.Button(interactive=True),
        sheet.plan.model_dump_json(),
    ]


def _without_advice(desk: Desk, error: UserError | None) -> list[Any]:
    waiting = markup.empty("The recommendation stands here once data and model can be read.")
    head = markup.headline(error.what.rstrip("."), error.fix, "amber") if error else _nothing()
    return [head, waiting, *measure.nothing(desk), "", "", gr.skip(), "", gr.Button(interactive=False), ""]


def _wrong(desk: Desk, sheet: Sheet, expert: gr.Accordion) -> list[Any]:
    error = sheet.error or UserError("The plan is not complete.")
    count = len(error.problems)
    title = "One setting is wrong" if count == 1 else f"{count} settings are wrong"
    head = markup.headline(title, "They are named under 'Change something'; mend them there to go on.", "amber")
    told = markup.block(f"<div class='ft-note bad' role='alert'>{notices.markup(error)}</div>")
    skipped = [gr.skip() for _ in range(2)]
    return [head, gr.skip(), *measure.nothing(desk), *skipped, expert, told, gr.Button(interactive=False), ""]


def _everything(desk: Desk, *, anew: str = "") -> list[Any]:
    """Updates of the whole page; `anew` makes the form redraw itself even where nothing else changed."""
    draft = desk.draft()
    goal = draft["goal"] if draft["goal"] in set(Goal) else Goal.BALANCED.value
    wishes = [draft["model"], goal, draft["budget"], draft["name"], draft["begin"], draft["price"]]
    sheet = look(desk)
    if sheet.advice is None:
        return [*_drawn(desk), *wishes, gr.skip(), "", "", ""]
    raw = desk.raw_plan(sheet.advice, draft)
    method = METHODS[raw["method"]]
    about = markup.block(
        f"<p class='ft-below'>Take it when {markup.text(method.when)}. {markup.text(method.source)}</p>"
    )
    key = f"{json.dumps(raw, sort_keys=True)} {anew}"
    page = _drawn(desk, open=bool(draft["expert"]))
    return [*page, *wishes, method.name, about, matrixsheet.lit_matrix(sheet.advice), key]


def _nothing() -> str:
    return markup.headline("No data yet", "Choose a file or a sample on the first page; the advice follows from it.")
