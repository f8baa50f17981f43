"""Ways of scoring answers, one file each."""

from core.evaluate.metrics import (
    accuracy,
    bits_per_byte,
    bleu,
    calibration_error,
    chrf,
    empty,
    exact_match,
    length_ratio,
    macro_f1,
    perplexity,
    rouge_1,
    rouge_2,
    rouge_l,
    squad_exact_match,
    squad_f1,
    token_f1,
    unended,
    weighted_f1,
)
from core.evaluate.metrics.metric import Metric
from core.registry import Registry

METRICS: Registry[Metric] = Registry(
    "metric",
    [
        accuracy.METRIC,
        macro_f1.METRIC,
        weighted_f1.METRIC,
        calibration_error.METRIC,
        exact_match.METRIC,
        token_f1.METRIC,
        rouge_l.METRIC,
        chrf.METRIC,
        rouge_1.METRIC,
        rouge_2.METRIC,
        bleu.METRIC,
        squad_exact_match.METRIC,
        squad_f1.METRIC,
        perplexity.METRIC,
        bits_per_byte.METRIC,
        length_ratio.METRIC,
        empty.METRIC,
        unended.METRIC,
    ],
)
"""The most telling first."""
