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
from ui.tab import asked, quiet

_SHOWN = 3
_MOST_ROWS = 20


def place() -> Part:
    """Place the preview and what is folded below it."""
    with gr.Column(elem_classes=["ft-card"], elem_id="ft-preview"):
        preview = markup.view()
    with gr.Accordion("As the model sees it", open=False, elem_id="ft-as-seen") as seen:
        with gr.Row(elem_classes=["ft-ask"]):
            rows = gr.Textbox(
                label="Rows", value="", max_lines=1, placeholder="for example 1, 5, 20-25",
                info="Counted as in the file; empty: the first three.", elem_id="ft-seen-rows",
                elem_classes=["ft-own-enter"],
            )  # fmt: skip
            show = gr.Button("Show these rows", size="sm", elem_id="ft-show-rows")
        tokens = markup.view()
    with gr.Accordion("Lengths and labels", open=False, elem_id="ft-lengths"):
        histogram = markup.view()
        shares = markup.view()
    with gr.Accordion("Columns", open=False, elem_id="ft-columns"):
        columns = markup.view()
    key, is_open = gr.State(""), gr.State(value=False)
    named = {"seen": seen, "rows": rows, "show": show, "tokens": tokens, "open": is_open, "key": key}
    return Part([preview, histogram, shares, columns, key], _draw, named)


def connect(desk: Desk, part: Part) -> None:
    """Connect the view of tokens, which is made when someone opens it."""
    named = part.named
    wanted = [named["seen"].expand, named["rows"].submit, named["show"].click]
    gr.on(wanted, partial(on_seen, desk), named["rows"], named["tokens"], **asked())
    changed = partial(on_rows_changed, desk)
    named["key"].change(changed, [named["open"], named["rows"]], named["tokens"], **asked(trigger_mode="always_last"))
    named["seen"].expand(lambda: True, None, named["open"], **quiet())
    named["seen"].collapse(lambda: False, None, named["open"], **quiet())


def _draw(sheet: Sheet) -> list[Any]:
    return [
        healthsheet.preview(sheet),
        datasheet.tokens(sheet),
        datasheet.shares(sheet),
        datasheet.summaries(sheet),
        healthsheet.key(sheet),
    ]


def on_rows_changed(desk: Desk, is_open: bool, wanted: str) -> Iterator[Any]:  # noqa: FBT001 - what a control says
    """Show changed rows anew where someone is looking at them, and forget the old ones in any case."""
    if is_open:
        yield from on_seen(desk, wanted)
    else:
        yield ""


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
