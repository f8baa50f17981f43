"""The playground: base and tuned model of a run answer what somebody types, side by side, while it is written."""

from functools import partial
from typing import Any

import gradio as gr

from core.errors import NotFoundError, SettingsError
from core.job.playground.choices import BASE, NEWEST
from core.job.playground.ground import Ground, HeldOut
from core.job.playground.question import Question
from core.strategy.drawing import Drawing, read_drawing
from ui import forms, markup, playdraft, playsheet, words
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.playground import prompts
from ui.pages.playground.parts import SETTINGS, place
from ui.pages.playground.parts import Parts as Parts
from ui.tab import PLAYGROUND, Tab, asked, quiet

_MOST_RUNS = 100


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    parts = place()
    now = [tab.run, parts.prompt, parts.place]
    tab.entered.change(
        partial(on_came, desk),
        [tab.step, *now, parts.menus, parts.weights],
        [parts.prompt, parts.place, *parts.settings, *parts.drawn],
        **quiet(),
    )
    tab.pulse.change(partial(on_looked, desk), [tab.step, *now, parts.menus, parts.weights], parts.drawn, **quiet())
    parts.shown.change(partial(on_turned, desk), [tab.step, tab.run], parts.outcome, **quiet())
    ticked = partial(on_tick, desk)
    parts.ticking.tick(ticked, [*now, parts.shown], [parts.answers, parts.shown], **quiet(trigger_mode="once"))
    parts.run.input(on_run_chosen, parts.run, [tab.run, parts.place], **quiet())
    wanted = [*now, parts.weights, *parts.settings]
    begun = [parts.answers, parts.shown, *parts.outcome]
    gr.on([parts.ask.click, parts.prompt.submit], partial(on_asked, desk), wanted, begun, **asked())
    parts.stop.click(partial(on_stopped, desk), None, parts.stop, **asked())
    parts.leave.click(partial(on_left, desk), tab.run, parts.outcome, **asked())
    left = [event for one in parts.settings for event in _ends(one)]
    gr.on(left, partial(on_settings, desk), parts.settings, parts.settings, **quiet())
    prompts.connect(desk, tab, parts)


def _ends(control: Any) -> list[Any]:  # noqa: ANN401 - of a form
    """What tells that somebody has set a value: never while it is typed."""
    return [control.blur, control.submit] if isinstance(control, gr.Number) else [control.input]


@guarded
def on_came(desk: Desk, step: int, run_id: str, typed: str | None, row: int, *menus: Any) -> Any:  # noqa: ANN401
    """Draw the page, with what was typed before; what is being typed stays."""
    if step != PLAYGROUND:
        return gr.skip()
    kept = playdraft.kept_text(desk)
    text = typed or kept
    drawing = playdraft.kept_drawing(desk)
    values = [gr.skip() if name not in drawing else drawing[name] for name in SETTINGS]
    row = _place(desk, run_id, text, row)
    return [gr.skip() if typed or not kept else kept, row, *values, *_drawn(desk, run_id, text, row, *menus)]


@guarded
def on_looked(desk: Desk, step: int, run_id: str, text: str | None, row: int, *menus: Any) -> Any:  # noqa: ANN401
    """Draw what another tab asked, and what there is to try by now."""
    if step != PLAYGROUND:
        return gr.skip()
    text = text or playdraft.kept_text(desk)  # a page that just opens has not got it yet
    return _drawn(desk, run_id, text, _place(desk, run_id, text, row), *menus)


@guarded
def on_turned(desk: Desk, step: int, run_id: str) -> Any:  # noqa: ANN401
    """Draw all but the words, when an answer begins or ends."""
    return _outcome(desk, run_id) if step == PLAYGROUND else gr.skip()


@guarded
def on_tick(desk: Desk, run_id: str, text: str | None, row: int, shown: str) -> Any:  # noqa: ANN401
    """Draw the words that were written since."""
    now = _shown(desk, run_id)
    return [_answers(desk, run_id, text or "", row), gr.skip() if now == shown else now]


def on_run_chosen(run_id: str | None) -> tuple[Any, int]:
    """Show another run; a row of the old one is none of its rows."""
    return run_id or gr.skip(), 0


