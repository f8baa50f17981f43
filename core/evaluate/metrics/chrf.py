"""How many runs of letters answer and reference share."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluate.metrics.metric import WRITTEN, Answer, Metric

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers

_ORDER, _BETA = 6, 2


def _parts(answers: Sequence[Answer]) -> "Numbers":
    """For runs of 1 to 6 letters: how many the answer has, the reference has, and both share."""
    import numpy as np
    from sacrebleu.metrics.helpers import extract_all_char_ngrams

    parts = np.zeros((len(answers), _ORDER, 3))
    for row, answer in zip(parts, answers, strict=True):
        said, wanted = (
            extract_all_char_ngrams(text, _ORDER, include_whitespace=False) for text in (answer.text, answer.reference)
        )
        for order, (ours, theirs) in enumerate(zip(said, wanted, strict=True)):
            # As the library does it: where the reference is too short for such runs, the answer's do not count.
            row[order] = ours.total() if theirs else 0, theirs.total(), (ours & theirs).total()
    return parts.reshape(len(answers), -1)


def _combine(totals: "Numbers") -> "Numbers":
    import numpy as np

    said, wanted, shared = np.moveaxis(totals.reshape(*totals.shape[:-1], _ORDER, 3), -1, 0)
    counted = (said > 0) & (wanted > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = np.divide(shared, said, out=np.zeros_like(shared), where=counted).sum(axis=-1) / orders
    recall = np.divide(shared, wanted, out=np.zeros_like(shared), where=counted).sum(axis=-1) / orders
    below = _BETA**2 * precision + recall
    above = (1 + _BETA**2) * precision * recall
    score: Numbers = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return score


def _score(answer: Answer) -> float:
    return float(_combine(_parts([answer]).sum(axis=0)))


METRIC = Metric(
    name="chrf",
    title="chrF",
    about="Overlap of runs of up to six letters over all rows: word endings count in part, and no spaces are needed.",
    source="Popović, 2015, chrF: character n-gram F-score; equal to corpus chrF2 of sacrebleu (Post, 2018).",
    unit="%",
    range=(0.0, 1.0),
    higher_is_better=True,
    families=WRITTEN,
    binary=False,
    score_row=_score,
    parts=_parts,
    combine=_combine,
)
