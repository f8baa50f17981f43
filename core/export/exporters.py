"""Write a tuned model in a form that runs elsewhere, and check that it is still the same model."""

import gc
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from core.errors import Stopped, UserError
from core.events import Advanced, Emit, Exported, Noted
from core.export import adapter, four_bits, gguf, merged
from core.export.answers import AnswersReference
from core.export.card import write_card
from core.export.checksums import write_sums
from core.export.exporter import Exporter, ExportTask
from core.export.fidelity import Reference
from core.export.place import check_disk, check_place, place
from core.registry import Registry
from core.strategy.disk import size_of

if TYPE_CHECKING:
    from core.backend.model import Loaded

__all__ = ["EXPORTERS", "ExportTask", "Exporter", "export"]

EXPORTERS: Registry[Exporter] = Registry(
    "exporter",
    [
        adapter.EXPORTER,
        merged.EXPORTER,
        gguf.Q8,
        gguf.Q4,
        gguf.F16,
        four_bits.GPTQ,
        four_bits.AWQ,
        four_bits.COMPRESSED,
    ],
)
"""Those first that need nothing more."""


def export(task: ExportTask, emit: Emit, stopping: Flag) -> None:
    """Write the run's best weights to `task.out` and say so.

    Raises:
        NotFoundError: There is no such exporter, or the run has kept no weights.
        UserError: The plan's result cannot take this form, or `out` holds something of somebody's.
        MachineError: Too little disk is free.
        Stopped: `stopping` was set; nothing is left behind.
    """
    from core.backend.model import load_tuned

    exporter = EXPORTERS[task.exporter]
    reason = exporter.available(task.plan)
    if reason:
        raise UserError(reason, exporter.instead)
    exporter.refuses(task)
    check_place(task.out, task.best)
    began = time.monotonic()
    emit(Advanced(what="Loading the tuned model", done=0, total=0))
    loaded = load_tuned(task.plan, task.folder)
    bytes_per_weight = loaded.model.dtype.itemsize
    check_disk(task.out, exporter.size_bytes(task, bytes_per_weight) + exporter.more_disk(task, bytes_per_weight))
    compare = _reference(exporter, task, loaded, emit)
    with place(task.out) as partial:
        _stop(stopping)
        write_card(task, exporter, loaded, partial)
        exporter.write(task, loaded, partial, emit, stopping)
        del loaded
        _release()
        _stop(stopping)
        emit(Advanced(what="Checking the export in a fresh process", done=0, total=0))
        fidelity = compare(partial, stopping)
        checksums = write_sums(partial)
    if not fidelity["faithful"]:
        emit(Noted(text=_doubt(fidelity), severity="warning"))
    emit(
        Exported(
            exporter=exporter.name,
            folder=str(task.out.absolute()),
            size_bytes=size_of(task.out),
            largest_logit_difference=fidelity.get("difference"),
            fidelity=fidelity,
            checksums=checksums,
            seconds=time.monotonic() - began,
        )
    )


def _reference(
    exporter: Exporter, task: ExportTask, loaded: "Loaded", emit: Emit
) -> Callable[[Path, Flag], dict[str, Any]]:
    """What compares a folder with the tuned model, which need not be in memory any more by then."""
    if exporter.tolerance is None:
        reference = Reference(task, loaded)
        return lambda folder, stopping: reference.compare(folder, stopping).report()
    emit(Advanced(what="Asking the tuned model", done=0, total=0))
    answers = AnswersReference(task, loaded, exporter.tolerance)
    return lambda folder, stopping: answers.compare(exporter.check, str(exporter.find(folder)), stopping)


def _doubt(fidelity: dict[str, Any]) -> str:
    if "tuned" not in fidelity and fidelity.get("difference") is None:
        return f"The export could not be loaded in a fresh process, so it is not proven: {fidelity['problem']}"
    return str(fidelity["problem"])


def _stop(stopping: Flag) -> None:
    if stopping.is_set():
        raise Stopped


def _release() -> None:
    """Make room for the process that loads the export."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
