"""Every test row: found, filtered, read side by side, and judged."""

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import gradio as gr

from core.evaluate.evaluation import Evaluation, RowResult
from core.evaluate.rows import Wanted, select
from core.store.store import Judgement
from ui import rowsheet
from ui.desk import Desk
from ui.notices import guarded
from ui.pages.evaluate.rowparts import Filters, Parts, place_parts, place_steps
from ui.tab import EVALUATE, Tab, quiet

_AT_ONCE = 50
"""Rows of the table that are shown together."""
_UNSAID = Judgement()


def place(desk: Desk, tab: Tab) -> None:
    """Place the rows and connect them; they follow the run and what other tabs say of it."""
    with gr.Column(elem_id="ft-rowwise"):
        parts = place_parts()
        previous, following = place_steps()
    asked = [tab.run, *parts.filters.all]
    gr.on(
        [tab.pulse.change, tab.entered.change],
        partial(on_looked, desk, parts),
        [
            tab.run,
            tab.step,
            parts.shown,
            parts.found,
            parts.first,
            parts.opened,
            parts.drawn,
            parts.verdict,
            parts.note,
            parts.marks,
            *parts.filters.all,
        ],
        parts.all,
        **quiet(),
    )
    drawn = [one for one in parts.all if one not in parts.filters.all]
    narrowed = [one.input for one in parts.filters.all]
    filtered = partial(on_filtered, desk, parts)
    gr.on(narrowed, filtered, [*asked, parts.marks], drawn, **quiet())
    for button, by in ((parts.back, -_AT_ONCE), (parts.forth, _AT_ONCE)):
        turned = [tab.run, parts.found, parts.first]
        button.click(partial(on_turned, desk, parts, by), turned, drawn, **quiet())

    # Gradio finds the event by its annotation, which a partial hides.
    def chosen(run_id: str, found: list[int], first: int, marks: str, event: gr.SelectData) -> Any:  # noqa: ANN401
        return on_row_chosen(desk, parts, run_id, found[first:], marks, event.index)

    parts.table.select(chosen, [tab.run, parts.found, parts.first, parts.marks], drawn, **quiet())
    here = [tab.run, parts.found, parts.first, parts.opened, parts.marks]
    for button, by in ((previous, -1), (following, 1)):
        button.click(partial(on_stepped, desk, parts, by), here, drawn, **quiet())
    parts.marks.input(partial(on_marks_chosen, desk, parts), [tab.run, parts.opened, parts.marks], drawn, **quiet())
    judged = [tab.run, parts.opened, parts.verdict, parts.note, parts.found, parts.first]
    said = [parts.verdict.input, parts.note.blur, parts.note.submit]
    gr.on(said, partial(on_judged, desk, parts), judged, drawn, **quiet())


@guarded
def on_looked(desk: Desk, parts: Parts, run_id: str, step: int, shown: str, *values: Any) -> Any:  # noqa: ANN401 - updates
    """Draw the rows of a run, if they are other than those drawn; or what another tab said of them since."""
    evaluation = desk.engine.evaluation(run_id) if step == EVALUATE and run_id else None
    if evaluation is None:
        return gr.skip()
    scored = f"{run_id} {evaluation.headline} {len(evaluation.rows)} {evaluation.metrics}"
    now = f"{scored}|{desk.engine.results.stamp(run_id)}"
    if now == shown:
        return gr.skip()
    said = _said(desk, run_id)
    found, first, opened, drawn, verdict, note, marks, *chosen = values
    if shown.rpartition("|")[0] == scored:
        row = next((one for one in evaluation.rows if one.row == _number(opened)), None)
        read = _read(parts, evaluation, said, row, marks)
        return {
            **_listed(parts, run_id, evaluation, said, found, first),
            **_news(parts, read, drawn, {parts.verdict: verdict or "", parts.note: (note or "").strip()}),
            parts.filters.judge: gr.Dropdown(visible=bool(said.judge)),
            parts.shown: now,
        }
    # What was chosen from the rows of this run stays; somebody may have typed while the page was being drawn.
    another = bool(shown) and not shown.startswith(f"{run_id} ")
    rows = _select(evaluation, said, Wanted() if another else _wanted(chosen))
    return {
        **_menus(parts, evaluation, reset=another),
        parts.filters.judge: gr.Dropdown(visible=bool(said.judge), **({"value": ""} if another else {})),
        **_listed(parts, run_id, evaluation, said, [row.row for row in rows], 0),
        **_read(parts, evaluation, said, rows[0] if rows else None, rowsheet.WANTED),
        parts.marks: rowsheet.WANTED,
        parts.shown: now,
    }


