"""The steps of an inspection, and about how long each takes beside the others."""

from core.dataset.files.intake import Source
from core.dataset.health.check import SAMPLE
from core.dataset.progress import Steps, Tell
from core.dataset.splits.kept import is_large

READING = "reading the rows"
MAPPING = "making examples of the rows"
NEAR = "rows that nearly repeat another one"
CHECKING = "what is wrong with the rows"
DIVIDING = "dividing the rows"
KEEPING = "keeping the division of the rows"

_SECONDS = {READING: 1.9, MAPPING: 3.7, DIVIDING: 3.4}
"""For each million rows, as measured."""
_SAMPLE_SECONDS = {NEAR: 4.8, CHECKING: 3.4}
"""For the rows that are read letter by letter, `SAMPLE` of them."""
_KEEPING_SECONDS = 4.5
_ROW = 370
"""Bytes of a row of usual length."""


def steps_of(source: Source, tell: Tell | None) -> Steps:
    """The steps of an inspection of `source`, by its size."""
    rows = max(1, sum(path.stat().st_size for path in source.files.values()) / _ROW)
    each = {about: seconds * rows / 1e6 for about, seconds in _SECONDS.items()}
    some = {about: seconds * min(rows, SAMPLE) / SAMPLE for about, seconds in _SAMPLE_SECONDS.items()}
    keeping = _KEEPING_SECONDS * rows / 1e6 if is_large(source) else 0.0
    order = (READING, MAPPING, NEAR, CHECKING, DIVIDING)
    return Steps(tell, {about: (each | some)[about] for about in order} | {KEEPING: keeping})
