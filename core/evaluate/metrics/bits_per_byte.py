"""How many bits the model needs for a byte of the reference answers."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluate.metrics.metric import UNCHOSEN, Answer, Metric

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers


def _score(answer: Answer) -> float | None:
    bits, size = _sums(answer)
    return bits / size if size else None


def _sums(answer: Answer) -> tuple[float, int]:
    """Bits of the scored tokens and bytes of the text; nothing of a row that did not fit."""
    size = len(answer.reference.encode("utf-8", "surrogatepass")) if answer.tokens else 0
    return answer.nats / math.log(2), size


def _parts(answers: Sequence[Answer]) -> "Numbers":
    import numpy as np

    return np.array([_sums(answer) for answer in answers], dtype=np.float64).reshape(-1, 2)


def _combine(totals: "Numbers") -> "Numbers":
    import numpy as np

    bits, size = totals[..., 0], totals[..., 1]
    return np.divide(bits, size, out=np.full_like(bits, np.nan), where=size > 0)


METRIC = Metric(
    name="bits_per_byte",
    title="Bits per byte",
    about="Bits that the right answers take when the model foretells them, per byte of text: comparable between "
    "models whose tokens differ.",
    source="Negative log-likelihood of the reference and its end, in bits, by bytes of UTF-8; Gao et al., 2020, "
    "arXiv 2101.00027.",
    unit="",
    range=(0.0, math.inf),
    higher_is_better=False,
    families=UNCHOSEN,
    binary=False,
    score_row=_score,
    parts=_parts,
    combine=_combine,
)
