"""Ways of scoring answers, one file each."""

from core.evaluate.metrics import accuracy, exact_match, macro_f1, perplexity, rouge_l, token_f1
from core.evaluate.metrics.metric import Metric
from core.registry import Registry

METRICS: Registry[Metric] = Registry(
    "metric",
    [accuracy.METRIC, macro_f1.METRIC, exact_match.METRIC, token_f1.METRIC, rouge_l.METRIC, perplexity.METRIC],
)
"""The most telling first."""
