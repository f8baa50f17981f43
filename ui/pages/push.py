"""The fold under the finished exports by which one of them goes to a model hub: asked first, then watched."""

from functools import partial
from typing import Any

import gradio as gr

from core.errors import UserError
from core.export.exporters import EXPORTERS
from core.export.hub import check_repo
from ui import markup, pushing, pushsheet
from ui.desk import Desk
from ui.notices import guarded
from ui.pushing import Wish
from ui.tab import EXPORT, Tab, asked, quiet

_SECONDS = 0.5
"""Between two looks at how far it is."""


def place(desk: Desk, tab: Tab) -> None:
    """Place the fold; it follows the run and what was exported of it."""
    with gr.Accordion(pushsheet.TITLE, open=False, visible=False, elem_id="ft-push-fold") as fold:
        about, form, repo, token, public, ask = _boxes()
        with gr.Column(visible=False, elem_id="ft-push-question") as asking:
            question = markup.view()
            with gr.Row(equal_height=True):
                send = gr.Button("Upload it now", variant="primary", size="sm", elem_id="ft-push-now")
                leave = gr.Button("Leave it", size="sm", elem_id="ft-push-leave")
        with gr.Column(visible=False) as going:
            progress = markup.view(elem_id="ft-pushing")
            stop = gr.Button("Stop", size="sm", elem_classes=["ft-quiet"], elem_id="ft-push-stop")
        ending = markup.view(elem_id="ft-push-ending")
    held, wish, ticking, stage = gr.State(""), gr.State(None), gr.Timer(_SECONDS, active=False), gr.State("")
    drawn = [fold, about, form, ask, going, progress, ending, ticking, stage]
    now = [tab.run, form, held]
    hidden = [asking, question, wish]
    tab.entered.change(partial(on_looked, desk), [tab.step, *now], drawn, **quiet())
    tab.pulse.change(partial(on_pulsed, desk), [tab.step, stage, *now], drawn, **quiet())
    gr.on([repo.input, public.input, form.input, tab.run.change], on_changed, None, hidden, **quiet())
    form.input(partial(on_form, desk), now, drawn, **quiet())
    token.blur(partial(on_token, desk), [token, held], [token, held, about], **quiet())
    ask.click(partial(on_asked, desk), [tab.run, form, repo, public], hidden, **asked())
    leave.click(on_changed, None, hidden, **asked())
    send.click(partial(on_confirmed, desk), [wish, *now], [*hidden, *drawn], **asked())
    stop.click(partial(on_stopped, desk), now, drawn, **asked())
    ticking.tick(partial(on_tick, desk, progress), now, drawn, **quiet(trigger_mode="once"))


def _boxes() -> tuple[Any, ...]:
    """What, where to, with whose right, who may see it, and the button that asks."""
    about = markup.view()
    with gr.Row(elem_classes=["ft-form"]):
        form = gr.Radio([], label="Which export", elem_classes=["ft-segments"], elem_id="ft-push-form")
        repo = gr.Textbox(
            label="Repository",
            info="A name of your own, as name or owner/name.",
            placeholder="owner/name",
            max_lines=1,
            max_length=200,
            elem_id="ft-push-repo",
        )
        token = gr.Textbox(
            label="Token",
            type="password",
            max_lines=1,
            max_length=500,
            info="Held in memory while this page is open; written nowhere.",
            elem_id="ft-push-token",
        )
    public = gr.Checkbox(label="Public: everybody can see it", value=False, elem_id="ft-push-public")
    ask = gr.Button("Show what would go", size="sm", elem_id="ft-push")
    return about, form, repo, token, public, ask


