"""Page 3: a teacher writes new rows, the good ones are looked at, and join the training rows. It can be skipped."""

from functools import partial
from typing import Any

import gradio as gr

from core.augment.survey import Survey
from core.dataset.choice import DataChoice
from core.errors import BusyError, DataError, UserError
from ui import augmentsheet, markup, notices, studydraft
from ui.augmenting import RUN, TRY, USE
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.augment import order, review, typed
from ui.pages.strategy import on_started
from ui.tab import AUGMENT, STUDIES, Tab, asked, quiet

__all__ = ["build"]

_LOOKING = "looking"
_BEGUN = BusyError("Another tab, or a click before this one, began that.", "Stop it to ask for something else.")
_SECONDS = 1.0
"""Between two looks at what goes on."""


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    with gr.Row(elem_classes=["ft-head", "ft-head-tall"]):
        head = markup.view(augmentsheet.nothing())
        with gr.Column(min_width=200):
            use = gr.Button("Use these rows", variant="primary", visible=False, elem_id="ft-augment-use")
            write = gr.Button("Write new rows", variant="primary", interactive=False, elem_id="ft-augment-write")
            start = gr.Button("Start training", size="sm", elem_classes=["ft-quiet"], elem_id="ft-augment-start")
            pays = gr.Button("Do the new rows pay?", size="sm", visible=False, elem_id="ft-augment-pays")
    with gr.Column(visible=False, elem_classes=["ft-card"], elem_id="ft-augment-work") as work:
        progress = markup.view()
        stop = gr.Button("Stop", size="sm", elem_classes=["ft-quiet"], elem_id="ft-augment-stop")
    with gr.Column(visible=False, elem_classes=["ft-card"], elem_id="ft-augment-result") as result:
        sifted, latest = markup.view(), markup.view()
    looked = review.place()
    part = order.place()
    ticking, stage = gr.Timer(_SECONDS, active=False), gr.State("")
    drawn = [head, use, write, start, pays, work, progress, stop, result, sifted, latest, ticking, stage, *part.drawn]
    everything = [*drawn, *looked.drawn, *part.typed]
    review.connect(desk, looked, drawn, _drawn)
    order.connect(desk, part, drawn, _drawn)
    # What is asked and what it may cost come with the click: what was typed just before it may be kept later.
    write.click(partial(on_wanted, desk), [part.named["key"], *order.amount(part)], drawn, **asked())
    for button, then in ((stop, on_stopped), (use, on_used)):
        button.click(partial(then, desk), None, drawn, **asked())
    inputs = [tab.step, part.named["held"], *looked.where]
    ticking.tick(
        partial(on_tick, desk, tab.plan, ticking),
        inputs,
        [*everything, tab.plan],
        **quiet(trigger_mode="once"),
    )
    start.click(partial(on_started, desk), None, [tab.run, tab.step], **asked())
    pays.click(partial(on_doubted, desk), None, tab.step, **quiet())
    gr.on([tab.entered.change, tab.plan.change], partial(on_entered, desk), tab.step, everything, **quiet())
    tab.pulse.change(partial(on_pulsed, desk, tab.plan), [stage, *inputs], [*everything, tab.plan], **quiet())


def _chosen(desk: Desk) -> tuple[DataChoice, Survey]:
    choice = desk.choice()
    if choice is None:
        raise DataError("There are no data to write new rows for.", "Choose a file or a sample on the first page.")
    survey = desk.augmenting.survey(choice)
    if survey is None:
        raise DataError("Your examples are being looked at.", "Try again in a moment.")
    if isinstance(survey, UserError):
        raise survey
    return choice, survey


@guarded
def on_entered(desk: Desk, step: int) -> Any:  # noqa: ANN401 - updates of the page
    """Draw the page when it is shown or the data changed under it."""
    if step != AUGMENT:
        return gr.skip()
    _taken(desk)
    return [*_drawn(desk), *review.drawn(desk), *typed.filled(desk)]


@guarded
def on_pulsed(desk: Desk, plan: gr.State, stage: str, step: int, held: typed.Held, *where: Any) -> Any:  # noqa: ANN401
    """Draw what another tab began, ended, decided or typed."""
    if step != AUGMENT or stage == _stage(desk):
        return gr.skip()
    if version := _taken(desk):
        return {plan: version}
    return [*_drawn(desk), *_looked(desk, *where), *typed.renewed(desk, held), gr.skip()]


@guarded
def on_wanted(desk: Desk, key: str, held: typed.Held, *amount: Any) -> Any:  # noqa: ANN401
    """Begin to ask the teacher, or go on."""
    choice, survey = _chosen(desk)
    going = desk.augmenting.going(choice)
    if going is not None and going[0].kind == RUN:
        notices.show(_BEGUN, title="Rows are being written already")
        return _drawn(desk)
    order.remember(desk, key)
    typed.keep_amount(desk, held, *amount)
    desk.augmenting.run(choice, survey)
    return _drawn(desk)


@guarded
def on_stopped(desk: Desk) -> Any:  # noqa: ANN401
    """Stop asking."""
    choice = desk.choice()
    if choice is not None:
        desk.augmenting.stop(choice)
    return _drawn(desk)


@guarded
def on_used(desk: Desk) -> Any:  # noqa: ANN401
    """Make the accepted rows a version of the data."""
    choice, _ = _chosen(desk)
    desk.augmenting.use(choice)
    return _drawn(desk)


