"""What fills the field of the prompt: a held-out row, a saved prompt, or somebody who types."""

from functools import partial
from typing import Any

import gradio as gr

from core.errors import NotFoundError
from ui import notices, playdraft, playsheet
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.playground.parts import Parts
from ui.tab import Tab, asked, quiet


def connect(desk: Desk, tab: Tab, parts: Parts) -> None:
    """Connect the field and what fills it. What is typed is returned to nobody."""
    beside = [parts.place, parts.where, parts.answers]
    parts.prompt.input(partial(on_typed, desk), [tab.run, parts.prompt, parts.place], beside, **quiet())
    taking = [parts.prompt, parts.last, *beside]
    parts.take.click(partial(on_taken, desk), [tab.run, parts.last], taking, **asked())
    parts.saved.input(partial(on_picked, desk), [tab.run, parts.saved], [parts.prompt, *beside], **quiet())
    parts.save.click(partial(on_saved, desk), [parts.name, parts.prompt], [parts.saved, parts.name], **asked())
    parts.delete.click(partial(on_deleted, desk), parts.saved, parts.saved, **asked())


@guarded
def on_typed(desk: Desk, run_id: str, text: str | None, row: int) -> Any:  # noqa: ANN401 - updates of what stands beside
    """Keep what is typed; where other words than those of the row stand there, its answer is not the wanted one."""
    playdraft.keep(desk, text=text or "")
    if not row or desk.engine.playground.ground(run_id).held_out(row).text == text:
        return gr.skip()
    return [0, *_beside(desk, run_id, 0)]


@guarded
def on_taken(desk: Desk, run_id: str, last: int) -> Any:  # noqa: ANN401
    """Put the next held-out row into the field.

    Raises:
        NotFoundError: There is no run.
        UserError: It has none, or its data are gone.
    """
    if not run_id:
        raise NotFoundError("There is no run to take a row of.", "Choose a run first.")
    ground = desk.engine.playground.ground(run_id)
    row = last % max(1, len(ground.rows)) + 1
    held = ground.held_out(row)
    playdraft.keep(desk, text=held.text)
    return [held.text, row, row, *_beside(desk, run_id, row)]


@guarded
def on_picked(desk: Desk, run_id: str, name: str | None) -> Any:  # noqa: ANN401
    """Put a saved prompt into the field.

    Raises:
        NotFoundError: It was deleted meanwhile.
    """
    if not name:
        return gr.skip()
    text = desk.engine.playground.saved.get(name)
    playdraft.keep(desk, text=text)
    return [text, 0, *_beside(desk, run_id, 0)]


@guarded
def on_saved(desk: Desk, name: str | None, text: str | None) -> Any:  # noqa: ANN401
    """Keep the prompt under a name.

    Raises:
        SettingsError: One of both is empty or too long.
    """
    saved = desk.engine.playground.saved
    kept = saved.save(name or "", text or "")
    notices.tell(f"Every tab finds it as {kept!r}.", title="Saved")
    return gr.Dropdown(choices=list(saved.all), value=kept), ""


@guarded
def on_deleted(desk: Desk, name: str | None) -> Any:  # noqa: ANN401
    """Forget the chosen prompt.

    Raises:
        NotFoundError: None is chosen, or it is gone already.
    """
    saved = desk.engine.playground.saved
    if not name:
        raise NotFoundError("No saved prompt is chosen.", "Choose one in the menu first.")
    saved.delete(name)
    return gr.Dropdown(choices=list(saved.all), value=None)


def _beside(desk: Desk, run_id: str, row: int) -> list[str]:
    """Where the words of the field are from, and the answers, with the wanted one where it is a row's."""
    playground = desk.engine.playground
    try:
        ground = playground.ground(run_id) if run_id else None
    except NotFoundError:
        ground = None
    held = ground.held_out(row) if row and ground is not None else None
    where = playsheet.where_from(held, row, len(ground.rows) if ground is not None else 0)
    return [where, playsheet.answers(playground.standing(run_id), held)]
