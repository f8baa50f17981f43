"""Data are deleted for good: asked for once, and confirmed with a second click."""

from functools import partial
from typing import Any

import gradio as gr

from ui import markup, notices, words
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.data.page import Page, chosen, drawn
from ui.tab import asked, quiet


def place() -> dict[str, Any]:
    """Place the button and the question."""
    delete = gr.Button("Delete these data", size="sm", elem_classes=["ft-quiet"], elem_id="ft-delete-data")
    with gr.Row(visible=False, elem_classes=["ft-danger"]) as sure:
        question = markup.view()
        really = gr.Button("Delete for good", variant="stop", size="sm", elem_id="ft-really-delete-data")
        keep = gr.Button("Keep them", size="sm", elem_id="ft-keep-data")
    return {
        "delete": delete, "sure": sure, "question": question, "really": really, "keep": keep, "wanted": gr.State(""),
    }  # fmt: skip


def connect(desk: Desk, page: Page, placed: dict[str, Any]) -> None:
    """Connect the buttons."""
    sure, wanted = placed["sure"], placed["wanted"]
    placed["delete"].click(partial(on_delete_wanted, desk), None, [sure, placed["question"], wanted], **asked())
    placed["keep"].click(on_kept, None, sure, **quiet())
    placed["really"].click(partial(on_deleted, desk, page), wanted, [sure, *page.everything], **asked())


@guarded
def on_delete_wanted(desk: Desk) -> Any:  # noqa: ANN401 - updates of the question
    """Ask once more, and say what would go and what a run still needs."""
    source = desk.engine.source(chosen(desk).source)
    if source.sample:
        notices.tell("A sample comes with Fewtune and takes no room of yours.", title="Nothing to delete")
        return gr.skip()
    used = _used(desk)
    found = desk.engine.library.history(source)
    stay = sum(one.id in used for one in found)
    told = f"Delete {source.name!r} and all that was made of it ({words.counted(len(found), 'version')})?"
    told += f" {stay} of them will stay, because a run needs them." if stay else ""
    told += " Runs keep the rows that they were scored on. This cannot be undone."
    return [gr.Row(visible=True), markup.block(f"<p>{markup.text(told)}</p>"), source.id]


def on_kept() -> gr.Row:
    """Keep the data after all."""
    return gr.Row(visible=False)


@guarded
def on_deleted(desk: Desk, page: Page, data_id: str) -> Any:  # noqa: ANN401
    """Delete the data that the question was about, and let someone choose others."""
    if not data_id:
        return gr.skip()
    gone = desk.engine.library.forget(desk.engine.source(data_id), _used(desk))
    desk.forget_data(gone)
    notices.tell(f"{words.counted(len(gone), 'version')} deleted.", title="Deleted")
    return [gr.Row(visible=False), *drawn(desk, page)]


def _used(desk: Desk) -> set[str]:
    return {summary.plan.data.source for summary in desk.engine.runs()}
