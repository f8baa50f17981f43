"""How far the model's probabilities are from how often it is right."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluate.metrics.metric import CHOSEN, Answer, Metric, no_row_score

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers

BINS = 10
"""Of the same width, from 0 to 1."""


def bin_of(confidence: float) -> int:
    """Which bin a probability falls into, the upper edge belonging to it as in the paper."""
    return max(0, min(BINS - 1, math.ceil(confidence * BINS) - 1))


def _parts(answers: Sequence[Answer]) -> "Numbers":
    """For each bin the probability less what came true; then the rows. Nothing of rows without a probability."""
    import numpy as np

    parts = np.zeros((len(answers), BINS + 1))
    for row, answer in zip(parts, answers, strict=True):
        if answer.confidence is not None:
            row[bin_of(answer.confidence)] = answer.confidence - (answer.text == answer.reference)
            row[BINS] = 1
    return parts


def _combine(totals: "Numbers") -> "Numbers":
    import numpy as np

    gaps, rows = np.abs(totals[..., :BINS]).sum(axis=-1), totals[..., BINS]
    return np.divide(gaps, rows, out=np.full_like(gaps, np.nan), where=rows > 0)


METRIC = Metric(
    name="calibration_error",
    title="Calibration error",
    about="How far the probability of the chosen label is from how often it is right; few rows alone make it larger.",
    source="Expected calibration error over 10 equal bins; Naeini et al., 2015; Guo et al., 2017, arXiv 1706.04599.",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=False,
    families=CHOSEN,
    binary=False,
    score_row=no_row_score,
    parts=_parts,
    combine=_combine,
    upward=True,
)
