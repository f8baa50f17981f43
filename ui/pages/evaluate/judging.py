"""The fold that asks a judge: who, by which criteria, about how many rows, at what cost; and what it found."""

from functools import partial
from typing import Any

import gradio as gr

from core.augment.spend import Limits
from core.errors import UserError
from core.judge.order import JudgeOrder, leaves_to
from ui import forms, judgesheet, markup
from ui.desk import Desk
from ui.judging import LIMITS, NAMES, TEXTS
from ui.notices import guarded
from ui.tab import EVALUATE, Tab, asked, quiet

_SECONDS = 1.0
"""Between two looks at how far it is."""
_NEWEST = ""
"""The list's value for the newest judging, whichever that will be."""


def place(desk: Desk, tab: Tab) -> None:
    """Place the fold and connect it; it follows the run, and what other tabs begin and end."""
    with gr.Accordion(judgesheet.TITLE, open=False, elem_id="ft-judge-fold") as fold:
        which = gr.Radio(
            [], label="Judgings of this run", visible=False, elem_id="ft-judgings", elem_classes=["ft-lines"]
        )
        result = markup.view(elem_id="ft-judge-result")
        markup.view(judgesheet.intro())
        named, key = _typed(desk)
        forecast, progress = markup.view(), markup.view(elem_id="ft-judge-progress")  # one in the other's place
        leaves, wrong = markup.view(elem_id="ft-judge-leaves"), markup.view()
        with gr.Row(elem_classes=["ft-turn"]):
            start = gr.Button("Start the judge", variant="primary", elem_id="ft-judge-start")
            stop = gr.Button("Stop", variant="stop", visible=False, elem_id="ft-judge-stop")
    ticking, stage = gr.Timer(_SECONDS, active=False), gr.State("")
    controls = [named[name] for name in NAMES]
    estimated = [forecast, leaves, wrong, start, key]
    drawn = [which, fold, result, stop, progress, ticking, stage, *estimated]
    events = [control.blur if isinstance(control, gr.Textbox) else control.input for control in controls]
    gr.on(events, partial(on_typed, desk), [tab.run, *controls], estimated, **quiet())
    key.blur(partial(on_key, desk), [named["url"], key], key, **quiet()).then(
        partial(on_kept, desk), tab.run, estimated[:-1], **quiet()
    )
    start.click(partial(on_start, desk), [tab.run, key, *controls], drawn, **asked())
    stop.click(partial(on_stop, desk), tab.run, drawn, **asked())
    seen = [tab.run, tab.step, which]
    ticking.tick(partial(on_tick, desk), seen, drawn[1:5], **quiet(trigger_mode="once"))
    which.input(partial(on_chosen, desk), [tab.run, which], result, **quiet())
    gr.on(
        [tab.pulse.change, tab.entered.change],
        partial(on_looked, desk),
        [*seen, stage],
        [*drawn, *controls],
        **quiet(),
    )


def _typed(desk: Desk) -> tuple[dict[str, Any], gr.Textbox]:
    """What is typed, and the key, which is never drawn: what the server remembers of it stays there."""
    usual = desk.judging.typed()
    named: dict[str, Any] = {}
    with gr.Row():
        named["url"] = gr.Textbox(
            label="Address", info="Up to before /chat/completions.", max_lines=1, max_length=2000, min_width=220
        )
        named["model"] = gr.Textbox(
            label="Judge", info="The model, as the endpoint calls it.", max_lines=1, max_length=200, min_width=180
        )
        key = gr.Textbox(
            label="Key",
            type="password",
            max_lines=1,
            max_length=500,
            min_width=180,
            info="Kept in memory until Fewtune ends, for this address alone.",
            elem_id="ft-judge-key",
        )
    named["criteria"] = gr.Textbox(
        value=usual["criteria"],
        label="Criteria",
        info="What makes an answer better, in your words. Other criteria are other questions.",
        lines=3,
        max_lines=10,
        max_length=8000,
    )
    named["rows"] = gr.Number(
        0, label="Rows", info="Drawn by lot, always the same; 0 asks about all.", precision=0, min_width=160
    )
    with gr.Accordion("Prices, caps and time limit", open=False), gr.Row(elem_classes=["ft-form"]):
        named["timeout"] = gr.Number(
            value=usual["timeout"],
            label="Time limit",
            info="Seconds until an answer must be complete.",
            elem_classes=["ft-setting"],
            min_width=220,
        )
        named |= forms.form(Limits, usual, LIMITS)
    for name, control in named.items():
        control.elem_id = f"ft-judge-{name.replace('_', '-')}"
    return named, key


def _read(values: tuple[Any, ...]) -> dict[str, Any]:
    """What was typed, by name; an empty number takes its usual value."""
    numbers = forms.read(NAMES[len(TEXTS) :], values[len(TEXTS) :])
    texts = {name: value.strip() if isinstance(value, str) else "" for name, value in zip(TEXTS, values, strict=False)}
    return texts | {name: value for name, value in numbers.items() if value is not None}


@guarded
def on_typed(desk: Desk, run_id: str, *values: Any) -> Any:  # noqa: ANN401 - updates of the fold
    """Keep what was typed, and draw what follows from it."""
    typed = _read(values)
    desk.judging.keep(typed)
    return _estimated(desk, run_id, typed)


