"""How the parts of the data page are drawn together, whatever happened to one of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.dataset.choice import DataChoice
from core.errors import DataError
from core.job.inquiry import Inquiry
from ui import datasheet
from ui.desk import Desk
from ui.readings import Sheet


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page: its components that change, what they become for a sheet, and those that handlers need."""

    outputs: list[Any]
    draw: Callable[[Sheet], list[Any]]
    """As many updates as there are outputs."""
    named: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """The page's frame and its parts.

    The frame is: head, onward, the way to other data, check again, the card of progress, what it says, the chooser, the
    way back from it, the sheet, its facts, what is shown, the timer, and the state of the plan.
    """

    frame: list[Any]
    parts: list[Part]

    @property
    def everything(self) -> list[Any]:
        """All components that a handler may change."""
        return self.frame + [output for part in self.parts for output in part.outputs]

    @property
    def nothing(self) -> list[Any]:
        """Updates of all parts that change none of them."""
        return [gr.skip() for part in self.parts for _ in part.outputs]


def chosen(desk: Desk) -> DataChoice:
    """The chosen data.

    Raises:
        DataError: There are none yet.
    """
    choice = desk.choice()
    if choice is None:
        raise DataError("There are no data to read yet.", "Choose a file or a sample first.")
    return choice


CHOOSING = "choosing"
"""Stands for a page that shows the ways to begin, where others' work would be in the way."""


def state_of(desk: Desk) -> str:
    """What the page should show, in a word; letters of the instruction, which are typed one by one, do not count."""
    if desk.readings.work is not None:
        return "working"
    choice = desk.choice()
    if choice is None:
        return CHOOSING
    stage = desk.readings.stage(choice, str(desk.draft()["model"]))
    return f"{stage} {choice.model_copy(update={'instruction': ''}).model_dump_json()}"


def drawn(desk: Desk, page: Page, *, again: bool = False) -> list[Any]:
    """Updates of everything; `again` shows the drop zone although data are chosen."""
    work = desk.readings.work
    if work is not None:
        title = "Taking the rows in" if desk.readings.taking else "Mending the rows"
        return _working(page, work, title, state_of(desk))
    choice = desk.choice()
    if choice is None or again:
        name = choice.name if choice else ""
        return [
            *_frame(datasheet.welcome(name), CHOOSING, back=name),
            "" if choice is None else gr.skip(),
            *page.nothing,
        ]
    sheet = desk.look(choice)
    if sheet.working is not None:
        return _working(page, sheet.working, datasheet.looking_at(choice.name), state_of(desk))
    frame = _frame(datasheet.headline(sheet), state_of(desk), sheet)
    updates = [update for part in page.parts for update in part.draw(sheet)]
    return [*frame, choice.model_dump_json(), *updates]


def _working(page: Page, inquiry: Inquiry[Any], title: str, state: str) -> list[Any]:
    head = datasheet.reading(title)
    return [*_frame(head, state, progress=datasheet.working(inquiry)), gr.skip(), *page.nothing]


def _frame(head: str, state: str, sheet: Sheet | None = None, *, progress: str = "", back: str = "") -> list[Any]:
    """Updates of the frame: of a sheet, of work that goes on, or else of the chooser."""
    choosing = sheet is None and not progress
    return [
        head,
        gr.Button(interactive=sheet is not None and sheet.ready),
        gr.Button(visible=sheet is not None),
        gr.Button(visible=sheet is not None and sheet.stopped),
        gr.Column(visible=bool(progress)),
        progress,
        gr.Column(visible=choosing),
        gr.Button(datasheet.back(back), visible=bool(back)) if choosing else gr.skip(),
        gr.Column(visible=sheet is not None),
        datasheet.facts(sheet) if sheet else "",
        state,
        gr.Timer(active=bool(progress)),
    ]
