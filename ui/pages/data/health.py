"""What was found: each finding with its mends, what a mend would do, and the way back."""

from functools import partial
from typing import Any

import gradio as gr

from core.dataset.finding import Finding, Mend
from core.dataset.load import read_tables
from core.dataset.versions.mend import preview
from core.dataset.versions.mending import SAFE, Mended, join
from core.errors import NotFoundError
from ui import healthsheet, markup, notices, words
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.data.page import Page, Part, chosen, drawn
from ui.readings import INLINE_BYTES, Sheet, size_of
from ui.tab import asked, quiet

_MOST = 40
"""Findings that are listed; the least harmful are left out then, and counted."""


def place() -> Part:
    """Place the card."""
    with gr.Column(elem_classes=["ft-card"], elem_id="ft-health") as card:
        with gr.Row(elem_classes=["ft-card-head"]):
            title = markup.view(markup.block("<h3>What was found</h3>"))
            undo = gr.Button("Undo", size="sm", visible=False, elem_classes=["ft-quiet"], elem_id="ft-undo")
            safe = gr.Button("Fix all that are safe", size="sm", visible=False, elem_id="ft-fix-safe")
        key = gr.State("")
        box = gr.Column()
        with gr.Column(visible=False, elem_id="ft-mend-preview") as panel:
            shown = markup.view()
            with gr.Row():
                yes = gr.Button("Apply", variant="primary", size="sm", elem_id="ft-mend-apply")
                no = gr.Button("Cancel", size="sm", elem_id="ft-mend-cancel")
        wanted = gr.State(None)
    named = {"box": box, "yes": yes, "no": no, "wanted": wanted, "undo": undo, "safe": safe}
    return Part([title, undo, safe, key, panel, shown, wanted, card], _draw, named | {"key": key})


def connect(desk: Desk, page: Page, part: Part) -> None:
    """Connect the card; the list of findings is drawn anew whenever it changed."""
    named = part.named
    _, _, _, key, panel, shown, wanted, _ = part.outputs
    asks = [panel, shown, wanted]
    with named["box"]:
        # Gradio tells of one change twice; drawn a second time, a button could be gone under the pointer.
        @gr.render(inputs=key, triggers=[key.change], trigger_mode="once", show_progress="hidden")
        def listed(drawn_for: str) -> None:
            choice = desk.choice()
            if drawn_for and choice is not None:
                _list(desk, page, desk.look(choice), asks)

    named["yes"].click(partial(on_applied, desk, page), wanted, page.everything, **asked())
    named["no"].click(lambda: [gr.Column(visible=False), "", None], None, asks, **quiet())
    named["safe"].click(partial(on_applied, desk, page, (SAFE, "")), None, page.everything, **asked())
    named["undo"].click(partial(on_undone, desk, page), None, page.everything, **asked())


def _list(desk: Desk, page: Page, sheet: Sheet, asks: list[Any]) -> None:
    found = sheet.report.findings if sheet.report else ()
    if sheet.report is None:
        _offer(desk, page, sheet)
        markup.view(healthsheet.problems(sheet))
        return
    if not found:
        markup.view(healthsheet.nothing_found())
    for number, finding in enumerate(found[:_MOST]):
        with gr.Row(elem_classes=["ft-finding-row"]):
            markup.view(healthsheet.finding(finding))
            for mend in finding.mends:
                name = f"ft-mend-{finding.name}-{mend.name}" if number == _first(found, finding.name) else None
                button = gr.Button(_label(mend), size="sm", elem_classes=["ft-mend"], elem_id=name)
                button.click(partial(on_mend_wanted, desk, finding.name, mend.name), None, asks, **asked())
    if len(found) > _MOST:
        markup.view(markup.empty(f"and {len(found) - _MOST} more, less harmful"))
    _offer(desk, page, sheet)


def _offer(desk: Desk, page: Page, sheet: Sheet) -> None:
    if sheet.report and sheet.conversions:
        markup.view(markup.block("<p class='ft-caption'>Or make other rows of them</p>"))
    for number, conversion in enumerate(sheet.conversions):
        look = "secondary" if sheet.report or number else "primary"
        with gr.Row(elem_classes=["ft-finding-row"]):
            markup.view(healthsheet.conversion(conversion.title, conversion.about))
            button = gr.Button("Make these rows", size="sm", variant=look, elem_id=f"ft-convert-{conversion.name}")
            button.click(partial(on_converted, desk, page, conversion.name), None, page.everything, **asked())


