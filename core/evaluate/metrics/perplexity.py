"""How surprised the model is by the reference answers."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.evaluate.metrics.metric import ALL, Answer, Metric

if TYPE_CHECKING:
    from core.evaluate.metrics.metric import Numbers

_HIGHEST = 700.0  # nats per token whose exponential is still a finite number


def _score(answer: Answer) -> float | None:
    return math.exp(min(answer.nats / answer.tokens, _HIGHEST)) if answer.tokens else None


def _parts(answers: Sequence[Answer]) -> "Numbers":
    import numpy as np

    return np.array([[answer.nats, answer.tokens] for answer in answers], dtype=np.float64).reshape(-1, 2)


def _combine(totals: "Numbers") -> "Numbers":
    import numpy as np

    nats, tokens = totals[..., 0], totals[..., 1]
    mean = np.divide(nats, tokens, out=np.full_like(nats, np.nan), where=tokens > 0)
    return np.exp(np.minimum(mean, _HIGHEST))


METRIC = Metric(
    name="perplexity",
    title="Perplexity",
    about="Among how many equally likely tokens the model wavers, on average, as it reads the right answer; 1 is best.",
    source="Exponential of the mean negative log-likelihood per token of the reference; Jelinek et al., 1977.",
    unit="",
    range=(1.0, math.inf),
    higher_is_better=False,
    families=ALL,
    binary=False,
    score_row=_score,
    parts=_parts,
    combine=_combine,
)