@guarded
def on_filtered(desk: Desk, parts: Parts, run_id: str, *values: Any) -> Any:  # noqa: ANN401
    """Show the rows that fit, from the first on."""
    *chosen, marks = values
    evaluation = desk.engine.evaluation(run_id)
    if evaluation is None:
        return gr.skip()
    said = _said(desk, run_id)
    rows = _select(evaluation, said, _wanted(chosen))
    listed = _listed(parts, run_id, evaluation, said, [row.row for row in rows], 0)
    return listed | _read(parts, evaluation, said, rows[0] if rows else None, marks)


@guarded
def on_turned(desk: Desk, parts: Parts, by: int, run_id: str, found: list[int], first: int) -> Any:  # noqa: ANN401
    """Show the rows before or after those in the table."""
    evaluation = desk.engine.evaluation(run_id)
    there = first + by
    if evaluation is None or not 0 <= there < len(found):
        return gr.skip()
    return _listed(parts, run_id, evaluation, _said(desk, run_id), found, there)


@guarded
def on_row_chosen(desk: Desk, parts: Parts, run_id: str, numbers: list[int], marks: str, cell: Any) -> Any:  # noqa: ANN401
    """Read a row of the table."""
    index = cell[0] if isinstance(cell, list | tuple) else -1
    return _opened(desk, parts, run_id, numbers[index], marks) if 0 <= index < len(numbers) else gr.skip()


@guarded
def on_stepped(  # noqa: PLR0913
    desk: Desk, parts: Parts, by: int, run_id: str, found: list[int], first: int, opened: int, marks: str
) -> Any:  # noqa: ANN401
    """Read the next row of those that fit, or the one before; the table follows."""
    here = found.index(int(opened)) if opened in found else -by
    there = here + by
    if not 0 <= there < len(found):
        return gr.skip()
    drawn = _opened(desk, parts, run_id, found[there], marks)
    begins = there - there % _AT_ONCE
    if begins == first or not isinstance(drawn, dict):
        return drawn
    return drawn | dict(on_turned(desk, parts, begins - first, run_id, found, first))


@guarded
def on_marks_chosen(desk: Desk, parts: Parts, run_id: str, opened: int, marks: str) -> Any:  # noqa: ANN401
    """Mark other differences."""
    return _opened(desk, parts, run_id, _number(opened), marks)


@guarded
def on_judged(  # noqa: PLR0913
    desk: Desk,
    parts: Parts,
    run_id: str,
    opened: int,
    verdict: str | None,
    note: str | None,
    found: list[int],
    first: int,
) -> Any:  # noqa: ANN401
    """Keep what was said of the row that is read."""
    note = note or ""
    before = _said(desk, run_id).people.get(_number(opened), _UNSAID)
    if not _number(opened) or (before.verdict, before.note) == (verdict or "", note.strip()):
        return gr.skip()
    desk.engine.results.judge(run_id, _number(opened), verdict or "", note)
    evaluation = desk.engine.evaluation(run_id)
    if evaluation is None:
        return gr.skip()
    said = _said(desk, run_id)
    return _listed(parts, run_id, evaluation, said, found, first)


def _said(desk: Desk, run_id: str) -> rowsheet.Said:
    results = desk.engine.results
    return rowsheet.Said(results.judgements(run_id), results.judgings.verdicts(run_id))


def _select(evaluation: Evaluation, said: rowsheet.Said, wanted: Wanted) -> list[RowResult]:
    return select(evaluation, said.people, wanted, {row: judged.word for row, judged in said.judge.items()})


