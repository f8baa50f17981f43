"""Where data come from: files, pasted rows, the hub, or a sample."""

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from core.dataset.files.read import SUFFIXES
from core.dataset.files.source import SAMPLES
from core.errors import DataError, UserError
from ui import datasheet, markup
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.data.page import Page, drawn
from ui.readings import INLINE_BYTES
from ui.tab import Tab, asked

_READ_HERE = 8 * INLINE_BYTES
"""Bytes of plain files that are taken in while the page waits; an archive may hold far more than its size says."""
_PACKED = {".zip", ".gz", ".bz2", ".xz", ".zst", ".xlsx", ".xls", ".xlsb", ".ods", ".parquet", ".arrow", ".feather"}


def place(tab: Tab) -> dict[str, Any]:
    """Place the drop zone, the other ways in, and the samples."""
    file = gr.File(
        label="Your file: CSV, Excel, JSON, Parquet, text, or a zip of them; or several: train, validation, test",
        file_types=list(SUFFIXES),
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
    with gr.Accordion("Paste rows, or name a data set of the Hugging Face hub", open=False, elem_id="ft-other-ways"):
        pasted = gr.Textbox(
            label="Rows", lines=6, max_lines=16, elem_id="ft-pasted",
            info="From a spreadsheet, as CSV or JSON, with column names in the first line; or texts with a blank line "
            "between them.",
        )  # fmt: skip
        paste = gr.Button("Read the pasted rows", size="sm", elem_id="ft-paste")
        with gr.Row():
            hub = gr.Textbox(label="Data set", info="As on the hub: owner/name.", max_lines=1, elem_id="ft-hub")
            config = gr.Textbox(label="Configuration (optional)", info="Where it has several.", max_lines=1)
            split = gr.Textbox(label="Split (optional)", info="Where only one is wanted.", max_lines=1)
        fetch = gr.Button("Fetch from the hub", size="sm", elem_id="ft-fetch")
    return {
        "file": file, "samples": samples, "pasted": pasted, "paste": paste,
        "hub": [hub, config, split], "fetch": fetch,
    }  # fmt: skip


def connect(desk: Desk, page: Page, placed: dict[str, Any]) -> None:
    """Connect every way in."""
    file = placed["file"]
    file.upload(partial(on_uploaded, desk, page), file, [*page.everything, file], **asked(show_progress="minimal"))
    for name, button in placed["samples"].items():
        button.click(partial(on_sample_chosen, desk, page, name), None, page.everything, **asked())
    placed["paste"].click(partial(on_pasted, desk, page), placed["pasted"], page.everything, **asked())
    placed["fetch"].click(partial(on_fetched, desk, page), placed["hub"], page.everything, **asked())


@guarded
def on_uploaded(desk: Desk, page: Page, paths: list[str] | None) -> Any:  # noqa: ANN401
    """Copy the files into the home folder and read them; what is wrong with them is said where they were dropped."""
    if not paths:
        return gr.skip()
    files = [Path(path) for path in paths]
    packed = any(file.suffix.lower() in _PACKED for file in files)
    if packed or sum(file.stat().st_size for file in files) > _READ_HERE:
        desk.readings.begin(desk.engine.library.begin_open(files), desk.take_opened)
        return [*drawn(desk, page), None]
    try:
        desk.take(desk.engine.library.open(files))
    except UserError as error:
        return [*_refused(page, error), None]
    return [*drawn(desk, page), None]


@guarded
def on_sample_chosen(desk: Desk, page: Page, name: str) -> Any:  # noqa: ANN401
    """Begin with a bundled sample."""
    desk.take(desk.engine.open_data(name))
    return drawn(desk, page)


@guarded
def on_pasted(desk: Desk, page: Page, pasted: str) -> Any:  # noqa: ANN401
    """Take in what was pasted; it stays in the box until it could be read."""
    try:
        desk.take(desk.engine.library.open_text(pasted))
    except UserError as error:
        return _refused(page, error)
    return drawn(desk, page)


@guarded
def on_fetched(desk: Desk, page: Page, data_id: str, config: str, split: str) -> Any:  # noqa: ANN401
    """Fetch a data set of the hub in a process of its own.

    Raises:
        DataError: None is named.
    """
    if not data_id.strip():
        raise DataError("No data set is named.", "Type its name as on the hub: owner/name.")
    inquiry = desk.engine.library.begin_fetch(data_id.strip(), config.strip(), split.strip())
    desk.readings.begin(inquiry, desk.take_opened)
    return drawn(desk, page)


def _refused(page: Page, error: UserError) -> list[Any]:
    return [datasheet.refusal(error), *(gr.skip() for _ in page.everything[1:])]
