"""Versions: what was uploaded and what was made of it, to go back to and to download."""

from functools import partial
from typing import Any

import gradio as gr

from core.dataset.files.write import FORMS
from ui import healthsheet, markup, words
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.data import deleting
from ui.pages.data.page import Page, Part, chosen, drawn
from ui.readings import Sheet
from ui.tab import asked, quiet

_TITLES = {"jsonl": "JSON Lines", "csv": "CSV (for a spreadsheet)", "parquet": "Parquet"}


def place(desk: Desk) -> Part:
    """Place the folded table."""
    with gr.Accordion("Versions and download", open=False, elem_id="ft-versions") as folded:
        table = markup.view()
        with gr.Row():
            version = gr.Dropdown([], label="Version in use", info="Another one takes its place at once.", scale=3)
            form = gr.Radio(
                [(_TITLES[name], name) for name in FORMS],
                value="jsonl",
                label="Download as",
                elem_id="ft-form",
                scale=3,
            )
            download = gr.DownloadButton("Download", size="sm", elem_id="ft-download", interactive=False, scale=2)
        placed = deleting.place()
    key, is_open = gr.State(""), gr.State(value=False)
    named = {"folded": folded, "version": version, "form": form, "download": download, "open": is_open, "key": key}
    named["deleting"] = placed
    return Part([table, version, key], partial(_draw, desk), named)


def connect(desk: Desk, page: Page, part: Part) -> None:
    """Connect the table; a file is written only when someone looks for it."""
    named = part.named
    deleting.connect(desk, page, named["deleting"])
    named["version"].input(partial(on_version_chosen, desk, page), named["version"], page.everything, **asked())
    gr.on(
        [named["folded"].expand, named["form"].input],
        partial(on_file_wanted, desk),
        named["form"],
        named["download"],
        **asked(),
    )
    changed = partial(on_rows_changed, desk)
    asks = [named["open"], named["form"]]
    named["key"].change(changed, asks, named["download"], **asked(trigger_mode="always_last"))
    named["folded"].expand(lambda: True, None, named["open"], **quiet())
    named["folded"].collapse(lambda: False, None, named["open"], **quiet())


def _draw(desk: Desk, sheet: Sheet) -> list[Any]:
    if sheet.source is None:
        return ["", gr.Dropdown([]), ""]
    found = desk.engine.library.history(sheet.source)
    menu = [(f"{number}: {words.shortened(one.act, 70)}", one.id) for number, one in enumerate(found, start=1)]
    now = sheet.report.file_rows if sheet.report else {}
    table = healthsheet.versions(found, sheet.source.id, now)
    key = f"{sheet.source.id} {sheet.choice.sheet}"
    return [table, gr.Dropdown(menu, value=sheet.source.id, interactive=len(menu) > 1), key]


def on_rows_changed(desk: Desk, is_open: bool, form: str) -> Any:  # noqa: ANN401, FBT001 - what a control says
    """Write other rows anew where someone is looking for the file; the old file is no longer what they are."""
    return on_file_wanted(desk, form) if is_open else gr.DownloadButton("Download", value=None, interactive=False)


@guarded
def on_version_chosen(desk: Desk, page: Page, data_id: str) -> Any:  # noqa: ANN401
    """Go on with another version."""
    choice = chosen(desk)
    source = desk.engine.source(str(data_id))
    desk.turn_to(choice.model_copy(update={"source": source.id, "sha256": source.sha256}))
    return drawn(desk, page)


@guarded
def on_file_wanted(desk: Desk, form: str) -> Any:  # noqa: ANN401
    """Write the rows as a file and let the button hand it out."""
    choice = chosen(desk)
    source = desk.engine.source(choice.source)
    wanted = form if isinstance(form, str) and form in FORMS else "jsonl"
    path = desk.engine.library.download(source, wanted, choice.sheet)
    label = f"Download as {_TITLES[wanted]}, {words.size(path.stat().st_size)}"
    return gr.DownloadButton(label, value=path, interactive=True)
