"""F1 of each label, averaged: a rare label counts as much as a frequent one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluate.metrics.metric import Answer, Metric

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers


def _parts(answers: Sequence[Answer]) -> "Numbers":
    """Twice the hits and the denominator of F1 for each label that the references hold, side by side."""
    import numpy as np

    place = {label: index for index, label in enumerate(sorted({answer.reference for answer in answers}))}
    parts = np.zeros((len(answers), 2, len(place)))
    for row, answer in zip(parts, answers, strict=True):
        row[1, place[answer.reference]] += 1
        if answer.text in place:
            row[1, place[answer.text]] += 1
        if answer.text == answer.reference:
            row[0, place[answer.reference]] = 2
    return parts.reshape(len(answers), -1)


def _combine(totals: "Numbers") -> "Numbers":
    import numpy as np

    hits, among = np.split(totals, 2, axis=-1)
    present = among > 0
    scores = np.divide(hits, among, out=np.zeros_like(hits), where=present)
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
    labels=True,
    binary=False,
    score_row=lambda _: None,
    parts=_parts,
    combine=_combine,
)
