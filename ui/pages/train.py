"""Page 4 of the walk: a run while it happens, from any tab, and how it ended with the button for what comes next."""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core.errors import NotFoundError
from core.events import RunState
from core.job.queue import Waiting
from core.strategy.plan import Plan
from ui import drawings, markup, notices, phrases, plots, runbuttons, words
from ui.desk import Desk
from ui.markup import text
from ui.notices import guarded
from ui.present import RunView
from ui.tab import EVALUATE, STRATEGY, TRAIN, Tab, asked, quiet

_LOG_LINES = 300
_RECENT_WARNINGS = 3
_SAMPLES_SHOWN = 6
_FIGURE_SECONDS = 2.5
"""Between two drawings of the figures of a live run: the browser may share its cores with the training."""
_FIGURES = range(7, 12)
"""Their places among what is drawn."""
_LONG = range(12, 14)
"""Those of texts that grow with the run and seldom change: they are sent when they do."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a tab was sent last."""

    run_id: str = ""
    figures: float = 0.0
    """When its figures were, by the monotonic clock; 0 if that was not of a live run."""
    texts: tuple[int, ...] = ()
    """The hashes of its long texts."""


def build(desk: Desk, tab: Tab) -> None:
    """Place the page and connect it."""
    with gr.Row(elem_classes=["ft-head", "ft-head-tall"]):
        head = markup.view(_nothing())
        with gr.Column(min_width=200):
            onward = gr.Button("See the results", variant="primary", interactive=False, elem_id="ft-to-results")
            steering = runbuttons.place()
            again = gr.Button("Start a new run from these weights", visible=False, elem_id="ft-again")
    status = markup.view(_status(RunView(), None), elem_id="ft-status")
    buttons = runbuttons.place_more(desk, tab, steering)
    with gr.Row(elem_classes=["ft-plots"]):
        loss = gr.Plot(show_label=False, elem_classes=["ft-plot", "tall"], min_width=320, elem_id="ft-loss")
        memory = gr.Plot(show_label=False, elem_classes=["ft-plot", "tall"], min_width=320, elem_id="ft-memory")
    with gr.Row(elem_classes=["ft-plots"]):
        rate = gr.Plot(show_label=False, elem_classes=["ft-plot", "short"], min_width=240)
        norm = gr.Plot(show_label=False, elem_classes=["ft-plot", "short"], min_width=240)
        speed = gr.Plot(show_label=False, elem_classes=["ft-plot", "short"], min_width=240)
    samples = markup.view(_samples(RunView()))
    with gr.Accordion("Log in words", open=False):
        log = markup.view(_log(RunView()))
    sent = gr.State(Sent())
    drawn = [head, status, onward, *buttons.drawn, loss, memory, rate, norm, speed, samples, log, again, sent]
    looked = [tab.pulse.change, tab.entered.change]
    gr.on(looked, partial(on_looked, desk), [tab.run, tab.step, sent], drawn, **quiet())
    again.click(partial(on_started_again, desk), tab.run, tab.run, **asked())
    onward.click(partial(on_continued, desk), tab.run, tab.step, **asked())


@guarded
def on_looked(desk: Desk, run_id: str, step: int, sent: Sent) -> Any:  # noqa: ANN401 - updates
    """Draw the run as of now, if this page is the one that is shown.

    Not at every tick the figures of a live run, and no long text again that was sent before.
    """
    if step != TRAIN:
        return gr.skip()
    updates = _drawn(desk, run_id)
    before = sent if sent.run_id == run_id else Sent()
    texts = tuple(hash(updates[place]) for place in _LONG)
    same = [place for place, now, then in zip(_LONG, texts, before.texts, strict=False) if now == then]
    live, figures = bool(run_id) and desk.is_live(run_id), time.monotonic()
    if live and before.figures and figures - before.figures < _FIGURE_SECONDS:
        same += _FIGURES
        figures = before.figures
    for place in same:
        updates[place] = gr.skip()
    return [*updates, Sent(run_id, figures if live else 0.0, texts)]


@guarded
def on_started_again(desk: Desk, run_id: str) -> str:
    """Begin a new run from the weights that this one kept, in less memory where memory was what it lacked."""
    smaller = desk.view(run_id).training.cause == "memory"
    begun = desk.engine.start_again(run_id, smaller=smaller)
    notices.tell(f"{desk.engine.run(begun).row.name} has begun.", title="A new run")
    return begun


@guarded
def on_continued(desk: Desk, run_id: str) -> int:
    """Go on to the results; score first what was kept and never scored."""
    try:
        view = desk.view(run_id)
    except NotFoundError:
        return STRATEGY
    if view.evaluated is None and view.training.state in runbuttons.RESUMABLE:
        desk.engine.evaluate(run_id)
    return EVALUATE


def _drawn(desk: Desk, run_id: str) -> list[Any]:
    """Updates of everything on the page."""
    if not run_id:
        return _without(desk, _nothing())
    try:
        desk.engine.run(run_id)
    except NotFoundError:
        return _without(
            desk, markup.headline("There is no such run", "It may have been deleted. Runs lists all there are.")
        )
    view = desk.view(run_id)
    plan = desk.engine.run(run_id).plan
    waiting = desk.engine.queue.place_of(run_id)
    head = markup.headline(*_headline(view, plan, waiting))
    return [
        head,
        _status(view, plan, _beside(desk, run_id)),
        _onward(view),
        *runbuttons.updates(desk, run_id),
        *_figures(desk, run_id, view, plan),
        _samples(view),
        _log(view),
        _again(view, plan),
    ]


