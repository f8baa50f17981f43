"""The header and the row of steps: machine, running job, and one line of result under each finished step."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import gradio as gr

from core.errors import NotFoundError
from core.store.store import Job
from ui import drawings, markup, phrases, words
from ui.desk import Desk
from ui.notices import guarded
from ui.present import RunView
from ui.tab import AUGMENT, DATA, EVALUATE, EXPORT, PLAYGROUND, RUNS, STEPS, STRATEGY, STUDIES, TRAIN, Tab, asked, quiet

_BESIDE = {RUNS: "all of them", STUDIES: "what helps more", PLAYGROUND: "ask it"}
"""Pages that stand beside the walk, with what they hold."""
_NONE = "-"
"""In the place of a run or a study where none is shown."""
_LIVE_SECONDS, _IDLE_SECONDS = 1.0, 4.0


def place(desk: Desk) -> tuple[gr.Markdown, gr.Button]:
    """Place the header; the caller connects it once the tab's states exist."""
    with gr.Row(elem_id="ft-header"):
        brand = "<div class='ft-brand'><span class='ft-mark'></span><span>Fewtune</span></div>"
        with gr.Column(elem_id="ft-brand", min_width=0):
            markup.view(markup.block(brand))
        machine = markup.view(_machine(desk), elem_id="ft-machine")
        job = gr.Button("Nothing is running", elem_id="ft-job", elem_classes=["ft-idle"], size="sm")
        gr.Button("◐", elem_id="ft-theme", size="sm")
    return machine, job


def steps() -> list[gr.Button]:
    """Place the row of steps."""
    with gr.Row(elem_id="ft-steps"):
        return [gr.Button(_label(step, ""), elem_id=f"ft-step-{step}") for step in STEPS]


def connect(
    desk: Desk, tabs: Mapping[int, Tab], machine: gr.Markdown, job: gr.Button, buttons: list[gr.Button]
) -> None:
    """Connect header, steps, and what tells a page that it was gone to or that there is something new to draw."""
    tab = next(iter(tabs.values()))
    spot = markup.view(elem_id="ft-place", classes="ft-hidden")
    timer = gr.Timer(_LIVE_SECONDS)
    for step, button in zip(STEPS, buttons, strict=True):
        button.click(partial(on_step_clicked, step), None, tab.step, **quiet())
    job.click(partial(on_job_clicked, desk), [tab.run, tab.step], [tab.run, tab.step], **asked())
    moved = [tab.step.change, tab.run.change, tab.study.change]
    entered = [tabs[step].entered for step in STEPS]
    # One after the other: two at once would both find that a page's state changes, and it would be drawn twice.
    alone = quiet(concurrency_limit=1)
    gr.on(moved, on_moved, [tab.step, tab.run, tab.study], [*entered, tab.walk, spot, *buttons], **alone)
    seen = gr.State("")
    drawn = [machine, job, *buttons, *(tabs[step].pulse for step in STEPS), seen, timer]
    tick = partial(on_tick, desk)
    gr.on([timer.tick, tab.run.change, tab.plan.change], tick, [tab.step, tab.run, seen], drawn, **quiet())


def on_step_clicked(step: int) -> int:
    """Go to a step."""
    return step


@guarded
def on_job_clicked(desk: Desk, run_id: str, step: int) -> tuple[Any, int]:
    """Go to the run in progress, of several to the one after that which is shown, or to the list of runs."""
    at_work = [job.run_id for job in desk.engine.store.soon()]
    if not at_work:
        return gr.skip(), RUNS
    shown = at_work.index(run_id) if step == TRAIN and run_id in at_work else -1
    return at_work[(shown + 1) % len(at_work)], TRAIN


def on_moved(step: int, run_id: str, study: str) -> list[Any]:
    """Show the page of `step`, and say so where the address is kept."""
    place = f"{int(step)} {run_id or _NONE} {study if study and step == STUDIES else _NONE}"
    where = markup.block(f"<span class='ft-place'>{markup.text(place)}</span>")
    looks = [gr.Button(elem_classes=["ft-here"] if number == step else []) for number in STEPS]
    return [*_at(step, run_id), gr.Walkthrough(selected=int(step)), where, *looks]


def _at(step: int, run_id: str) -> list[str]:
    """Where each page stands: the one that is shown, at its run, all others nowhere.

    The same move told twice changes nothing the second time. The page opens with two changes, of step and of run, and
    would be drawn twice; the second drawing would undo what a reader did after the first.
    """
    return [f"{number} {run_id}" if number == step else "" for number in STEPS]


