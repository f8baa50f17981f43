"""F1 of each label, averaged by how many rows have it."""

from typing import TYPE_CHECKING

from core.evaluate.metrics.macro_f1 import f1_parts
from core.evaluate.metrics.metric import CHOSEN, Metric, no_row_score

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers


def _combine(totals: "Numbers") -> "Numbers":
    import numpy as np

    hits, said, rows = np.split(totals, 3, axis=-1)
    scores = np.divide(2 * hits, said + rows, out=np.zeros_like(hits), where=said + rows > 0)
    mean: Numbers = (scores * rows).sum(axis=-1) / np.maximum(rows.sum(axis=-1), 1)
    return mean


METRIC = Metric(
    name="weighted_f1",
    title="Weighted F1",
    about="Balance of finding a label's rows and being right about them, averaged so that every row counts alike.",
    source="Mean over labels of 2TP / (2TP + FP + FN), weighted by their rows; f1_score of scikit-learn.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=CHOSEN,
    binary=False,
    score_row=no_row_score,
    parts=f1_parts,
    combine=_combine,
)
