"""The controls around the test rows: what chooses them, the table, the row that is read, what is said of it."""

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from core.evaluate.rows import NOBODY, ORDERS
from core.store.judgements import LONGEST_NOTE
from ui import markup, rowsheet

NOTHING = (0, "", "", "")
"""What is drawn of a row before one is read."""


@dataclass(frozen=True)
class Filters:
    """What chooses rows; the names are those of `Wanted`."""

    outcome: Any
    search: Any
    order: Any
    backwards: Any
    label: Any
    said: Any
    verdict: Any
    judge: Any
    lowest: Any
    highest: Any
    shortest: Any
    longest: Any

    @property
    def all(self) -> list[Any]:
        """In the order of the fields."""
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True)
class Parts:
    """What is drawn."""

    filters: Filters
    downloads: gr.Markdown
    table: gr.Dataframe
    place: gr.Markdown
    back: gr.Button
    forth: gr.Button
    reading: gr.Markdown
    marks: gr.Radio
    verdict: gr.Radio
    note: gr.Textbox
    opened: gr.Number
    """The row that is read. A control of the page, so that it travels with the note that is typed to it."""
    drawn: gr.State
    """What was drawn last of the row that is read: its number, its text, verdict and note. Only what became other since
    is drawn again, so that what is being typed stays."""
    found: gr.State
    """Numbers of the rows that fit, in their order."""
    first: gr.State
    """Where in them the table begins."""
    shown: gr.State

    @property
    def all(self) -> list[Any]:
        """All of them, flat."""
        return [*self.filters.all, *(getattr(self, field.name) for field in fields(self)[1:])]


def place_parts() -> Parts:
    """Place filters, table and the row that is read."""
    filters, downloads = _filters()
    table = gr.Dataframe(
        headers=rowsheet.HEADS,
        datatype="str",
        interactive=False,
        show_label=False,
        max_height=420,
        column_widths=rowsheet.WIDTHS,
        elem_id="ft-rows",
    )
    with gr.Row(elem_classes=["ft-turn"]):
        back = gr.Button("Earlier rows", size="sm", interactive=False, elem_id="ft-rows-back")
        where = markup.view(elem_id="ft-rows-place")
        forth = gr.Button("Later rows", size="sm", interactive=False, elem_id="ft-rows-forth")
    reading = markup.view(elem_id="ft-reading-row")
    shape = {"show_label": False, "container": False, "elem_classes": ["ft-segments"]}
    choices = [("Not judged", ""), *((title, verdict) for verdict, title in rowsheet.VERDICTS.items())]
    with gr.Row(elem_classes=["ft-judge"]):
        verdict = gr.Radio(choices, value="", elem_id="ft-verdict", **shape)
        marked = [("Mark what differs from the wanted", rowsheet.WANTED), ("from each other", rowsheet.EACH_OTHER)]
        marks = gr.Radio(marked, value=rowsheet.WANTED, elem_id="ft-marks", **shape)
    note = gr.Textbox(
        label="Your note to this row",
        info="Kept when you leave the field. Within these rows n and p go to the next and the previous one; 1 to 4 "
        "give a verdict, 0 takes it back.",
        lines=2,
        max_length=LONGEST_NOTE,
        elem_id="ft-row-note",
    )
    states = {"drawn": gr.State(NOTHING), "found": gr.State([]), "first": gr.State(0), "shown": gr.State("")}
    return Parts(
        filters=filters,
        downloads=downloads,
        table=table,
        place=where,
        back=back,
        forth=forth,
        reading=reading,
        marks=marks,
        verdict=verdict,
        note=note,
        opened=gr.Number(0, visible=False),
        **states,
    )


def _filters() -> tuple[Filters, gr.Markdown]:
    shape = {"show_label": False, "container": False, "elem_classes": ["ft-segments"]}
    with gr.Row(elem_classes=["ft-table-head"]):
        outcome = gr.Radio([""], value="", elem_id="ft-outcome", **shape)
        downloads = markup.view(elem_id="ft-rows-files")
    with gr.Row():
        search = gr.Textbox(
            label="Search", placeholder="In texts and notes, or a row's number", max_lines=1, elem_id="ft-search-rows"
        )
        orders = [(title, name) for name, (title, _) in ORDERS.items()]
        order = gr.Dropdown(orders, value="change", label="Order", elem_id="ft-order-rows")
        backwards = gr.Checkbox(value=False, label="The other way round", min_width=120)
    with gr.Accordion("More filters", open=False, elem_id="ft-more-filters"):
        with gr.Row():
            label = gr.Dropdown([("any", "")], value="", label="Wanted label", visible=False, elem_id="ft-row-label")
            said = gr.Dropdown([("any", "")], value="", label="Tuned model's label", visible=False)
            choices = [("any", ""), ("not judged", NOBODY)]
            choices += [(title.lower(), verdict) for verdict, title in rowsheet.VERDICTS.items()]
            verdict = gr.Dropdown(choices, value="", label="Your verdict", elem_id="ft-row-verdicts")
            judges = [("any", ""), ("none", NOBODY), *((title, word) for word, title in rowsheet.JUDGE.items())]
            judge = gr.Dropdown(judges, value="", label="The judge's verdict", visible=False, elem_id="ft-row-judge")
        with gr.Row():
            low, high = (gr.Number(None, label=f"Tuned score, {end}", min_width=140) for end in ("from", "to"))
            short, long = (
                gr.Number(None, label=f"Characters of the tuned answer, {end}", precision=0, min_width=140)
                for end in ("from", "to")
            )
    return Filters(outcome, search, order, backwards, label, said, verdict, judge, low, high, short, long), downloads


def place_steps() -> tuple[gr.Button, gr.Button]:
    """Place the buttons to the row before and the next one."""
    with gr.Row(elem_classes=["ft-turn"]):
        previous = gr.Button("Previous row", size="sm", elem_id="ft-previous-row")
        following = gr.Button("Next row", size="sm", elem_id="ft-next-row")
    return previous, following
