"""What the page of results says of single labels: confusion, precision and recall, and how sure the models are."""

from collections.abc import Sequence
from typing import Literal

from core.evaluate.evaluation import Evaluation
from core.evaluate.per_label import per_label
from core.evaluate.reliability import Bin
from ui import drawings, markup, words
from ui.markup import text

_SIDES: tuple[tuple[Literal["base", "tuned"], str], ...] = (("base", "Base model"), ("tuned", "Tuned model"))
_MOST_LABELS = 200
_HEAD = (
    "Label",
    "Rows",
    "Base precision (95 %)",
    "Tuned precision (95 %)",
    "Base recall (95 %)",
    "Tuned recall (95 %)",
)
_WIDE, _HIGH, _EDGE = 290, 240, 34
# Pixels: the page takes the scale out of a drawing, and this fits a telephone.


def labels(evaluation: Evaluation) -> str:
    """Both confusion tables side by side, and each label alone under both models."""
    base = drawings.confusion(evaluation.labels, evaluation.confusion_base, "Base model")
    tuned = drawings.confusion(evaluation.labels, evaluation.confusion_tuned, "Tuned model")
    return markup.block(
        f"<div class='ft-confusions'>{base}{tuned}</div>"
        "<p class='ft-caption'>Each label alone</p>"
        "<p class='ft-below'>Precision: how often a label is right when the model gives it. Recall: how many of the "
        f"label's rows it finds. The brackets hold the 95 % interval.</p>{_table(evaluation)}"
    )


def _table(evaluation: Evaluation) -> str:
    tables = evaluation.confusion_base, evaluation.confusion_tuned
    before, after = (per_label(evaluation.labels, table) for table in tables)
    rows = [
        (
            (
                one.label,
                f"{one.rows:,}",
                _share(one.precision, one.precision_interval),
                _share(other.precision, other.precision_interval),
                _share(one.recall, one.recall_interval),
                _share(other.recall, other.recall_interval),
            ),
            "",
        )
        for one, other in list(zip(before, after, strict=True))[:_MOST_LABELS]
    ]
    left = len(before) - len(rows)
    more = (
        f"<p class='ft-below'>{text(f'{left:,} more labels are in what evaluate --json prints.')}</p>" if left else ""
    )
    return drawings.table(_HEAD, rows, "ft-labels") + more


def _share(value: float | None, interval: tuple[float, float]) -> str:
    if value is None:
        return words.NOTHING
    return f"{words.percent(value)} ({100 * interval[0]:.0f} to {100 * interval[1]:.0f})"


def reliability(evaluation: Evaluation) -> str:
    """A diagram for each model of how often it is right by how sure it is; what to do where nobody knows."""
    drawn = [
        _diagram(title, side, evaluation.reliability(side)) for side, title in _SIDES if evaluation.reliability(side)
    ]
    if not drawn:
        return markup.block(
            "<p class='ft-below'>These scores were made before probabilities were kept. Score again to see them.</p>"
        )
    return markup.block(
        "<p class='ft-below'>A model that is right as often as it says lies on the line: above it, it is too modest, "
        "below it too sure. The bars hold the 95 % interval, the columns count the rows.</p>"
        f"<div class='ft-confusions'>{''.join(drawn)}</div>"
    )


def _diagram(title: str, side: str, bins: Sequence[Bin]) -> str:
    most = max(one.rows for one in bins)
    marks = "".join(_mark(one, most) for one in bins)
    ticks = "".join(
        f"<text class='ft-tick' x='{_x(at):.1f}' y='{_HIGH - 14}' text-anchor='middle'>{at:.0%}</text>"
        f"<text class='ft-tick' x='{_EDGE - 6}' y='{_y(at) + 4:.1f}' text-anchor='end'>{at:.0%}</text>"
        for at in (0.0, 0.5, 1.0)
    )
    frame = (
        f"<line class='ft-even' x1='{_x(0)}' y1='{_y(0)}' x2='{_x(1)}' y2='{_y(1)}'/>"
        f"<path class='ft-edge' d='M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}'/>"
    )
    names = (
        f"<text class='ft-tick' x='{_x(0.5)}' y='{_HIGH - 1}' text-anchor='middle'>"
        "probability of the chosen label</text>"
        f"<text class='ft-tick' x='{_EDGE - 6}' y='10' text-anchor='start'>how often it is right</text>"
    )
    told = "; ".join(_told(one) for one in bins)
    return (
        f"<div><div class='ft-strip-title'>{text(title)}</div>"
        f"<svg class='ft-reliability {side}' width='{_WIDE}' height='{_HIGH}' role='img' aria-label='{text(told)}'>"
        f"{frame}{marks}{ticks}{names}</svg></div>"
    )


def _mark(one: Bin, most: int) -> str:
    x, (low, high) = _x(one.confidence), one.interval
    tall = 0.3 * (_y(0) - _y(1)) * one.rows / most
    left, wide = _x(one.low), _x(one.high) - _x(one.low)
    return (
        f"<g><title>{text(_told(one))}</title>"
        f"<rect class='ft-rows' x='{left + 1:.1f}' y='{_y(0) - tall:.1f}' width='{wide - 2:.1f}' height='{tall:.1f}'/>"
        f"<text class='ft-tick' x='{left + wide / 2:.1f}' y='{_y(0) - 3:.1f}' text-anchor='middle'>"
        f"{one.rows}</text>"
        f"<line class='ft-whisker' x1='{x:.1f}' y1='{_y(low):.1f}' x2='{x:.1f}' y2='{_y(high):.1f}'/>"
        f"<circle class='ft-mark-point' cx='{x:.1f}' cy='{_y(one.accuracy):.1f}' r='4.5'/></g>"
    )


def _told(one: Bin) -> str:
    low, high = one.interval
    return (
        f"{words.counted(one.rows, 'row')} of {one.low:.0%} to {one.high:.0%}: {one.confidence:.0%} sure on average, "
        f"{one.accuracy:.0%} right ({100 * low:.0f} to {100 * high:.0f})"
    )


def _x(share: float) -> float:
    return _EDGE + share * (_WIDE - _EDGE - 14)


def _y(share: float) -> float:
    return (_HIGH - _EDGE + 4) - share * (_HIGH - _EDGE - 14)
