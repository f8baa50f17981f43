"""Predicted peak memory of a plan, part by part, from the model's configuration alone.

What a forward pass keeps is worked out operation by operation (`tape`, `blocks`), what is held together moment by
moment (`step`). `tests/benchmarks/test_memory_forecast.py` holds it against real steps and prints how far it is off.
"""

from core.strategy.memory.total import (
    EXACT,
    MARGIN,
    AnswerShares,
    MemoryForecast,
    forecast,
    precision_of,
    step_of,
    weight_bytes,
)

__all__ = ["EXACT", "MARGIN", "AnswerShares", "MemoryForecast", "forecast", "precision_of", "step_of", "weight_bytes"]
