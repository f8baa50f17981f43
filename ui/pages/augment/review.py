"""The review: one candidate at a time, decided by a key or a button, or all of them by a threshold."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core.augment.review import Verdict
from core.augment.survey import Survey
from core.errors import NotFoundError
from ui import markup, notices, reviewsheet
from ui.desk import Desk
from ui.notices import guarded
from ui.reviewing import REVIEW, DecidedElsewhereError, Reviewed
from ui.tab import asked, quiet

_USUAL = 0.85


@dataclass(frozen=True, slots=True)
class Shown:
    """What a tab shows of the review, so that it never decides on what it has not shown."""

    at: str = ""
    """Id of the candidate."""
    mark: str = ""
    """What was decided on it; see `Reviewed.mark`."""
    stage: str = ""
    """What was decided on all; see `Reviewing.stage`."""


@dataclass(frozen=True, slots=True)
class Part:
    """The controls of the review."""

    drawn: list[Any]
    named: dict[str, Any]

    @property
    def where(self) -> list[Any]:
        """What says where somebody is: the row, the view, the threshold."""
        return [self.named[name] for name in ("shown", "view", "least")]


def place() -> Part:
    """Place the card."""
    named: dict[str, Any] = {}
    with gr.Column(visible=False, elem_classes=["ft-card"], elem_id="ft-review") as card:
        markup.view(markup.block("<h3>Look at the rows</h3>"))
        named["view"] = gr.Radio([("To look at", REVIEW)], value=REVIEW, show_label=False, elem_classes=["ft-segments"])
        sheet = markup.view()
        with gr.Row(elem_classes=["ft-review-buttons"]):
            for name, label in (("back", "Back"), ("reject", "Reject"), ("edit", "Edit"), ("accept", "Accept")):
                named[name] = gr.Button(label, size="sm", min_width=90, elem_id=f"ft-review-{name}")
            named["next"] = gr.Button("Next", size="sm", min_width=90, elem_id="ft-review-next")
        named["box"] = gr.Column()
        markup.view(markup.block(f"<p class='ft-below'>{markup.text(reviewsheet.KEYS)}</p>"))
        with gr.Accordion("Decide all by a threshold", open=False, elem_id="ft-review-all"):
            named["least"] = gr.Slider(0, 1, value=_USUAL, step=0.01, label="Least quality", elem_id="ft-review-least")
            named["told"] = markup.view()
            with gr.Row():
                named["all"] = gr.Button("Decide so", size="sm", elem_id="ft-review-decide")
                named["forget"] = gr.Button("Forget all decisions", size="sm", elem_classes=["ft-quiet"])
    named["shown"], named["held"] = gr.State(Shown()), gr.State(Shown())  # held: what was shown when editing began
    named["editing"] = gr.State("")
    drawn = [card, *(named[name] for name in ("view", "shown", "told", "accept", "editing"))]
    return Part([sheet, *drawn], named)


def connect(desk: Desk, part: Part, page: list[Any], draw: Callable[[Desk], list[Any]]) -> None:
    """Connect the card; `page` is what `draw` updates, which follows from how many rows are accepted."""
    named = part.named
    both, where = [*part.drawn, *page], [*part.where]
    shown, view, least = where
    verdicts: tuple[Verdict, Verdict] = ("accept", "reject")
    for verdict in verdicts:
        named[verdict].click(partial(on_decided, desk, draw, verdict), where, both, **asked())
    for name, steps in (("back", -1), ("next", 1)):
        named[name].click(partial(on_moved, desk, steps), where, part.drawn, **quiet())
    opened = [named["editing"], named["held"]]
    named["edit"].click(on_edit_wanted, [shown, named["editing"]], opened, **quiet())
    view.input(partial(on_viewed, desk), [view, least], part.drawn, **quiet())
    least.input(partial(on_least, desk), least, named["told"], **quiet())
    named["all"].click(partial(on_all_decided, desk, draw), where, both, **asked())
    named["forget"].click(partial(on_forgotten, desk, draw), where, both, **asked())
    with named["box"]:

        @gr.render(
            inputs=named["editing"], triggers=[named["editing"].change], trigger_mode="once", show_progress="hidden"
        )
        def editor(name: str) -> None:
            one = _look(desk).at(name, REVIEW) if name else None
            if one is None or one.id != name:
                return
            decision = _look(desk).decisions.get(name)
            cells = decision.cells if decision and decision.cells is not None else one.cells
            boxes = [
                gr.Textbox(
                    cell,
                    label=column,
                    lines=2,
                    max_lines=12,
                    max_length=50_000,
                    interactive=True,
                    elem_classes=["ft-edit"],
                )
                for column, cell in cells.items()
            ]
            save = gr.Button("Save and accept", size="sm", variant="primary", elem_id="ft-review-save")
            ready = partial(on_edited, desk, draw, tuple(cells))
            save.click(ready, [view, least, named["held"], *boxes], [*both, named["held"]], **asked())


def drawn(desk: Desk, at: str = "", view: str = REVIEW, least: float = _USUAL) -> list[Any]:
    """Updates of the card; what was being edited is not any more."""
    return [*_shown(desk, at, view, least), ""]


def kept(desk: Desk, at: str, view: str, least: float) -> list[Any]:
    """Updates of the card after another tab decided: this one stays where it is, and what is typed stays."""
    found = _look(desk)
    there = any(one.id == at for one in found.candidates)
    return [*_shown(desk, at, view, least), gr.skip() if there else ""]


def _shown(desk: Desk, at: str, view: str, least: float) -> list[Any]:
    stage, found = desk.reviewing.stage, _look(desk)  # in this order: a decision in between is drawn again
    one = found.at(at, view)
    return [
        reviewsheet.candidate(one, found, view),
        gr.Column(visible=bool(found.candidates)),
        gr.Radio(reviewsheet.views(found), value=view),
        Shown(one.id, found.mark(one.id), stage) if one else Shown(stage=stage),
        reviewsheet.threshold(found, least),
        gr.Button(interactive=one is not None and not one.leaks),
    ]


def _look(desk: Desk) -> Reviewed:
    choice = desk.choice()
    return desk.reviewing.look(desk.augmenting.folder(choice) if choice else None)


def _folder(desk: Desk) -> Any:  # noqa: ANN401 - a path
    choice = desk.choice()
    folder = desk.augmenting.folder(choice) if choice else None
    if folder is None:
        raise NotFoundError("There are no rows to decide on.", "Have some written first.")
    return folder


def on_edit_wanted(shown: Shown, editing: str) -> tuple[str, Shown]:
    """Open the fields of the row that is shown, or close them."""
    return "" if editing else shown.at, shown


@guarded
def on_decided(
    desk: Desk, draw: Callable[[Desk], list[Any]], verdict: Verdict, shown: Shown, view: str, least: float
) -> Any:  # noqa: ANN401 - updates of the page
    """Keep a decision, and go on to the next row; show the row again where another tab decided on it."""
    try:
        following = _look(desk).beside(shown.at, view, 1)
        desk.reviewing.decide(_folder(desk), shown.at, verdict, shown.mark)
    except DecidedElsewhereError as error:
        return _meanwhile(desk, draw, error, shown.at, view, least)
    return [*drawn(desk, following if following != shown.at else "", view, least), *draw(desk)]


@guarded
def on_edited(
    desk: Desk,
    draw: Callable[[Desk], list[Any]],
    columns: tuple[str, ...],
    view: str,
    least: float,
    held: Shown,
    *cells: str,
) -> Any:  # noqa: ANN401
    """Keep a row as somebody wrote it; where another tab decided on it since, what was typed stays to be saved."""
    choice, at = desk.choice(), held.at
    survey = desk.augmenting.survey(choice) if choice else None
    if choice is None or not isinstance(survey, Survey):
        return gr.skip()
    folder, following = _folder(desk), _look(desk).beside(at, view, 1)
    entry = desk.reviewing.written(folder, at, dict(zip(columns, cells, strict=True)), choice, survey.card)
    try:
        desk.reviewing.edit(folder, at, entry, held.mark)
    except DecidedElsewhereError as error:
        now = Shown(at, _look(desk).mark(at), desk.reviewing.stage)
        return [*_meanwhile(desk, draw, error, at, view, least), now]
    return [*drawn(desk, following if following != at else "", view, least), *draw(desk), Shown()]


def _meanwhile(
    desk: Desk, draw: Callable[[Desk], list[Any]], error: DecidedElsewhereError, at: str, view: str, least: float
) -> list[Any]:
    notices.show(error, title="Decided in another tab")
    return [*kept(desk, at, view, least), *draw(desk)]


@guarded
def on_moved(desk: Desk, steps: int, shown: Shown, view: str, least: float) -> Any:  # noqa: ANN401
    """Show another row of the view."""
    return drawn(desk, _look(desk).beside(shown.at, view, steps), view, least)


@guarded
def on_viewed(desk: Desk, view: str, least: float) -> Any:  # noqa: ANN401
    """Show the first row of a view."""
    return drawn(desk, "", view, least)


@guarded
def on_least(desk: Desk, least: float) -> str:
    """Count what a threshold would decide."""
    return reviewsheet.threshold(_look(desk), least)


@guarded
def on_all_decided(desk: Desk, draw: Callable[[Desk], list[Any]], shown: Shown, view: str, least: float) -> Any:  # noqa: ANN401
    """Decide all by a threshold."""
    try:
        desk.reviewing.decide_all(_folder(desk), least, shown.stage)
    except DecidedElsewhereError as error:
        return _meanwhile(desk, draw, error, shown.at, view, least)
    return [*drawn(desk, shown.at, view, least), *draw(desk)]


@guarded
def on_forgotten(desk: Desk, draw: Callable[[Desk], list[Any]], shown: Shown, view: str, least: float) -> Any:  # noqa: ANN401
    """Go back to what was chosen by itself."""
    try:
        desk.reviewing.forget(_folder(desk), shown.stage)
    except DecidedElsewhereError as error:
        return _meanwhile(desk, draw, error, shown.at, view, least)
    return [*drawn(desk, shown.at, view, least), *draw(desk)]
