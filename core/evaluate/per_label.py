"""Each label alone: how often it is found, and how often it is right when it is said."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.evaluate.statistics import wilson_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelScores:
    """One label under one model; intervals are 95 %, Wilson's."""

    label: str
    rows: int
    """Held-out rows that have it."""
    said: int
    """Rows for which the model chose it."""
    precision: float | None
    """Share of those that have it; None where the model never chose it."""
    precision_interval: tuple[float, float]
    recall: float | None
    """Share of its rows that the model found; None where no row has it."""
    recall_interval: tuple[float, float]


def per_label(labels: Sequence[str], confusion: Sequence[Sequence[int]]) -> list[LabelScores]:
    """Precision and recall of each label, from counts of reference by prediction.

    Source: Sokolova and Lapalme, 2009, A systematic analysis of performance measures for classification tasks.
    """
    scores = []
    for place, label in enumerate(labels):
        hits, rows = confusion[place][place], sum(confusion[place])
        said = sum(line[place] for line in confusion)
        scores.append(
            LabelScores(
                label=label,
                rows=rows,
                said=said,
                precision=hits / said if said else None,
                precision_interval=wilson_interval(hits, said),
                recall=hits / rows if rows else None,
                recall_interval=wilson_interval(hits, rows),
            )
        )
    return scores
