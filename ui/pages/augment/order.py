"""What is asked for: the task card, the teacher, how many rows, and what they may cost."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core.augment.order import Order
from core.augment.spend import Limits
from core.augment.survey import Survey, Tried
from core.augment.teachers import TEACHERS
from core.dataset.choice import DataChoice
from core.errors import DataError, SettingsError, UserError
from ui import augmentsheet, forms, markup
from ui.augmenting import TRY, asked_of
from ui.desk import Desk
from ui.keys import holds_secret
from ui.notices import guarded
from ui.pages.augment import typed
from ui.tab import asked, quiet

_NO_SURVEY = DataError("Your examples are being looked at.", "Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Part:
    """The controls of this part of the page."""

    drawn: list[Any]
    """What follows from what was typed."""
    typed: list[Any]
    """What is typed: filled when the page is shown, and left alone while somebody types."""
    named: dict[str, Any]


def place() -> Part:
    """Place the cards."""
    named: dict[str, Any] = {}
    with gr.Column(visible=False) as whole:
        with gr.Row(equal_height=False, elem_classes=["ft-split"]):
            with gr.Column(scale=6, min_width=320, elem_classes=["ft-card"], elem_id="ft-augment-card"):
                figures = _card(named)
            with gr.Column(scale=6, min_width=320, elem_classes=["ft-card"], elem_id="ft-augment-teacher"):
                trial = _teacher(named)
        with gr.Column(elem_classes=["ft-card"], elem_id="ft-augment-amount"):
            markup.view(markup.block("<h3>How many, and what it takes</h3>"))
            named["count"] = gr.Slider(1, 400, value=100, step=1, label="New rows", elem_id="ft-augment-count")
            forecast = markup.view()
            wrong = markup.view()
            with gr.Accordion("Quality, prices and caps", open=False, elem_id="ft-augment-caps"):  # noqa: SIM117 - rows
                with gr.Row(elem_classes=["ft-form"]):
                    named |= forms.form(Order, {}, typed.MEASURES) | forms.form(Limits, {}, typed.LIMITS)
            with gr.Accordion("The plan of variation", open=False):
                variation = markup.view()
            with gr.Accordion("The first question in full", open=False):
                question = markup.view()
    drawn_ = [whole, figures, trial, named["test"], named["key"], forecast, wrong, variation, question, named["about"]]
    named["held"] = gr.State({})
    return Part(drawn_, [named[name] for name in typed.FIELDS], named)


def _card(named: dict[str, Any]) -> gr.Markdown:
    markup.view(markup.block("<h3>The task, as the teacher is told</h3>"))
    named["description"] = gr.Textbox(
        label="Task", info="What a row is for, in your words.", lines=3, max_lines=8, max_length=4000, elem_id="ft-task"
    )
    told = {
        "constraints": ("Facts that every row keeps to", "One a line; each is also brought out in some rows."),
        "do": ("Do", "What new rows should have, one a line."),
        "avoid": ("Do not", "What new rows must not have, one a line."),
    }
    for name, (label, info) in told.items():
        named[name] = gr.Textbox(
            label=label, info=info, lines=2, max_lines=6, max_length=8000, elem_id=f"ft-card-{name}"
        )
    with gr.Accordion("What was counted in your rows", open=False):
        figures = markup.view()
    named["again"] = gr.Button(
        "Back to what the rows say", size="sm", elem_classes=["ft-quiet"], elem_id="ft-card-anew"
    )
    return figures


def _teacher(named: dict[str, Any]) -> gr.Markdown:
    markup.view(markup.block("<h3>The teacher</h3>"))
    menu = [(teacher.title, name) for name, teacher in TEACHERS.items()]
    named["teacher"] = gr.Radio(menu, label="Who writes", elem_classes=["ft-segments"], elem_id="ft-teacher")
    named["about"] = markup.view()
    named["shown"] = gr.State("")
    named["box"] = gr.Column()
    # A key is never drawn: what the server remembers of it stays there.
    named["key"] = gr.Textbox(
        label="Key",
        type="password",
        max_lines=1,
        max_length=500,
        info="Kept in memory until Fewtune ends, for this address alone; written nowhere.",
        elem_id="ft-augment-key",
    )
    named["test"] = gr.Button("Test", size="sm", elem_id="ft-augment-test")
    return markup.view()


def amount(part: Part) -> list[Any]:
    """The fields that `typed.keep_amount` takes, in its order."""
    return [part.named[name] for name in ("held", *typed.AMOUNT)]


def connect(desk: Desk, part: Part, drawn_page: list[Any], draw: Callable[[Desk], list[Any]]) -> None:
    """Keep what is typed, and draw what follows from it.

    Keeping is a step of its own, which waits for no drawing: a key typed right after an address must find it kept.
    """
    named, redraw, held = part.named, partial(on_kept, desk, draw), part.named["held"]

    def keep(events: list[Any], kept: Any, inputs: Any) -> None:  # noqa: ANN401 - a handler, and controls
        done = gr.on(events, kept, [held, *inputs], held, **quiet(trigger_mode="multiple"))
        done.then(redraw, None, drawn_page, **quiet())

    with named["box"]:
        # Gradio tells of one change twice; drawn a second time, the form would take back what was typed in between.
        @gr.render(inputs=named["shown"], triggers=[named["shown"].change], trigger_mode="once", show_progress="hidden")
        def options(shown: str) -> None:
            name = typed.teacher_of(shown)
            if name not in TEACHERS:
                return
            with gr.Row(elem_classes=["ft-form"]):
                controls = forms.form(TEACHERS[name].options, desk.augmenting.options(name))
            events = [control.input for control in controls.values()]
            events += [control.blur for control in controls.values() if isinstance(control, gr.Textbox)]
            keep(events, partial(on_options, desk, name, tuple(controls)), list(controls.values()))

    boxes = [named[name] for name in typed.CARD]
    keep([box.blur for box in boxes], partial(on_card, desk), boxes)
    rest = amount(part)[1:]
    keep([control.input for control in rest], partial(on_amount, desk), rest)
    key = named["key"]
    key.blur(partial(on_key, desk), key, key, **quiet()).then(redraw, None, drawn_page, **quiet())
    chosen = [*drawn_page, *part.typed]
    named["teacher"].input(partial(on_teacher, desk, draw), [held, named["teacher"]], chosen, **quiet())
    named["test"].click(partial(on_test, desk, draw), named["key"], drawn_page, **asked())
    named["again"].click(partial(on_card_anew, desk, draw), None, [*drawn_page, *part.typed], **asked())


@guarded
def on_kept(desk: Desk, draw: Callable[[Desk], list[Any]]) -> Any:  # noqa: ANN401
    """Draw what follows from what was kept."""
    return draw(desk)


@guarded
def on_options(desk: Desk, teacher: str, names: tuple[str, ...], held: typed.Held, *values: Any) -> Any:  # noqa: ANN401
    """Keep the teacher's options."""
    return typed.keep_options(desk, teacher, held, forms.read(names, values))


