"""F1 of each label, averaged: a rare label counts as much as a frequent one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluate.metrics.metric import CHOSEN, Answer, Metric, no_row_score

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers


def f1_parts(answers: Sequence[Answer]) -> "Numbers":
    """For each label that the references hold: whether it was hit, answered and wanted, (rows, 3 x labels)."""
    import numpy as np

    place = {label: index for index, label in enumerate(sorted({answer.reference for answer in answers}))}
    parts = np.zeros((len(answers), 3, len(place)))
    for row, answer in zip(parts, answers, strict=True):
        row[2, place[answer.reference]] = 1
        if answer.text in place:
            row[1, place[answer.text]] = 1
        if answer.text == answer.reference:
            row[0, place[answer.reference]] = 1
    return parts.reshape(len(answers), -1)


def _combine(totals: "Numbers") -> "Numbers":
    import numpy as np

    hits, said, wanted = np.split(totals, 3, axis=-1)
    present = said + wanted > 0
    scores = np.divide(2 * hits, said + wanted, out=np.zeros_like(hits), where=present)
    mean: Numbers = scores.sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    return mean


METRIC = Metric(
    name="macro_f1",
    title="Macro-F1",
    about="Balance of finding a label's rows and being right about them, averaged so that every label counts alike.",
    source="Mean over labels of 2TP / (2TP + FP + FN); Sokolova and Lapalme, 2009.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=CHOSEN,
    binary=False,
    score_row=no_row_score,
    parts=f1_parts,
    combine=_combine,
)
