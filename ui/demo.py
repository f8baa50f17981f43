"""The walk that plays by itself: the legal clauses and the starter model, trained for real, with captions."""

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import gradio as gr

from core.errors import BusyError
from ui import markup, notices
from ui.desk import Desk
from ui.markup import text
from ui.notices import guarded
from ui.tab import DATA, EVALUATE, EXPORT, STRATEGY, TRAIN, Tab, asked, quiet

_SAMPLE = "legal_clauses"
_EPOCHS = 2


@dataclass(frozen=True, slots=True)
class Scene:
    """One caption on one page, and how long it stays."""

    page: int
    title: str
    caption: str
    seconds: float = 9.0
    act: str = ""
    """What happens when the scene begins: "data", "train" or "export"."""
    awaits: bool = False
    """Whether it stays until the job that it watches is over."""


SCENES = (
    Scene(
        DATA,
        "The data",
        "500 clauses from public contracts, 50 of each kind. Before anything is trained the file is checked: empty "
        "rows, repeated prompts, rows shared with the test.",
        10.0,
        act="data",
    ),
    Scene(
        STRATEGY,
        "The plan",
        "The advice follows from the number of examples, the model and this machine, and names its sources. The bar is "
        "the memory it will need, forecast part by part.",
        11.0,
    ),
    Scene(
        TRAIN,
        "Training, for real",
        "It runs in a process of its own: the tab may be closed. The dashed line is the validation loss; the weights "
        "with the lowest are kept.",
        4.0,
        act="train",
        awaits=True,
    ),
    Scene(
        EVALUATE,
        "Did it help?",
        "Both models answered the same held-out clauses. The interval says how sure the difference is; the rows below "
        "show where it helped and where it did not.",
        13.0,
    ),
    Scene(
        EXPORT,
        "Taking it away",
        "The export is loaded in a fresh process and compared with the tuned model before it counts as done.",
        4.0,
        act="export",
        awaits=True,
    ),
    Scene(
        EXPORT,
        "That is the whole walk",
        "The lines on the card load the model anywhere. Everything stays under Runs.",
        8.0,
    ),
)


@dataclass(frozen=True, slots=True)
class Playing:
    """Where the player stands; -1 before the first scene."""

    scene: int = -1
    since: float = 0.0
    """Monotonic clock when the scene began."""
    run: str = ""


def build(desk: Desk, tab: Tab, *, autoplay: bool) -> None:
    """Place the presenter's bar and the button that begins; `autoplay` begins with the page."""
    playing = gr.State(None)
    # By itself: a scene that begins while someone pauses would take the pause back.
    held = gr.State(False)  # noqa: FBT003 - the value of a control
    with gr.Row(elem_id="ft-demo", visible=False) as bar:
        caption = markup.view()
        hold = gr.Button("Pause", size="sm", elem_id="ft-demo-pause")
        end = gr.Button("End", size="sm", elem_id="ft-demo-end")
    timer = gr.Timer(1.0, active=False)
    drawn = [playing, bar, caption, hold, timer, tab.run, tab.step, tab.taken]
    tab.play.click(on_play, playing, [*drawn, held], **asked())
    timer.tick(partial(on_tick, desk), [playing, held], drawn, **quiet(trigger_mode="once"))
    hold.click(on_held, [playing, held], [playing, held, hold], **quiet())
    end.click(on_ended, None, drawn, **quiet())
    if autoplay:
        gr.on([tab.opened.change], on_play, playing, [*drawn, held], **quiet())


def on_play(playing: Playing | None) -> Any:  # noqa: ANN401
    """Begin the walk, unless it has begun: Gradio may tell twice that the page has opened."""
    if playing is not None:
        return gr.skip()
    told = _caption("The demo begins", "It plays by itself; Pause holds it where you want to speak.", 0)
    skips = [gr.skip() for _ in range(3)]
    return [Playing(), gr.Row(visible=True), told, gr.Button("Pause"), gr.Timer(active=True), *skips, False]


@guarded
def on_tick(desk: Desk, playing: Playing | None, held: bool) -> Any:  # noqa: ANN401, FBT001 - updates of bar and tab
    """Go on to the next scene when this one has had its time and its work is done."""
    if playing is None or held:
        return gr.skip()
    if playing.scene >= 0:
        scene = SCENES[playing.scene]
        waiting = scene.awaits and playing.run and desk.view(playing.run).is_live
        if time.monotonic() - playing.since < scene.seconds or waiting:
            return gr.skip()
        if scene.awaits and _failed(desk, playing.run):
            return on_ended()
    if playing.scene + 1 >= len(SCENES):
        return on_ended()
    return _begin(desk, replace(playing, scene=playing.scene + 1, since=time.monotonic()))


def on_held(playing: Playing | None, held: bool) -> Any:  # noqa: ANN401, FBT001 - updates of the bar
    """Hold the walk, or let it go on."""
    if playing is None:
        return gr.skip()
    if held:
        return replace(playing, since=time.monotonic()), False, gr.Button("Pause")
    return gr.skip(), True, gr.Button("Continue")


def on_ended() -> list[Any]:
    """Put the bar away; a run that it began goes on."""
    skips = [gr.skip() for _ in range(3)]
    return [None, gr.Row(visible=False), "", gr.Button("Pause"), gr.Timer(active=False), *skips]


def _begin(desk: Desk, playing: Playing) -> list[Any]:
    scene = SCENES[playing.scene]
    taken: Any = gr.skip()
    if scene.act == "data":
        _data(desk)
        taken = f"demo {playing.since}"
    elif scene.act == "train":
        playing = replace(playing, run=_train(desk))
    elif scene.act == "export" and playing.run:
        desk.engine.export(playing.run, "adapter")
    told = _caption(scene.title, scene.caption, playing.scene + 1)
    run: Any = playing.run or gr.skip()
    return [playing, gr.skip(), told, gr.skip(), gr.skip(), run, scene.page, taken]


def _data(desk: Desk) -> None:
    desk.take(desk.engine.open_data(_SAMPLE))
    desk.keep(model="starter", goal="balanced", budget=False, overrides={"epochs": _EPOCHS}, name="Demo: legal clauses")


def _train(desk: Desk) -> str:
    draft = desk.draft()
    choice = desk.choice(draft)
    if choice is None:
        choice = desk.take(desk.engine.open_data(_SAMPLE))
        draft = desk.draft()
    try:
        return desk.engine.start(desk.plan(desk.advice(draft, choice), draft))
    except BusyError as error:
        notices.show(error, title="The demo watches the run in progress")
        job = desk.engine.active()
        return job.run_id if job else ""


def _failed(desk: Desk, run_id: str) -> bool:
    return bool(run_id) and desk.view(run_id).best_step is None


def _caption(title: str, told: str, number: int) -> str:
    count = f"{number} of {len(SCENES)}: " if number else ""
    return markup.block(f"<p role='status'><b>{text(count + title)}</b><br>{text(told)}</p>")