@guarded
def on_card(desk: Desk, held: typed.Held, *boxes: str | None) -> Any:  # noqa: ANN401
    """Keep the card as somebody edited it."""
    return typed.keep_card(desk, held, *boxes)


@guarded
def on_card_anew(desk: Desk, draw: Callable[[Desk], list[Any]]) -> Any:  # noqa: ANN401
    """Forget what was edited."""
    choice = desk.choice()
    if choice is not None:
        desk.augmenting.keep(choice.source, card=None)
    return [*draw(desk), *typed.filled(desk)]


@guarded
def on_amount(desk: Desk, held: typed.Held, *values: Any) -> Any:  # noqa: ANN401
    """Keep how many rows are wanted, and what they may cost."""
    return typed.keep_amount(desk, held, *values)


@guarded
def on_teacher(desk: Desk, draw: Callable[[Desk], list[Any]], held: typed.Held, teacher: str) -> Any:  # noqa: ANN401
    """Take another teacher."""
    desk.augmenting.keep_shared(teacher=teacher)
    return [*draw(desk), *typed.renewed(desk, held)]


@guarded
def on_key(desk: Desk, key: str | None) -> str:
    """Remember the key, and take it out of the page."""
    remember(desk, key)
    return ""


@guarded
def on_test(desk: Desk, draw: Callable[[Desk], list[Any]], key: str | None) -> Any:  # noqa: ANN401
    """Ask the teacher once.

    Raises:
        UserError: The examples cannot be shown to anybody.
    """
    remember(desk, key)
    choice = desk.choice()
    survey = desk.augmenting.survey(choice) if choice else None
    if choice is None or survey is None:
        raise _NO_SURVEY
    if isinstance(survey, UserError):
        raise survey
    desk.augmenting.try_teacher(choice, survey)
    return draw(desk)


def remember(desk: Desk, key: str | None) -> None:
    """Keep a key for the address that is chosen; nothing happens where none was typed."""
    teacher = desk.augmenting.shared()["teacher"]
    desk.augmenting.remember_key(str(desk.augmenting.options(teacher).get("url", "")), (key or "").strip())


def drawn(desk: Desk, choice: DataChoice, survey: Survey, *, busy: bool) -> list[Any]:
    """Updates of what follows from what was typed."""
    shared = desk.augmenting.shared()
    teacher = TEACHERS[shared["teacher"]]
    count = desk.augmenting.count(choice, survey)
    order, error = None, None
    try:
        order = desk.augmenting.order(choice, survey)
    except SettingsError as problem:
        error = problem
    limits = order.limits if order else Limits()
    works = desk.augmenting.works
    tried = works.tried.get(asked_of(order.teacher, order.options)) if order else None
    about = works.about
    failed = works.error if about and about.kind == TRY and about.source == choice.source else None
    typed_url = str(desk.augmenting.options(teacher.name).get("url", ""))
    held = "set; type to replace it" if desk.augmenting.key(teacher.name) else "none"
    priced = bool(limits.price_in or limits.price_out)
    return [
        gr.Column(visible=True),
        augmentsheet.figures(survey),
        _trial(desk, choice, tried, failed) if teacher.tested else "",
        gr.Button(visible=teacher.tested, interactive=not busy and error is None),
        gr.Textbox(placeholder=held, visible=teacher.costs and not holds_secret(typed_url)),
        augmentsheet.forecast(survey.usual.forecast(count, limits), teacher, tried, priced=priced),
        augmentsheet.problems(error),
        augmentsheet.variation(survey.card, count),
        augmentsheet.question(survey),
        markup.block(f"<p class='ft-below'>{markup.text(teacher.about)}</p>"),
    ]


def _trial(desk: Desk, choice: DataChoice, tried: Tried | None, failed: UserError | None) -> str:
    going = desk.augmenting.going(choice)
    if going is not None and going[0].kind == TRY:
        return augmentsheet.working(going[1], stopping=False)
    return augmentsheet.tried(tried, failed)


def nothing() -> list[Any]:
    """The same as long as nothing is known of the seeds."""
    return [gr.Column(visible=False), "", "", gr.skip(), gr.skip(), "", "", "", "", ""]
