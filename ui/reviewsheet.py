"""What the review of new rows says: markup from plain values."""

from collections.abc import Mapping

from core.augment.filter.funnel import CHECKS
from core.augment.review import Candidate, Decision
from ui import markup, words
from ui.markup import text
from ui.reviewing import ACCEPTED, REJECTED, REVIEW, Reviewed

KEYS = "Keys: A accept, R reject, E edit, left and right to go on."


def views(found: Reviewed) -> list[tuple[str, str]]:
    """The menu of views, with how many rows each holds."""
    names = {REVIEW: "To look at", ACCEPTED: "Accepted", REJECTED: "Rejected"}
    return [(f"{name} ({len(found.of(view)):,})", view) for view, name in names.items()]


def candidate(one: Candidate | None, found: Reviewed, view: str) -> str:
    """One row with its quality, why it is doubtful, and the seed that it is most like."""
    if one is None:
        told = {
            REVIEW: "Every row has been looked at.",
            ACCEPTED: "No row is accepted.",
            REJECTED: "No row is rejected.",
        }
        return markup.empty(told.get(view, ""), "Choose another view above.")
    decision = found.decisions.get(one.id)
    cells = decision.cells if decision and decision.cells is not None else one.cells
    names = [entry.id for entry in found.of(view)]
    place = f"{names.index(one.id) + 1:,} of {len(names):,}" if one.id in names else "decided"
    return markup.block(
        f"<div class='ft-status-row'><span>{_verdict(one, decision, accepted=found.accepts(one))}</span>"
        f"<span>{text(place)}</span></div><p class='ft-below'>{text(_doubt(one))}</p>"
        f"<div class='ft-review'><div><p class='ft-caption'>New row</p>{_cells(cells)}</div>"
        f"<div><p class='ft-caption'>{text(_nearest(one))}</p>{_cells(one.near_cells)}</div></div>"
    )


def _verdict(one: Candidate, decision: Decision | None, *, accepted: bool) -> str:
    look, told = ("good", "Accepted") if accepted else ("bad", "Rejected")
    who = "by you" if decision else "by itself"
    if decision and decision.cells is not None:
        who = "by you, edited"
    if not decision and not one.check and not accepted:
        told, look, who = "Good, not needed", "", "so far"
    quality = "quality not measured" if one.quality is None else f"quality {one.quality:.2f}"
    return f"<b class='{look}'>{text(told)}</b> {text(who)} · {text(quality)} · {text(one.teacher)}"


def _doubt(one: Candidate) -> str:
    if one.leaks:
        return (
            "It is like a row that is held out. With it the scores would say more than is true: it cannot be accepted."
        )
    if one.check:
        title = CHECKS[one.check].title if one.check in CHECKS else one.check
        return f"{title[:1].upper()}{title[1:]}: {one.reason}."
    return "Passed every check."


def _nearest(one: Candidate) -> str:
    if not one.near_row:
        return "It is like none of your rows"
    return f"The nearest of your rows: row {one.near_row:,}, likeness {one.near:.2f}"


def _cells(cells: Mapping[str, str]) -> str:
    return "".join(
        f"<p class='ft-row-name'>{text(name)}</p><div class='ft-quote'>{_lines(cell)}</div>"
        for name, cell in cells.items()
    )


def _lines(cell: str) -> str:
    return "<br>".join(text(line) for line in cell.splitlines()) or "&nbsp;"


def threshold(found: Reviewed, least: float) -> str:
    """What a threshold would decide, counted."""
    measured = [one for one in found.candidates if one.quality is not None and not one.leaks]
    if not measured:
        return markup.block("<p class='ft-below'>No quality was measured, so that there is no threshold.</p>")
    open_ = [one for one in measured if one.check in {"", "quality"}]
    good = sum((one.quality or 0) >= least for one in open_)
    others = len(found.candidates) - len(open_)
    told = f"{words.counted(good, 'row')} would be accepted and {len(open_) - good:,} rejected"
    more = f"; {others:,} that another check rejected stay as they are" if others else ""
    return markup.block(f"<p class='ft-below' role='status'>{text(f'{told}{more}.')}</p>")