@guarded
def on_key(desk: Desk, url: str | None, key: str | None) -> str:
    """Remember the key for the address that stands there, and take it out of the page."""
    desk.judging.keys.remember(str(url or "").strip(), str(key or "").strip())
    return ""


@guarded
def on_kept(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Draw what follows from what was kept."""
    return _estimated(desk, run_id, desk.judging.typed())[:-1]


@guarded
def on_start(desk: Desk, run_id: str, key: str | None, *values: Any) -> Any:  # noqa: ANN401
    """Begin to ask, or go on, with what stands in this tab."""
    typed = _read(values)
    desk.judging.keep(typed)
    desk.judging.keys.remember(typed["url"], str(key or "").strip())
    order = desk.judging.order(run_id, typed)
    desk.judging.begin(order, desk.judging.keys.of(order.endpoint.url))
    return _drawn(desk, run_id, typed)


@guarded
def on_stop(desk: Desk, run_id: str) -> Any:  # noqa: ANN401
    """Ask no further; a second time, end it at once."""
    desk.judging.end(run_id)
    return _drawn(desk, run_id, desk.judging.typed())


@guarded
def on_tick(desk: Desk, run_id: str, step: int, which: str | None) -> Any:  # noqa: ANN401
    """Say how far it is; its end is drawn by the next look."""
    if step != EVALUATE or not run_id:
        return gr.skip()
    return _drawn(desk, run_id, None, which)[1:5]


@guarded
def on_chosen(desk: Desk, run_id: str, which: str | None) -> Any:  # noqa: ANN401
    """Show another judging of the run."""
    return _drawn(desk, run_id, None, which)[2]


@guarded
def on_looked(desk: Desk, run_id: str, step: int, which: str | None, stage: str) -> Any:  # noqa: ANN401
    """Draw the fold of another run, or what another tab began or ended; what is typed is filled in once."""
    if step != EVALUATE or not run_id or desk.engine.evaluation(run_id) is None:
        return gr.skip()
    if stage == _stage(desk, run_id):
        return gr.skip()
    typed = desk.judging.typed()
    filled = [typed[name] if typed[name] is not None else "" for name in NAMES]
    return [*_drawn(desk, run_id, typed, which), *([gr.skip() for _ in NAMES] if stage else filled)]


def _stage(desk: Desk, run_id: str) -> str:
    return f"{run_id} {desk.judging.stage} {desk.engine.results.stamp(run_id)}"


def _drawn(desk: Desk, run_id: str, typed: dict[str, Any] | None, which: str | None = None) -> list[Any]:
    """Updates of the fold, with the newest judging unless another one is chosen.

    Without `typed` what follows from that stays.
    """
    inquiry, known = desk.judging.going(run_id), desk.judging.all(run_id)
    newest = known[0] if known else None
    live = inquiry is not None or (newest is not None and newest[0].work.goes_on)
    stopping = live and desk.engine.results.judgings.is_stopping(run_id)
    chosen = next((it for it in known[1:] if it[0].id == which), None)
    menu = [(judgesheet.listed(*it), it[0].id if number else _NEWEST) for number, it in enumerate(known)]
    return [
        gr.Radio(menu, value=chosen[0].id if chosen else _NEWEST if menu else None, visible=len(menu) > 1),
        gr.Accordion(label=judgesheet.title(newest[1] if newest else None, live=live)),
        judgesheet.earlier(*chosen)
        if chosen
        else judgesheet.result(*(newest or (None, None)), live=live, error=desk.judging.failed(run_id)),
        gr.Button("Stop at once" if stopping and inquiry else "Stopping" if stopping else "Stop", visible=live),
        judgesheet.working(inquiry, newest[0] if newest else None, stopping=stopping) if live else "",
        gr.Timer(active=live),
        _stage(desk, run_id),
        *(_estimated(desk, run_id, typed) if typed is not None else ()),
    ]


def _estimated(desk: Desk, run_id: str, typed: dict[str, Any]) -> list[Any]:
    """Updates of what follows from what was typed."""
    url = str(typed.get("url", ""))
    key = gr.Textbox(placeholder=_held(desk, url))
    live = desk.judging.going(run_id) is not None
    try:
        order: JudgeOrder | None = desk.judging.order(run_id, typed)
        found = desk.judging.forecast(order) if order else None
    except UserError as error:
        told = "" if not typed.get("model") else judgesheet.problems(error)
        return ["", judgesheet.leaves(leaves_to(url)), told, gr.Button("Start the judge", visible=not live), key]
    assert order is not None
    assert found is not None
    priced = bool(order.limits.price_in or order.limits.price_out)
    left = found.unread
    label = "Start the judge" if found.questions == 2 * (found.rows - found.equal) else "Go on"
    if not found.questions:
        label = f"Ask again about {left:,} without a verdict" if left else "All of these rows are judged"
    start = gr.Button(label, visible=not live, interactive=bool(found.questions or left))
    tiles = "" if live else judgesheet.forecast(found, priced=priced)
    return [tiles, judgesheet.leaves(order.host), "", start, key]


def _held(desk: Desk, url: str) -> str:
    if not desk.judging.keys.of(url):
        return "none"
    return "from the environment" if desk.judging.keys.is_own(url) else "set; type to replace it"
