"""How long the answers are beside the references."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers


def _score(answer: Answer) -> float | None:
    return len(answer.text) / len(answer.reference) if answer.reference else None


def _parts(answers: Sequence[Answer]) -> "Numbers":
    import numpy as np

    sizes = [[len(answer.text), len(answer.reference)] for answer in answers]
    return np.array(sizes, dtype=np.float64).reshape(-1, 2)


def _combine(totals: "Numbers") -> "Numbers":
    import numpy as np

    said, wanted = totals[..., 0], totals[..., 1]
    return np.divide(said, wanted, out=np.full_like(said, np.nan), where=wanted > 0)


METRIC = Metric(
    name="length_ratio",
    title="Answer length",
    about="Characters of all answers per character of all references: 1 when they are as long, neither is better.",
    source="Ratio of total lengths, as beside BLEU in sacrebleu, counted in characters.",
    unit="",
    range=(0.0, math.inf),
    higher_is_better=None,
    families=WRITTEN,
    binary=False,
    score_row=_score,
    parts=_parts,
    combine=_combine,
)
