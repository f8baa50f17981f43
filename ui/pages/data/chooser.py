"""Where data come from: files, pasted rows, the hub, or a sample."""

import contextlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from core.dataset.files.source import SAMPLES
from core.errors import DataError, UserError
from ui import datasheet, markup, notices
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.data.page import Page, drawn
from ui.readings import INLINE_BYTES
from ui.tab import Tab, asked, quiet

_READ_HERE = 8 * INLINE_BYTES
"""Bytes of plain files that are taken in while the page waits; an archive may hold far more than its size says."""
_PACKED = {".zip", ".gz", ".bz2", ".xz", ".zst", ".xlsx", ".xls", ".xlsb", ".ods", ".parquet", ".arrow", ".feather"}


def place(tab: Tab) -> dict[str, Any]:
    """Place the drop zone, the other ways in, and the samples."""
    back = gr.Button("Back", size="sm", visible=False, elem_classes=["ft-quiet"], elem_id="ft-back")
    # Any kind: what cannot be read is refused in place, with what to do, which a browser's own words would not say.
    file = gr.File(
        label="Your file: CSV, Excel, JSON, Parquet, text, or a zip of them; or several: train, validation, test",
        file_count="multiple",
        height=150,
        elem_id="ft-file",
    )
    with gr.Row(elem_classes=["ft-card-head"]):
        markup.view(markup.block("<h3>Or begin with a sample</h3>"))
        tab.play.render()
    with gr.Row(elem_classes=["ft-choices"]):
        samples = {
            name: gr.Button(datasheet.sample_card(sample), elem_classes=["ft-choice"], elem_id=f"ft-sample-{name}")
            for name, sample in SAMPLES.items()
        }
    title = "Paste rows, or name a data set of the Hugging Face hub"
    with gr.Accordion(title, open=False, elem_id="ft-other-ways") as others:
        pasted = gr.Textbox(
            label="Rows", lines=6, max_lines=16, elem_id="ft-pasted",
            info="From a spreadsheet, as CSV or JSON, with column names in the first line; or texts with a blank line "
            "between them. A reload keeps what stands here, up to 1 MB.",
        )  # fmt: skip
        paste = gr.Button("Read the pasted rows", size="sm", elem_id="ft-paste")
        with gr.Row():
            hub = gr.Textbox(label="Data set", info="As on the hub: owner/name.", max_lines=1, elem_id="ft-hub")
            config = gr.Textbox(label="Configuration (optional)", info="Where it has several.", max_lines=1)
            split = gr.Textbox(label="Split (optional)", info="Where only one is wanted.", max_lines=1)
        fetch = gr.Button("Fetch from the hub", size="sm", elem_id="ft-fetch")
    return {
        "file": file, "samples": samples, "pasted": pasted, "paste": paste,
        "hub": [hub, config, split], "fetch": fetch, "back": back, "others": others,
    }  # fmt: skip


def connect(desk: Desk, page: Page, tab: Tab, placed: dict[str, Any]) -> None:
    """Connect every way in."""
    file = placed["file"]
    file.upload(partial(on_uploaded, desk, page), file, [*page.everything, file], **asked(show_progress="minimal"))
    for name, button in placed["samples"].items():
        button.click(partial(on_sample_chosen, desk, page, name), None, page.everything, **asked())
    pasted = placed["pasted"]
    placed["paste"].click(partial(on_pasted, desk, page), pasted, [*page.everything, pasted], **asked())
    # What is pasted with the mouse is a change, and no input.
    pasted.change(partial(on_typed, desk), pasted, None, **quiet())
    tab.opened.change(partial(on_opened, desk), None, [pasted, placed["others"]], **quiet())
    placed["back"].click(partial(on_back, desk, page), None, page.everything, **quiet())
    placed["fetch"].click(partial(on_fetched, desk, page), placed["hub"], page.everything, **asked())


@guarded
def on_uploaded(desk: Desk, page: Page, paths: list[str] | None) -> Any:  # noqa: ANN401
    """Copy the files into the home folder and read them; what is wrong with them is said where they were dropped."""
    if not paths:
        return gr.skip()
    files = [Path(path) for path in paths]
    if not all(file.is_file() for file in files):
        return [*_refused(page, DataError("The upload is no longer there.", "Drop the file again.")), None]
    discard = partial(_discard, files)
    packed = any(file.suffix.lower() in _PACKED for file in files)
    if packed or sum(file.stat().st_size for file in files) > _READ_HERE:
        desk.readings.begin(desk.engine.library.begin_open(files, discard), desk.take_opened, taking=True)
        return [*drawn(desk, page), None]
    try:
        desk.take(desk.engine.library.open(files))
    except UserError as error:
        return [*_refused(page, error), None]
    finally:
        discard()
    return [*drawn(desk, page), None]


@guarded
def on_sample_chosen(desk: Desk, page: Page, name: str) -> Any:  # noqa: ANN401
    """Begin with a bundled sample."""
    desk.take(desk.engine.open_data(name))
    return drawn(desk, page)


@guarded
def on_pasted(desk: Desk, page: Page, pasted: str | None) -> Any:  # noqa: ANN401
    """Take in what was pasted; it stays in the box until it could be read."""
    try:
        desk.take(desk.engine.library.open_text(pasted or ""))
    except UserError as error:
        notices.show(error, title="These rows cannot be read")  # the head of the page may be out of sight
        return [*_refused(page, error), gr.skip()]
    desk.keep_pasted("")
    return [*drawn(desk, page), ""]


@guarded
def on_typed(desk: Desk, pasted: str | None) -> None:
    """Keep what stands in the box, so that a reload loses nothing."""
    desk.keep_pasted(pasted or "")


@guarded
def on_opened(desk: Desk) -> Any:  # noqa: ANN401
    """Give back what stood in the box, and show it."""
    pasted = desk.pasted()
    return [pasted, gr.Accordion(open=True)] if pasted else gr.skip()


@guarded
def on_back(desk: Desk, page: Page) -> Any:  # noqa: ANN401
    """Show the data again that are still chosen."""
    return drawn(desk, page)


@guarded
def on_fetched(desk: Desk, page: Page, *typed: str | None) -> Any:  # noqa: ANN401
    """Fetch a data set of the hub (its id, configuration, split) in a process of its own.

    Raises:
        DataError: None is named.
    """
    data_id, config, split = ((one or "").strip() for one in typed)
    if not data_id:
        raise DataError("No data set is named.", "Type its name as on the hub: owner/name.")
    inquiry = desk.engine.library.begin_fetch(data_id, config, split)
    desk.readings.begin(inquiry, desk.take_opened, taking=True)
    return drawn(desk, page)


def _discard(files: Sequence[Path]) -> None:
    """Remove what the browser sent: the home folder has its copy, and nothing else should keep people's rows."""
    for file in files:
        with contextlib.suppress(OSError):
            file.unlink()
            file.parent.rmdir()


def _refused(page: Page, error: UserError) -> list[Any]:
    return [datasheet.refusal(error), *(gr.skip() for _ in page.everything[1:])]
