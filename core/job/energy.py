"""The energy that a run's training took, where the GPU told its power; of a processor nothing is known."""

from collections.abc import Iterable
from itertools import pairwise

from core.events import Accompanied, MemoryMeasured
from core.store.log import Record

_LONGEST_GAP = 60.0
"""Seconds between two readings of one attempt over which power is taken to change evenly; longer ones are left out."""
_JOULES_PER_KWH = 3.6e6


def energy_section(records: Iterable[Record]) -> str:
    """What the model card says of energy, a paragraph; empty where no power was measured."""
    records = list(records)
    readings = [
        (record.job_id, record.event)
        for record in records
        if isinstance(record.event, MemoryMeasured) and record.event.power_watts is not None
    ]
    joules = seconds = 0.0
    for (job, before), (same, after) in pairwise(readings):
        gap = after.seconds - before.seconds
        if job == same and 0 < gap <= _LONGEST_GAP:
            joules += gap * ((before.power_watts or 0.0) + (after.power_watts or 0.0)) / 2
            seconds += gap
    if not seconds:
        return ""
    together = any(isinstance(record.event, Accompanied) for record in records)
    others = " Another run was at work on the same GPU, and what it drew is in the number." if together else ""
    return (
        f"Training drew {joules / _JOULES_PER_KWH:.2g} kWh from the GPU in {seconds / 60:.3g} minutes of measurement, "
        f"by {len(readings):,} readings of its meter (NVML); the rest of the computer, scoring and exports are not "
        f"counted. How much carbon that is depends on where the power came from, which is not known here.{others}\n"
    )
