"""Write a tuned model in a form that runs elsewhere, and check that it is still the same model."""

import gc
from threading import Event as Flag

from core.errors import Stopped, UserError
from core.events import Advanced, Emit, Exported, Noted
from core.export import adapter, merged
from core.export.card import write_card
from core.export.exporter import Exporter, ExportTask
from core.export.fidelity import Fidelity, Reference
from core.export.place import check_disk, check_place, place, size_of
from core.registry import Registry

__all__ = ["EXPORTERS", "ExportTask", "Exporter", "export"]

EXPORTERS: Registry[Exporter] = Registry("exporter", [adapter.EXPORTER, merged.EXPORTER])
"""The smallest first."""


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
    check_place(task.out, task.best)
    emit(Advanced(what="Loading the tuned model", done=0, total=0))
    loaded = load_tuned(task.plan, task.folder)
    check_disk(task.out, exporter.size_bytes(task, loaded.model.dtype.itemsize))
    reference = Reference(task, loaded)
    with place(task.out) as partial:
        _stop(stopping)
        write_card(task.plan, exporter, loaded, partial)
        exporter.write(task, loaded, partial, emit, stopping)
        del loaded
        _release()
        _stop(stopping)
        emit(Advanced(what="Checking the export in a fresh process", done=0, total=0))
        fidelity = reference.compare(partial, stopping)
    if not fidelity.faithful:
        emit(Noted(text=_doubt(fidelity), severity="warning"))
    emit(
        Exported(
            exporter=exporter.name,
            folder=str(task.out.absolute()),
            size_bytes=size_of(task.out),
            largest_logit_difference=fidelity.difference,
        )
    )


def _doubt(fidelity: Fidelity) -> str:
    if fidelity.difference is None:
        return f"The export could not be loaded in a fresh process, so it is not proven: {fidelity.problem}"
    return (
        f"The export is not quite the tuned model: a logit differs by {fidelity.difference:.3g}, and rounding explains "
        f"{fidelity.tolerance:.3g}. Score it before you rely on it."
    )


def _stop(stopping: Flag) -> None:
    if stopping.is_set():
        raise Stopped


def _release() -> None:
    """Make room for the process that loads the export."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
