"""What an export will take before it begins: disk, memory, and time where one was timed here."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.events import Exported
from core.export.exporter import Exporter, ExportTask
from core.strategy.machine import Machine
from core.strategy.methods import METHODS
from core.strategy.model_facts import ModelFacts

_LIBRARIES = 600 * 2**20
"""Bytes of a process that has loaded torch, transformers and peft and no model. Exports of the starter on Linux held
614 MiB at most (adapter; forecast 602) and 625 (merged; forecast 638)."""
_SHARDS = 2 * 10**9
"""Bytes of two files of weights: each is copied in memory before it is written, and the last is still there then."""
_FOUR_BITS = 0.55
"""Bytes per weight with the quantisation constants (QLoRA, arXiv 2305.14314, section 3)."""


@dataclass(frozen=True, slots=True)
class ExportForecast:
    """What an export will take."""

    size_bytes: int
    """Of what is handed over."""
    disk_bytes: int
    """At the peak: with what lies there for a while."""
    memory_bytes: int
    """Of the process that loads, merges and writes, at its peak, or of it and the one that converts; on a GPU the
    weights are in its memory."""
    seconds: float | None
    """From earlier exports of this form on this machine, by the number of weights; None before the first."""


def forecast(
    exporter: Exporter, task: ExportTask, facts: ModelFacts, machine: Machine, earlier: Iterable[tuple[Exported, int]]
) -> ExportForecast:
    """What `exporter` will take; `earlier` are exports of this home, each with the number of its model's weights."""
    method = METHODS[task.plan.method]
    bytes_per_weight = 2 if machine.gpus and machine.bf16 and not method.own_weights else 4
    weights = facts.parameters * bytes_per_weight
    size = exporter.size_bytes(task, bytes_per_weight)
    memory = _LIBRARIES + (int(facts.parameters * _FOUR_BITS) if method.quantised else weights)
    if exporter.name != "adapter":
        memory += min(weights, _SHARDS) + (weights if method.quantised else 0)
        memory = max(memory, _LIBRARIES + exporter.converting(task, bytes_per_weight))
    paces = [
        export.seconds / count
        for export, count in earlier
        if export.exporter == exporter.name and export.seconds is not None and count
    ]
    seconds = facts.parameters * sum(paces) / len(paces) if paces else None
    return ExportForecast(size, size + exporter.more_disk(task, bytes_per_weight), memory, seconds)