def _first(found: tuple[Finding, ...], name: str) -> int:
    return next(number for number, finding in enumerate(found) if finding.name == name)


def _label(mend: Mend) -> str:
    touched = sum(map(len, mend.drop.values())) + sum(map(len, mend.cells.values()))
    return f"{mend.title} ({touched:,})" if touched else mend.title


def _draw(sheet: Sheet) -> list[Any]:
    found = sheet.report.findings if sheet.report else ()
    safe = sum(1 for finding in found if finding.mends and finding.mends[0].safe)
    title = "What was found" if found else "Nothing was found that is wrong"
    if sheet.report is None:
        title = "What can be made of these rows" if sheet.conversions else "What is missing"
    says_something = sheet.report is not None or bool(sheet.conversions or (sheet.error and sheet.error.problems))
    has_parent = bool(sheet.source and sheet.source.parent)
    return [
        markup.block(f"<h3>{title}</h3>"),
        gr.Button("Undo the last change", visible=has_parent),
        gr.Button(f"Fix all that are safe ({safe})", visible=safe > 0),
        healthsheet.key(sheet),
        gr.Column(visible=False),
        "",
        None,
        gr.Column(visible=says_something or has_parent),
    ]


@guarded
def on_mend_wanted(desk: Desk, finding: str, name: str) -> Any:  # noqa: ANN401 - updates of the panel
    """Show what a mend would do, before it does it.

    Raises:
        NotFoundError: The rows are no longer those that the mend was offered for.
    """
    choice = chosen(desk)
    sheet = desk.look(choice)
    mends = [
        mend
        for about in (sheet.report.findings if sheet.report else ())
        for mend in about.mends
        if about.name == finding and mend.name == name
    ]
    if not mends or sheet.source is None:
        raise NotFoundError("The rows have changed since this was drawn.", "Look at the list again.")
    whole = join(mends)
    total = sum(map(len, whole.drop.values())) + sum(map(len, whole.cells.values()))
    # A large file would keep the page waiting; the finding itself names the rows.
    changes = (
        preview(whole, read_tables(sheet.source, choice.sheet)) if size_of(sheet.source) <= 20 * INLINE_BYTES else []
    )
    return [
        gr.Column(visible=True),
        healthsheet.before_and_after(whole.title, changes, total),
        (finding, name, choice.source),
    ]


@guarded
def on_applied(desk: Desk, page: Page, asked_for: tuple[str, ...] | None) -> Any:  # noqa: ANN401
    """Apply a mend (finding, name, and the version that it was shown for); the old version stays.

    Raises:
        NotFoundError: Another tab has changed the rows since the mend was shown.
    """
    choice = chosen(desk)
    sheet = desk.look(choice)
    if not asked_for or sheet.source is None:
        return gr.skip()
    finding, name, *shown_for = asked_for
    if shown_for not in ([], [choice.source]):
        raise NotFoundError("The rows have changed since this was shown.", "Look at the list again.")
    wanted = (finding, name)
    model = str(desk.draft()["model"])

    def take(mended: Mended) -> None:
        desk.turn_to(mended.choice)
        if mended.acts:
            notices.tell(" ".join(mended.acts), title="Mended")

    if size_of(sheet.source) > INLINE_BYTES:
        desk.readings.begin(desk.engine.library.begin_mend(choice, [wanted], model), take)
    else:
        take(desk.engine.library.mend(choice, [wanted], model))
    return drawn(desk, page)


@guarded
def on_converted(desk: Desk, page: Page, conversion: str) -> Any:  # noqa: ANN401
    """Make examples of rows of another build."""
    choice = chosen(desk)
    desk.turn_to(desk.engine.library.convert(desk.engine.source(choice.source), conversion, choice.sheet))
    return drawn(desk, page)


@guarded
def on_undone(desk: Desk, page: Page) -> Any:  # noqa: ANN401
    """Go back to the version before; the one that is left stays in the list of versions."""
    choice = chosen(desk)
    source = desk.engine.source(choice.source)
    if source.parent:
        parent = desk.engine.source(source.parent)
        desk.turn_to(choice.model_copy(update={"source": parent.id, "sha256": parent.sha256}))
        notices.tell(f"Undone: {words.shortened(source.act)}", title="Undone")
    return drawn(desk, page)