@guarded
def on_tick(desk: Desk, step: int, run_id: str, seen: str) -> Any:  # noqa: ANN401 - updates of the header
    """Say what changed since the last look: nothing, most of the time."""
    job = desk.engine.active()
    view = _view(desk, run_id)
    pulse = f"{run_id} {view.seq} {view.state} {job.id if job else ''} {desk.measuring.stage} {desk.prompts.stage}"
    pulse += (
        f" {desk.augmenting.stage} {desk.judging.stage} {desk.engine.queue.stamp} {desk.engine.results.stamp(run_id)}"
        f" {desk.prompted.stage} {desk.engine.playground.stamp} {desk.reviewing.stage}"
    )
    running = _job_text(desk, job)
    results = _results(desk, view)
    machine = _machine(desk)
    now = "|".join((pulse, running, machine, *results.values()))
    if now == seen:
        return gr.skip()
    looks = ["ft-busy"] if job else ["ft-idle"]
    labels = [gr.Button(_label(number, results.get(number, ""))) for number in STEPS]
    button = gr.Button(running, elem_classes=looks)
    told = [pulse if number == step else gr.skip() for number in STEPS]
    return [machine, button, *labels, *told, now, gr.Timer(_LIVE_SECONDS if job else _IDLE_SECONDS)]


def _view(desk: Desk, run_id: str) -> RunView:
    try:
        return desk.view(run_id) if run_id else RunView()
    except NotFoundError:  # deleted in another tab
        return RunView()


def _machine(desk: Desk) -> str:
    machine = desk.machine()
    if machine.gpus:
        total = machine.gpus[0].total_gib
        used = total - machine.gpus[0].free_gib
    else:
        total = machine.memory_total_gib
        used = total - machine.memory_available_gib
    told = f"{used:.1f} of {total:.0f} GiB used"
    bar = drawings.thin_bar(round(used, 1), total, told)
    name = machine.headline.rsplit(", ", 1)[0]
    return markup.block(
        f"<div class='ft-machine'><span>{markup.text(name)}</span>{bar}<span>{markup.text(told)}</span></div>"
    )


def _job_text(desk: Desk, job: Job | None) -> str:
    waiting = len(desk.engine.queue)
    line = f"{waiting:,} waiting" if waiting else ""
    if job is None:
        paused = "Queue paused" if desk.engine.queue.is_paused else ""
        return " · ".join(filter(None, [paused or ("" if line else "Nothing is running"), line]))
    view = desk.view(job.run_id)
    share = phrases.fraction(view)
    parts = [phrases.STATE_WORDS[job.state]]
    if share is not None:
        parts.append(f"{share:.0%}")
    left = phrases.seconds_left(view)
    if left:
        parts.append(words.time_left(*left))
    together = len(desk.engine.store.at_work())
    if together > 1:
        parts.insert(0, f"{together} at work")
    return " · ".join([*parts, line] if line else parts)


def _results(desk: Desk, view: RunView) -> dict[int, str]:
    """One line per finished step."""
    draft = desk.draft()
    results: dict[int, str] = {}
    choice = desk.choice(draft)
    if choice:
        results[DATA] = desk.told(choice) or words.shortened(choice.name, 24)
    if desk.chosen_method:
        results[STRATEGY] = words.shortened(desk.chosen_method, 26)
    if augmented := desk.augmenting.told(choice):
        results[AUGMENT] = augmented
    if view.best_step is not None and view.training.state.is_final:
        results[TRAIN] = f"best at step {view.best_step:,}"
    elif view.kind and not view.training.state.is_final:
        results[TRAIN] = phrases.STATE_WORDS[view.training.state].lower()
    if view.evaluated and view.evaluated.metrics:
        name, values = next(iter(view.evaluated.metrics.items()))
        results[EVALUATE] = phrases.difference(name, values).split(" (")[0]
    if view.exported:
        name, exported = list(view.exported.items())[-1]
        results[EXPORT] = f"{name}, {words.size(exported.size_bytes)}"
    return results


def _label(step: int, result: str) -> str:
    if step in _BESIDE:
        return f"{STEPS[step]}\n{_BESIDE[step]}"
    return (
        f"✓ {STEPS[step]}\n{result}" if result else f"{list(STEPS).index(step) + 1} {STEPS[step]}\n\N{NO-BREAK SPACE}"
    )