def _headline(view: RunView, plan: Plan, waiting: Waiting | None) -> tuple[str, str, str]:
    if waiting is None or waiting.job.kind != "train":
        return phrases.training_headline(view, plan.patience)
    return phrases.held_headline(view) if waiting.job.held else phrases.waiting_headline(waiting.told)


def _without(desk: Desk, head: str) -> list[Any]:
    """Updates of the page where there is no run to draw."""
    hidden = runbuttons.updates(desk, "")
    onward = gr.Button("Choose a strategy", interactive=True)
    figures = _figures(desk, "", RunView(), None)
    return [
        head,
        _status(RunView(), None),
        onward,
        *hidden,
        *figures,
        _samples(RunView()),
        _log(RunView()),
        gr.Button(visible=False),
    ]


def _onward(view: RunView) -> gr.Button:
    """The primary button."""
    state = view.training.state
    if view.evaluated is not None or state == RunState.DONE:
        return gr.Button("See the results", interactive=True)
    if not state.is_final:
        return gr.Button("See the results", interactive=False)
    return gr.Button("Evaluate what was kept", interactive=view.best_step is not None and not view.is_live)


def _again(view: RunView, plan: Plan) -> gr.Button:
    """The button for a new run from what this one kept, where going on as before would not work."""
    told = "" if view.is_live else phrases.going_on_otherwise(view, plan)
    return gr.Button(told or "Start a new run from these weights", visible=bool(told))


def _beside(desk: Desk, run_id: str) -> str:
    """Which runs are at work on the same device, as a sentence; empty where this one is alone or is not at work."""
    at_work = [job.run_id for job in desk.engine.store.at_work()]
    others = [desk.engine.run(each).row.name for each in at_work if each != run_id]
    if not others or run_id not in at_work:
        return ""
    told = " and ".join(f"'{words.shortened(name, 40)}'" for name in others)
    goes = "is at work beside this one" if len(others) == 1 else "are at work beside this one"
    return f"{told} {goes}: all take longer. The button above shows them in turn."


def _status(view: RunView, plan: Plan | None, beside: str = "") -> str:
    """Progress, time left and speed, in the room that is always there."""
    state = view.training.state
    tone = phrases.TONES.get(state, "")
    share = phrases.fraction(view) if plan else 0.0
    if state.is_final and plan and state != RunState.DONE:
        share = min(1.0, view.step / view.total_steps) if view.total_steps else 0.0
    name = f"{plan.data.name}, {plan.model}" if plan else ""
    parts = [
        f"<b>{text(phrases.progress(view) if plan else 'Not started')}</b>",
        text(phrases.time_left(view)),
        text(phrases.speed(view)),
        text(phrases.device(view)),
        text(name),
    ]
    line = "".join(f"<span>{part}</span>" for part in parts if part)
    company = f"<p class='ft-below'>{text(beside)}</p>" if beside else ""
    return markup.block(
        f"<div class='ft-card' role='status'>{drawings.progress(share, tone)}"
        f"<div class='ft-status-row'>{line}</div>{company}{_warnings(view)}</div>"
    )


def _warnings(view: RunView) -> str:
    shown = list(dict.fromkeys(view.warnings))[-_RECENT_WARNINGS:]
    return "".join(f"<div class='ft-note'>{text(warning)}</div>" for warning in shown)


def _figures(desk: Desk, run_id: str, view: RunView, plan: Plan | None) -> list[Any]:
    """The figures of this state of the run."""
    gib = desk.forecast_of(run_id, plan) if plan else None
    builders = {
        "loss": partial(plots.loss, view, phrases.patience_told(view, plan.patience) if plan and view.is_live else ""),
        "memory": partial(plots.memory, view, gib),
        "rate": partial(plots.small, view, "rate"),
        "norm": partial(plots.small, view, "norm"),
        "speed": partial(plots.small, view, "speed"),
    }
    return [desk.figure(run_id, name, view.seq, build) for name, build in builders.items()]


def _samples(view: RunView) -> str:
    """What the model answered on the way, the newest first."""
    if not view.samples:
        return ""
    rows = "".join(
        f"<tr><td>{sample.step:,}</td><td>{text(words.shortened(sample.prompt, 220))}</td>"
        f"<td>{text(words.shortened(sample.reference, 220))}</td>"
        f"<td>{text(words.shortened(sample.answer, 220)) or words.NOTHING}</td></tr>"
        for sample in reversed(view.samples[-_SAMPLES_SHOWN:])
    )
    head = "<tr><th>Step</th><th>Prompt</th><th>Reference</th><th>Answer then</th></tr>"
    return markup.block(
        "<div class='ft-section'><h3>What it answers on the way</h3><div class='ft-scroll'>"
        f"<table class='ft-table'><thead>{head}</thead><tbody>{rows}</tbody></table></div></div>"
    )


def _log(view: RunView) -> str:
    if not view.log:
        return markup.block("<p class='ft-below'>What happens is written here, line by line.</p>")
    lines = "".join(
        f"<li><span class='ft-time'>{text(words.clock(line.at))}</span>"
        f"<span class='{line.tone}'>{text(line.text)}</span></li>"
        for line in reversed(view.log[-_LOG_LINES:])
    )
    return markup.block(f"<ul class='ft-log'>{lines}</ul>")


def _nothing() -> str:
    return markup.headline(
        "Nothing has been trained yet", "Choose data and a strategy; the run appears here and goes on without you."
    )