def _drawn(desk: Desk, run_id: str, form: str | None, held: str) -> list[Any]:
    """Updates of the fold."""
    stage, work = desk.pushing.stage, desk.pushing.look()
    pushes = desk.engine.exports.pushes
    made = [name for name, one in desk.view(run_id).exported.items() if one.checksums] if run_id else []
    taken = form if form in made else next(iter(made), None)
    here = work is not None and work[0].run_id == run_id
    ending = pushsheet.ending(*desk.pushing.ending(run_id)) if work is None else ""
    standing = pushsheet.standing(pushes.pushed(run_id).get(taken or "")) if run_id and not here else ""
    return [
        gr.Accordion(visible=bool(made)),
        pushsheet.about(pushes.address, typed=bool(held), here=pushes.has_token),
        gr.Radio([(EXPORTERS[name].title, name) for name in made if name in EXPORTERS], value=taken),
        gr.Button(interactive=work is None),
        gr.Column(visible=here),
        pushsheet.progress(work[1]) if work and here else "",
        ending or standing,
        gr.Timer(active=work is not None),
        stage,
    ]


@guarded
def on_looked(desk: Desk, step: int, run_id: str, form: str | None, held: str) -> Any:  # noqa: ANN401 - updates
    """Draw the fold, if its page is the one that is shown."""
    return _drawn(desk, run_id, form, held) if step == EXPORT else gr.skip()


@guarded
def on_pulsed(desk: Desk, step: int, stage: str, run_id: str, form: str | None, held: str) -> Any:  # noqa: ANN401
    """Draw what another tab began or ended, and what was exported meanwhile."""
    if step != EXPORT or (stage == desk.pushing.stage and desk.pushing.look() is not None):
        return gr.skip()
    return _drawn(desk, run_id, form, held)


@guarded
def on_form(desk: Desk, run_id: str, form: str | None, held: str) -> Any:  # noqa: ANN401
    """Draw where the chosen export stands."""
    return _drawn(desk, run_id, form, held)


@guarded
def on_token(desk: Desk, token: str | None, held: str) -> Any:  # noqa: ANN401
    """Hold the token in this page's session, and take it out of the box."""
    held = token.strip() if isinstance(token, str) and token.strip() else held
    pushes = desk.engine.exports.pushes
    return "", held, pushsheet.about(pushes.address, typed=bool(held), here=pushes.has_token)


def on_changed() -> list[Any]:
    """Take the question back: what it said may not hold any more."""
    return [gr.Column(visible=False), "", None]


@guarded
def on_asked(desk: Desk, run_id: str, form: str | None, repo: str | None, public: bool) -> Any:  # noqa: ANN401, FBT001
    """Say what would go where, and ask.

    Raises:
        UserError: There is nothing to push, or the name cannot be one.
    """
    if not run_id or not isinstance(form, str):
        raise UserError("No export is chosen.", "Export the model first, then choose it here.")
    wish = Wish(run_id, form, check_repo(repo if isinstance(repo, str) else ""), public is True)
    pushes = desk.engine.exports.pushes
    parcel = pushes.parcel(run_id, form)
    return [
        gr.Column(visible=True),
        pushsheet.question(pushing.question(parcel, wish, pushes.address)),
        wish,
    ]


@guarded
def on_confirmed(desk: Desk, wish: Wish | None, run_id: str, form: str | None, held: str) -> Any:  # noqa: ANN401
    """Begin with what the question said, whatever the boxes say by now."""
    if not isinstance(wish, Wish):
        return gr.skip()
    desk.pushing.begin(wish, held)
    return [*on_changed(), *_drawn(desk, run_id, form, held)]


@guarded
def on_stopped(desk: Desk, run_id: str, form: str | None, held: str) -> Any:  # noqa: ANN401
    """Stop uploading."""
    desk.pushing.stop()
    return _drawn(desk, run_id, form, held)


@guarded
def on_tick(desk: Desk, progress: gr.Markdown, run_id: str, form: str | None, held: str) -> Any:  # noqa: ANN401
    """Say how far it is; at the end, draw where the export stands."""
    going = desk.pushing.look()
    return _drawn(desk, run_id, form, held) if going is None else {progress: pushsheet.progress(going[1])}
