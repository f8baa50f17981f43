"""Is the model right as often as it says? Probabilities of the chosen labels against what came true."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.evaluate.metrics.calibration_error import BINS, bin_of
from core.evaluate.statistics import wilson_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The rows whose chosen label had a probability within these limits."""

    low: float
    high: float
    rows: int
    confidence: float
    """Mean probability of the chosen labels."""
    accuracy: float
    """Share of the chosen labels that are right."""
    interval: tuple[float, float]
    """Of the accuracy: 95 %, Wilson's."""


def reliability(rows: Iterable[tuple[float, bool]]) -> list[Bin]:
    """The bins that hold rows, from each row's probability of its chosen label and whether that was right.

    Source: reliability diagrams as in Guo et al., 2017, arXiv 1706.04599, section 2.
    """
    kept: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, right in rows:
        kept[bin_of(confidence)].append((confidence, right))
    bins = []
    for place, inside in enumerate(kept):
        if inside:
            hits, count = sum(hit for _, hit in inside), len(inside)
            mean = sum(confidence for confidence, _ in inside) / count
            ends = place / BINS, (place + 1) / BINS
            interval = wilson_interval(hits, count)
            bins.append(
                Bin(
                    low=ends[0],
                    high=ends[1],
                    rows=count,
                    confidence=mean,
                    accuracy=hits / count,
                    interval=interval,
                )
            )
    return bins