@guarded
def on_tick(desk: Desk, plan: gr.State, ticking: gr.Timer, step: int, held: typed.Held, *where: Any) -> Any:  # noqa: ANN401
    """Say how far it is; at the end, draw what came of it. A page that was left rests until it is shown again."""
    if desk.choice() is None or step != AUGMENT:
        return {ticking: gr.Timer(active=False)}
    if version := _taken(desk):
        return {plan: version}
    return [*_drawn(desk), *_looked(desk, *where), *typed.renewed(desk, held), gr.skip()]


@guarded
def on_doubted(desk: Desk) -> int:
    """Ask, on the studies' page, for runs with and without the generated rows."""
    studydraft.keep(desk, "augmentation")
    return STUDIES


def _taken(desk: Desk) -> str:
    """Go on with the version that was made of accepted rows, whichever tab sees it first; its id, or nothing."""
    choice = desk.choice()
    used = desk.augmenting.take_used(choice) if choice else None
    if choice is None or used is None:
        return ""
    desk.turn_to(choice.model_copy(update={"source": used.source, "sha256": desk.engine.source(used.source).sha256}))
    left = {"like a held-out row": used.leaking, "more than may stand beside the human rows": used.too_many}
    notices.tell(augmentsheet.used(used.rows, left), title="New training rows")
    return used.source


def _looked(desk: Desk, shown: review.Shown, view: str, least: float) -> list[Any]:
    """Updates of the review. What somebody looks at there stays; while rows come in, so does all of it."""
    looked = review.kept(desk, shown.at, view, least)
    choice = desk.choice()
    going = desk.augmenting.going(choice) if choice else None
    if going is not None and shown.stage == desk.reviewing.stage:
        return [gr.skip() for _ in looked]
    return looked


def _stage(desk: Desk) -> str:
    """Changes with every beginning, every end, every decision and all that is kept of what is typed."""
    return f"{desk.augmenting.stage} {desk.reviewing.stage}"


def _drawn(desk: Desk) -> list[Any]:
    """Updates of all that follows from what was typed, and of how the work stands."""
    choice = desk.choice()
    survey = desk.augmenting.survey(choice) if choice else None
    stage = _stage(desk)  # before what it stands for is read: what changes while this is drawn is drawn again
    if choice is None or not isinstance(survey, Survey):
        return _without_survey(desk, choice, survey)
    going, standing = desk.augmenting.going(choice), desk.augmenting.standing(choice)
    running = going is not None and going[0].kind == RUN
    accepted = desk.reviewing.look(desk.augmenting.folder(choice)).accepted
    ready = accepted > 0 and going is None
    stopping = going is not None and desk.augmenting.is_stopping(going[0])
    more = standing is not None and bool(standing.candidates)
    look = "secondary" if ready or (survey.generated and standing is None) else "primary"
    write = gr.Button("Go on writing" if more else "Write new rows", interactive=going is None, variant=look)
    return [
        augmentsheet.headline(survey, _advice(desk, choice), standing, accepted=accepted, going=running),
        gr.Button(
            f"Use {'this row' if accepted == 1 else f'these {accepted:,} rows'}",
            visible=ready or (going is not None and going[0].kind == USE),
            interactive=ready,
        ),
        write,
        _start_button(used=survey.generated > 0 and standing is None),
        gr.Button(visible=survey.generated > 0 and going is None),
        gr.Column(visible=going is not None and going[0].kind != TRY),
        augmentsheet.working(going[1], stopping=stopping) if going else "",
        gr.Button("Stop at once" if stopping else "Stop"),
        gr.Column(visible=standing is not None),
        augmentsheet.bar(standing) if standing else "",
        augmentsheet.latest(standing) if standing and running else "",
        gr.Timer(active=going is not None),
        stage,
        *order.drawn(desk, choice, survey, busy=going is not None),
    ]


def _start_button(*, used: bool) -> gr.Button:
    """Of what one would do next it is the first, once new rows are among the training rows."""
    if used:
        return gr.Button("Start training", variant="primary", size="lg", elem_classes=[])
    return gr.Button("Train without new rows", variant="secondary", size="sm", elem_classes=["ft-quiet"])


def _without_survey(desk: Desk, choice: DataChoice | None, error: UserError | Survey | None) -> list[Any]:
    looking = choice is not None and error is None
    head = augmentsheet.nothing()
    if looking:
        head = markup.headline("Looking at your examples", "How long they are, what they are about, what they share.")
    elif isinstance(error, UserError):
        head = markup.headline(error.what.rstrip("."), error.fix, "amber")
    return [
        head,
        gr.Button(visible=False),
        gr.Button("Write new rows", interactive=False, variant="primary"),
        gr.Button("Train without new rows"),
        gr.Button(visible=False),
        gr.Column(visible=False),
        "",
        gr.Button("Stop"),
        gr.Column(visible=False),
        "",
        "",
        gr.Timer(active=looking),
        f"{_LOOKING} {_stage(desk)}",
        *order.nothing(),
    ]


def _advice(desk: Desk, choice: DataChoice) -> Any:  # noqa: ANN401 - advice, or None
    try:
        return desk.advice(desk.draft(), choice)
    except UserError:  # of the model or the plan: its own page says so
        return None
