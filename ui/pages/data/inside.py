"""What is inside: the first rows, lengths and labels, the columns, and rows as the model sees them."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from core.strategy.model_facts import read_facts
from ui import datasheet, healthsheet, markup
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.data.page import Part, chosen
from ui.readings import Sheet
from ui.tab import asked

_SHOWN = 3
_MOST_ROWS = 20


def place() -> Part:
    """Place the preview and what is folded below it."""
    with gr.Column(elem_classes=["ft-card"], elem_id="ft-preview"):
        preview = markup.view()
    with gr.Accordion("As the model sees it", open=False, elem_id="ft-as-seen") as seen:
        rows = gr.Textbox(
            label="Rows",
            value="",
            max_lines=1,
            placeholder="for example 1, 5, 20-25",
            info="Counted as in the file; empty: the first three. Enter shows them.",
            elem_id="ft-seen-rows",
            elem_classes=["ft-own-enter"],
        )
        tokens = markup.view()
    with gr.Accordion("Lengths and labels", open=False, elem_id="ft-lengths"):
        histogram = markup.view()
        shares = markup.view()
    with gr.Accordion("Columns", open=False, elem_id="ft-columns"):
        columns = markup.view()
    return Part([preview, histogram, shares, columns, tokens], _draw, {"seen": seen, "rows": rows, "tokens": tokens})


def connect(desk: Desk, part: Part) -> None:
    """Connect the view of tokens, which is made when someone opens it."""
    named = part.named
    gr.on(
        [named["seen"].expand, named["rows"].submit],
        partial(on_seen, desk),
        named["rows"],
        named["tokens"],
        **asked(),
    )


def _draw(sheet: Sheet) -> list[Any]:
    return [
        healthsheet.preview(sheet),
        datasheet.tokens(sheet),
        datasheet.shares(sheet),
        datasheet.summaries(sheet),
        markup.empty("Open this to see rows through the model's chat template, or press Enter in the field above."),
    ]


def on_seen(desk: Desk, wanted: str) -> Iterator[Any]:
    """Show rows as the model will see them, and before that what is awaited."""
    yield markup.empty("Loading the model's tokenizer", "This takes a few seconds.")
    yield _seen(desk, wanted)


@guarded
def _seen(desk: Desk, wanted: str) -> str:
    choice = chosen(desk)
    sheet = desk.look(choice)
    model = str(desk.draft()["model"])
    rows = _numbers(wanted) or [example.row for example in (sheet.report.examples if sheet.report else ())[:_SHOWN]]
    return healthsheet.rendered(desk.readings.rendered(choice, model, rows[:_MOST_ROWS]), read_facts(model).title)


def _numbers(wanted: str) -> list[int]:
    """Row numbers from "1, 5, 20-25"; what is none is passed over."""
    numbers: list[int] = []
    for first, last in re.findall(r"(\d{1,7})(?:\s*[-–]\s*(\d{1,7}))?", wanted or ""):
        end = min(int(last or first), int(first) + _MOST_ROWS)
        numbers += range(int(first), end + 1)
    return numbers