def _number(opened: object) -> int:
    """The number of the row that is read; 0 before one is, and for what no page sends."""
    return opened if isinstance(opened, int) else 0


def _wanted(chosen: Sequence[Any]) -> Wanted:
    """What the filters choose, their values in order."""
    names = (field.name for field in fields(Filters))
    return Wanted(**{name: value for name, value in zip(names, chosen, strict=True) if value is not None})


def _menus(parts: Parts, evaluation: Evaluation, *, reset: bool) -> dict[Any, Any]:
    """What this run has to choose from; `reset` takes back what was chosen of another one."""
    labels, some, filters = rowsheet.labels(evaluation), bool(evaluation.labels), parts.filters
    nothing = {"value": ""} if reset else {}
    menus: dict[Any, Any] = {
        filters.outcome: gr.Radio(choices=rowsheet.outcomes(evaluation), **nothing),
        filters.label: gr.Dropdown(choices=labels, visible=some, **nothing),
        filters.said: gr.Dropdown(choices=labels, visible=some, **nothing),
    }
    if reset:
        menus |= dict.fromkeys((filters.lowest, filters.highest, filters.shortest, filters.longest))
        menus |= {filters.search: "", filters.verdict: "", filters.order: "change", filters.backwards: False}
    return menus


def _listed(
    parts: Parts,
    run_id: str,
    evaluation: Evaluation,
    said: rowsheet.Said,
    found: list[int],
    first: int,
) -> dict[Any, Any]:
    """The table from `first` on, and where that is."""
    wanted = found[first : first + _AT_ONCE]
    known = {row.row: row for row in evaluation.rows}
    lines = [rowsheet.line(evaluation, known[number], said) for number in wanted if number in known]
    return {
        parts.downloads: rowsheet.downloads(run_id, evaluation, said.people),
        parts.table: {"headers": rowsheet.HEADS, "data": lines, "metadata": None},
        parts.place: rowsheet.place_in_list(first, len(wanted), len(found), len(evaluation.rows)),
        parts.back: gr.Button(interactive=first > 0),
        parts.forth: gr.Button(interactive=first + _AT_ONCE < len(found)),
        parts.found: found,
        parts.first: first,
    }


def _opened(desk: Desk, parts: Parts, run_id: str, number: int, marks: str) -> Any:  # noqa: ANN401
    evaluation = desk.engine.evaluation(run_id)
    row = next((one for one in evaluation.rows if one.row == number), None) if evaluation else None
    if evaluation is None or row is None:
        return gr.skip()
    return _read(parts, evaluation, _said(desk, run_id), row, marks)


def _read(
    parts: Parts, evaluation: Evaluation, said: rowsheet.Said, row: RowResult | None, marks: str
) -> dict[Any, Any]:
    """One row whole, with what was said of it."""
    yours = said.people.get(row.row, _UNSAID) if row else _UNSAID
    number, text = row.row if row else 0, rowsheet.reading(evaluation, row, said, marks)
    return {
        parts.reading: text,
        parts.verdict: yours.verdict,
        parts.note: yours.note,
        parts.opened: number,
        parts.drawn: (number, text, yours.verdict, yours.note),
    }


def _news(
    parts: Parts, read: dict[Any, Any], drawn: tuple[int, str, str, str], typed: dict[Any, str]
) -> dict[Any, Any]:
    """What of a row is neither as it was `drawn` last nor as it is `typed`: it was said in another tab, or by a judge.

    It comes with the row's number, or not at all: when the page has gone on to another row meanwhile, a note alone
    would be drawn beside that one, and be kept as what was said of it.
    """
    number, *_ = read[parts.drawn]
    before = dict(zip((parts.opened, parts.reading, parts.verdict, parts.note), drawn, strict=True))
    if before[parts.opened] != number:
        before = {}
    controls = (parts.reading, parts.verdict, parts.note)
    news = {one: read[one] for one in controls if read[one] not in (before.get(one), typed.get(one))}
    if news:
        news[parts.opened] = number
    return news | {parts.drawn: read[parts.drawn]}
