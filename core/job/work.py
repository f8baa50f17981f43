"""What each kind of job does."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from core.errors import Stopped
from core.events import Emit, RunState, StateChanged
from core.job.energy import energy_section
from core.store.steering import Steering
from core.store.store import Job, Store
from core.strategy.disk import check_disk
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan

Work = Callable[[Job, Store, Emit, Steering], None]
"""Works on a job until it is done, or raises `Stopped` soon after the steering is set."""


def _train(job: Job, store: Store, emit: Emit, stopping: Steering) -> None:
    """Train, then score base and tuned model.

    Raises:
        Stopped: Someone asked for it; the training kept its best weights.
        MachineError: The disk has too little room for what the training writes.
    """
    from core.backend.train import TrainTask, train

    plan, folder = _read(job, store)
    check_disk(plan, read_facts(plan.model), folder)
    source = store.run_folder(plan.start_from) if plan.start_from else None
    resume = bool(job.task.get("resume", False))
    task = TrainTask(
        plan=plan,
        home=store.home,
        folder=folder,
        resume=resume,
        start_from=source,
        at_once=store.limit.at_once,
        steering=stopping,
    )
    train(task, emit, stopping)
    stopping.wait_while_paused()
    if stopping.is_set():
        raise Stopped
    _evaluate(job, store, emit, stopping)


def _evaluate(job: Job, store: Store, emit: Emit, stopping: Steering) -> None:
    from core.evaluate.compare import EvaluateTask, evaluate

    emit(StateChanged(state=RunState.EVALUATING))
    plan, folder = _read(job, store)
    evaluate(EvaluateTask(plan=plan, home=store.home, folder=folder), emit, stopping)


def _export(job: Job, store: Store, emit: Emit, stopping: Steering) -> None:
    from core.evaluate.card import card_section
    from core.evaluate.evaluation import read_evaluation
    from core.export.exporters import ExportTask, export

    emit(StateChanged(state=RunState.EXPORTING))
    plan, folder = _read(job, store)
    task = ExportTask(
        plan=plan,
        home=store.home,
        folder=folder,
        exporter=job.task["exporter"],
        out=Path(job.task["out"]),
        scores=card_section(read_evaluation(folder)),
        energy=energy_section(store.since(job.run_id, kind="train")),
    )
    export(task, emit, stopping)


def _read(job: Job, store: Store) -> tuple[Plan, Path]:
    """The plan as the store has it, and the run's folder."""
    return Plan(**store.run(job.run_id).plan), store.run_folder(job.run_id)


WORK: Mapping[str, Work] = MappingProxyType({"train": _train, "evaluate": _evaluate, "export": _export})
