"""The review: one candidate at a time, decided by a key or a button, or all of them by a threshold."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from core.augment.review import Verdict
from core.augment.survey import Survey
from core.errors import NotFoundError
from ui import markup, reviewsheet
from ui.desk import Desk
from ui.notices import guarded
from ui.reviewing import REVIEW, Reviewed
from ui.tab import asked, quiet

_USUAL = 0.85


@dataclass(frozen=True, slots=True)
class Part:
    """The controls of the review."""

    drawn: list[Any]
    named: dict[str, Any]


def place() -> Part:
    """Place the card."""
    named: dict[str, Any] = {}
    with gr.Column(visible=False, elem_classes=["ft-card"], elem_id="ft-review") as card:
        markup.view(markup.block("<h3>Look at the rows</h3>"))
        named["view"] = gr.Radio([("To look at", REVIEW)], value=REVIEW, show_label=False, elem_classes=["ft-segments"])
        shown = markup.view()
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
    named["at"], named["editing"] = gr.State(""), gr.State("")
    drawn = [card, named["view"], shown, named["at"], named["editing"], named["told"], named["accept"]]
    return Part(drawn, named)


def connect(desk: Desk, part: Part, page: list[Any], draw: Callable[[Desk], list[Any]]) -> None:
    """Connect the card; `page` is what `draw` updates, which follows from how many rows are accepted."""
    named = part.named
    at, view, least = named["at"], named["view"], named["least"]
    both, where = [*part.drawn, *page], [at, view, least]
    verdicts: tuple[Verdict, Verdict] = ("accept", "reject")
    for verdict in verdicts:
        named[verdict].click(partial(on_decided, desk, draw, verdict), where, both, **asked())
    for name, steps in (("back", -1), ("next", 1)):
        named[name].click(partial(on_moved, desk, steps), where, part.drawn, **quiet())
    named["edit"].click(
        lambda name, editing: "" if editing else name, [at, named["editing"]], named["editing"], **quiet()
    )
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
            save.click(partial(on_edited, desk, draw, tuple(cells)), [*where, *boxes], both, **asked())


def drawn(desk: Desk, at: str = "", view: str = REVIEW, least: float = _USUAL) -> list[Any]:
    """Updates of the card."""
    found = _look(desk)
    one = found.at(at, view)
    return [
        gr.Column(visible=bool(found.candidates)),
        gr.Radio(reviewsheet.views(found), value=view),
        reviewsheet.candidate(one, found, view),
        one.id if one else "",
        "",
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


@guarded
def on_decided(
    desk: Desk, draw: Callable[[Desk], list[Any]], verdict: Verdict, at: str, view: str, least: float
) -> Any:  # noqa: ANN401 - updates of the page
    """Keep a decision, and go on to the next row."""
    following = _look(desk).beside(at, view, 1)
    desk.reviewing.decide(_folder(desk), at, verdict)
    return [*drawn(desk, following if following != at else "", view, least), *draw(desk)]


@guarded
def on_edited(
    desk: Desk,
    draw: Callable[[Desk], list[Any]],
    columns: tuple[str, ...],
    at: str,
    view: str,
    least: float,
    *cells: str,
) -> Any:  # noqa: ANN401
    """Keep a row as somebody wrote it."""
    choice = desk.choice()
    survey = desk.augmenting.survey(choice) if choice else None
    if choice is None or not isinstance(survey, Survey):
        return gr.skip()
    following = _look(desk).beside(at, view, 1)
    desk.reviewing.edit(_folder(desk), at, dict(zip(columns, cells, strict=True)), choice, survey.card)
    return [*drawn(desk, following if following != at else "", view, least), *draw(desk)]


@guarded
def on_moved(desk: Desk, steps: int, at: str, view: str, least: float) -> Any:  # noqa: ANN401
    """Show another row of the view."""
    return drawn(desk, _look(desk).beside(at, view, steps), view, least)


@guarded
def on_viewed(desk: Desk, view: str, least: float) -> Any:  # noqa: ANN401
    """Show the first row of a view."""
    return drawn(desk, "", view, least)


@guarded
def on_least(desk: Desk, least: float) -> str:
    """Count what a threshold would decide."""
    return reviewsheet.threshold(_look(desk), least)


@guarded
def on_all_decided(desk: Desk, draw: Callable[[Desk], list[Any]], at: str, view: str, least: float) -> Any:  # noqa: ANN401
    """Decide all by a threshold."""
    desk.reviewing.decide_all(_folder(desk), least)
    return [*drawn(desk, at, view, least), *draw(desk)]


@guarded
def on_forgotten(desk: Desk, draw: Callable[[Desk], list[Any]], at: str, view: str, least: float) -> Any:  # noqa: ANN401
    """Go back to what was chosen by itself."""
    desk.reviewing.forget(_folder(desk))
    return [*drawn(desk, at, view, least), *draw(desk)]