@guarded
def on_asked(
    desk: Desk,
    run_id: str,
    text: str | None,
    row: int,
    weights: str | None,
    *values: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Let both models answer.

    Raises:
        SettingsError: Lists every setting that is wrong.
        NotFoundError: There is no such run, or it has no such weights.
        UserError: Its model or the memory is not there, or nothing is asked.
    """
    if not run_id:
        raise NotFoundError("There is no run to try yet.", "Train one first, or choose one above.")
    raw = forms.read(SETTINGS, values)
    playdraft.keep(desk, text=text or "", drawing=raw)
    drawing = read_drawing(raw)
    question = Question(run_id=run_id, text=text or "", weights=weights or "best", place=row, drawing=drawing)
    desk.engine.playground.ask(question)
    return [_answers(desk, run_id, text or "", row), _shown(desk, run_id), *_outcome(desk, run_id)]


@guarded
def on_stopped(desk: Desk) -> gr.Button:
    """End both answers after the next token."""
    desk.engine.playground.stop()
    return gr.Button("Stopping", interactive=False)


@guarded
def on_left(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Let the models go at once."""
    desk.engine.playground.leave()
    return _outcome(desk, run_id)


@guarded
def on_settings(desk: Desk, *values: Any) -> Any:  # noqa: ANN401
    """Keep the settings, and say beside each what is wrong with it; the values stay as they are."""
    raw = forms.read(SETTINGS, values)
    playdraft.keep(desk, drawing=raw)
    problems: dict[str, str] = {}
    try:
        read_drawing(raw)
    except SettingsError as error:
        problems = error.problems
    return forms.marks(Drawing, SETTINGS, problems)


def _place(desk: Desk, run_id: str, text: str, row: int) -> int:
    """The held-out row whose words stand in the field; a reload forgot it, and the last question knows."""
    standing = desk.engine.playground.standing(run_id)
    same = standing is not None and standing.question.text == text
    return standing.question.place if standing is not None and same and not row else row


def held_of(desk: Desk, run_id: str, text: str, row: int) -> tuple[Ground | None, HeldOut | None]:
    """The run's rows, and the one that stands in the field, if just its words do."""
    try:
        ground = desk.engine.playground.ground(run_id) if run_id else None
    except NotFoundError:
        return None, None
    if ground is None or not isinstance(row, int) or row < 1 or not ground.rows:
        return ground, None
    held = ground.held_out(row)
    return ground, held if held.text == text else None


def _answers(desk: Desk, run_id: str, text: str, row: int) -> str:
    standing = desk.engine.playground.standing(run_id)
    held = held_of(desk, run_id, text, row)[1] if row else None
    return playsheet.answers(standing, held)


def _shown(desk: Desk, run_id: str) -> str:
    """Changes when something else than the words changes."""
    standing = desk.engine.playground.standing(run_id)
    if standing is None:
        return f"{run_id} nothing"
    return f"{standing.number} {standing.about} {standing.prompt is None} {standing.is_over}"


def _outcome(desk: Desk, run_id: str) -> list[Any]:
    """Headline, prompt, buttons and timer."""
    playground = desk.engine.playground
    standing = playground.standing(run_id)
    going = standing is not None and not standing.is_over
    stopping = standing is not None and standing.about == "Stopping"
    one = standing is not None and len(standing.who) == 1
    ask = "Ask the base model" if _is_untuned(desk, run_id) else "Ask the model" if one else "Ask both models"
    holds = bool(run_id) and playground.holds == run_id
    return [
        _headline(desk, run_id),
        playsheet.prompt(standing.prompt if standing is not None else None),
        gr.Button(
            "Answering" if going else ask,
            interactive=bool(run_id) and not going,
        ),
        gr.Button("Stopping" if stopping else "Stop", interactive=going and not stopping),
        playsheet.memory("held" if holds else "", standing.device if standing is not None else ""),
        gr.Button(visible=holds and not going),
        gr.Timer(active=going),
    ]


def _is_untuned(desk: Desk, run_id: str) -> bool:
    """Whether the run has kept no weights, so that the base model alone can be asked."""
    try:
        weights = desk.engine.playground.weights(run_id) if run_id else []
    except NotFoundError:
        return False
    return bool(weights) and all(one.name == BASE for one in weights)


def _headline(desk: Desk, run_id: str) -> str:
    if not run_id:
        return playsheet.nothing()
    try:
        row = desk.engine.run(run_id).row
        weights = desk.engine.playground.weights(run_id)
    except NotFoundError:
        return playsheet.gone()
    return playsheet.headline(row.name, weights, desk.engine.playground.standing(run_id))


def _drawn(desk: Desk, run_id: str, text: str, row: int, menus: str, chosen: str | None) -> list[Any]:
    """All but what people set: menus only where they changed, since somebody may have one open."""
    playground = desk.engine.playground
    runs = [
        (f"{words.shortened(one.row.name, 60)}, {words.ago(one.row.created_at)}", one.row.id)
        for one in desk.engine.runs()
    ]
    runs = runs[:_MOST_RUNS]
    there = run_id if run_id in {value for _, value in runs} else ""
    choices = [(one.title, one.name) for one in playground.weights(there)] if there else []
    saved = list(playground.saved.all)
    # Where a run keeps its first weights, the menu turns from the base model to them; later it stays as it was set.
    stands = f"{run_id} {any(name != BASE for _, name in choices)} "
    now = f"{stands}{[value for _, value in runs]} {choices} {saved}"
    ground, held = held_of(desk, run_id, text, row)
    rows = len(ground.rows) if ground is not None else 0
    lists = [gr.skip(), gr.skip(), gr.skip()]
    if now != menus:
        weights = gr.Dropdown(choices=choices)
        names = [name for _, name in choices]
        if not menus.startswith(stands) or not names:
            weights = gr.Dropdown(choices=choices, value=next(iter(names), None))
        elif chosen not in names:  # a newer checkpoint took its place
            weights = gr.Dropdown(choices=choices, value=NEWEST if NEWEST in names else names[0])
        lists = [gr.Dropdown(choices=runs, value=there or None), weights, gr.Dropdown(choices=saved)]
    where = playsheet.where_from(held, row, rows) if there else markup.block("<p class='ft-below'>&nbsp;</p>")
    return [
        *lists,
        now,
        gr.Button(interactive=rows > 0),
        where,
        playsheet.answers(playground.standing(run_id), held),
        _shown(desk, run_id),
        *_outcome(desk, run_id),
    ]
