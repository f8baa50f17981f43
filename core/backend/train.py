"""Training: a plan becomes weights, and everything on the way becomes events."""

import contextlib
import platform
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from core.backend.checkpoints import check_unchanged, facts, newest, restore
from core.backend.devices import choose_threads, pick_device, use_threads
from core.backend.failures import explain
from core.backend.keeper import Keeper
from core.backend.model import Loaded, load_for
from core.backend.monitor import watching
from core.backend.pace import Clock, Pace
from core.backend.reporter import Reporter
from core.backend.rows import choose_layout
from core.backend.tokens import Encoded, encode
from core.backend.trainer import RowTrainer, Work, seed_everything
from core.dataset.example import Example, Split
from core.dataset.load import load
from core.errors import DataError, Stopped
from core.events import Advanced, Emit, Noted, Prepared, RunState, StateChanged
from core.store.steering import Steering
from core.strategy.methods import METHODS, read_options
from core.strategy.plan import Plan


@dataclass(frozen=True, slots=True)
class TrainTask:
    """One attempt of a run."""

    plan: Plan
    home: Path
    folder: Path
    """The run's."""
    resume: bool = False
    """Whether to go on from the newest complete checkpoint of an earlier attempt."""
    steering: Steering = field(default_factory=Steering)
    """What is wished of it on the way, beside the stop."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The tokenised rows of a run, and what became of the others."""

    train: list[Encoded]
    validation: list[Encoded]
    dropped: int
    """Training rows whose answer does not fit."""
    truncated: int
    """Training rows whose prompt was shortened."""


def train(task: TrainTask, emit: Emit, stopping: threading.Event) -> None:
    """Train to the end of the plan, or return soon after `stopping` is set; the best weights are kept either way.

    Raises:
        Stopped: Someone asked to stop before the first step, or at once.
        DataError: No row is left to train on, or to validate on.
        ModelError: The base model cannot be loaded.
        UserError: The loss was not a finite number, a checkpoint does not belong to this plan.
        MachineError: Memory or disk is full.
    """
    place = _find_checkpoint(task, emit)
    use_threads(facts(place)["decides"]["threads"]) if place else choose_threads()
    progress = _Progress()
    with watching(emit, lambda: progress.step):
        work, split, rows = prepare(task, emit, stopping)
        keeper = Keeper(task.folder, emit, task.plan.patience, work.loaded.tokenizer)
        keeper.decides = _decides(task.plan, rows)
        if place is not None:
            check_unchanged(place, keeper.decides)
            keeper.go_on_from(facts(place)["progress"])
        reporter = Reporter(emit, stopping, work.pace, work.clock, task.steering)
        progress.reporter = reporter
        trainer = RowTrainer(work, keeper, reporter, stopping.is_set)
        reporter.trainer = trainer
        _go_or_stop(stopping)
        emit(_prepared(work, split, rows))
        emit(StateChanged(state=RunState.TRAINING))
        with explained(task.plan):
            if place is None:
                trainer.validate_first()
            trainer.train(resume_from_checkpoint=str(place) if place else None)
            if task.steering.at_once:
                raise Stopped
            _close(trainer, emit, stopped=stopping.is_set())


@contextlib.contextmanager
def explained(plan: Plan) -> Iterator[None]:
    """Explain here what the libraries raise: the plan is at hand, so the advice can name its numbers."""
    try:
        yield
    except (RuntimeError, MemoryError, OSError) as error:
        told = explain(error, plan=plan)
        raise told from error


class _Progress:
    """How far the work is, for the monitor's thread, which starts before there is a reporter."""

    reporter: Reporter | None = None

    @property
    def step(self) -> int:
        return self.reporter.step if self.reporter else 0


def prepare(task: TrainTask, emit: Emit, stopping: threading.Event) -> tuple[Work, Split, Rows]:
    """Read the rows, load the model, ready it by the plan's method, and turn the rows into tokens.

    Raises:
        Stopped: Someone asked to stop.
        DataError: No row is left to train on, or to validate on.
        ModelError: The base model cannot be loaded.
    """
    plan = task.plan
    emit(Advanced(what="Reading the rows", done=0, total=0))
    split = load(plan.data, task.home, plan.seed)
    _go_or_stop(stopping)
    emit(Advanced(what="Loading the model", done=0, total=0))
    loaded = load_for(plan)
    _go_or_stop(stopping)
    emit(Advanced(what="Turning rows into tokens", done=0, total=0))
    rows = tokenise(loaded, split, plan.max_length, stopping)
    refuse_if_empty(rows, split, plan.max_length)
    layout = choose_layout(loaded.model, rows.train)
    tuned = ready(loaded, plan)
    pace = Pace.of(len(rows.train), plan.rows_per_step, plan.epochs)
    return Work(plan, task.folder, tuned, rows.train, rows.validation, layout, pace, Clock()), split, rows


def ready(loaded: Loaded, plan: Plan) -> Loaded:
    """Let the plan's method ready the model: freeze it, add adapters, whatever it does."""
    seed_everything(plan.seed)
    if plan.gradient_checkpointing:
        loaded.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    method = METHODS[plan.method]
    return replace(loaded, model=method.prepare(loaded.model, read_options(plan.method, plan.options)))


def tokenise(loaded: Loaded, split: Split, max_length: int, stopping: threading.Event) -> Rows:
    """Tokenise the rows that training needs.

    Raises:
        Stopped: Someone asked to stop.
    """
    context = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    length = min(max_length, context) if context else max_length

    def encoded(examples: Sequence[Example]) -> list[Encoded]:
        found = []
        for example in examples:
            _go_or_stop(stopping)
            one = encode(loaded.tokenizer, example, length)
            if one is not None and len(one.input_ids) > one.prompt_length > 0:
                found.append(one)
        return found

    train = encoded(split.train)
    truncated = sum(row.truncated for row in train)
    return Rows(train, encoded(split.validation), len(split.train) - len(train), truncated)


def refuse_if_empty(rows: Rows, split: Split, max_length: int) -> None:
    """Refuse rows from which nothing can be learned.

    Raises:
        DataError: No training row, or no validation row, has an answer that fits.
    """
    for kept, given, what in (
        (rows.train, split.train, "training"),
        (rows.validation, split.validation, "validation"),
    ):
        if not kept:
            raise DataError(
                f"Of {len(given)} {what} rows none is left: "
                + (f"no answer fits into {max_length} tokens." if given else "the split holds none."),
                f"Set longest row to more than {max_length} tokens, or give shorter answers."
                if given
                else "Add rows, or change the shares that are held out.",
            )


def _prepared(work: Work, split: Split, rows: Rows) -> Prepared:
    parameters = list(work.loaded.model.parameters())
    return Prepared(
        train_rows=len(rows.train),
        validation_rows=len(rows.validation),
        test_rows=len(split.test),
        dropped_rows=rows.dropped,
        truncated_rows=rows.truncated,
        trainable_parameters=sum(p.numel() for p in parameters if p.requires_grad),
        total_parameters=sum(_size(p) for p in parameters),
        total_steps=work.pace.total_steps,
        device=work.loaded.device.name,
        precision=work.loaded.precision_text,
    )


def _size(weights: Any) -> int:  # noqa: ANN401 - a parameter, perhaps of bitsandbytes
    """Parameters that a tensor stands for: one of bitsandbytes holds two in a byte."""
    return int(weights.numel() * (2 if type(weights).__name__ == "Params4bit" else 1))


def _close(trainer: RowTrainer, emit: Emit, *, stopped: bool) -> None:
    """Say what a person should know of the result, and see to it that some weights are kept."""
    keeper, step = trainer.keeper, trainer.state.global_step
    if not keeper.best_step and step:
        keeper.keep(trainer.model, step)
        emit(Noted(text=f"Stopped before the first validation; the weights of step {step} are kept."))
    elif not stopped and keeper.first_loss is not None and (keeper.best_loss or 0.0) >= keeper.first_loss:
        emit(
            Noted(
                text=f"No validation was better than before training (loss {keeper.first_loss:.3f}): nothing useful "
                "was learned. Try a lower learning rate, more rows, or check the answers.",
                severity="warning",
            )
        )
    elif not stopped and step < trainer.work.pace.total_steps:
        emit(Noted(text=f"Ended early at step {step}: no better validation since step {keeper.best_step}."))


def _find_checkpoint(task: TrainTask, emit: Emit) -> Path | None:
    """Where to go on from; a fresh start clears what an earlier attempt left."""
    restore(task.folder / "best")
    if not task.resume:
        for left in ("checkpoints", "best"):
            shutil.rmtree(task.folder / left, ignore_errors=True)
        return None
    place, damaged = newest(task.folder)
    for damage in damaged:
        emit(
            Noted(
                text=f"{damage.folder.name} is damaged and not used: {damage.file} {damage.problem}.",
                severity="warning",
            )
        )
    going_on = f"Going on from {place.name}." if place else "No complete checkpoint is left, so training starts anew."
    emit(Noted(text=going_on))
    return place


def _decides(plan: Plan, rows: Rows) -> dict[str, Any]:
    """What must not change between an attempt and the one that goes on from it."""
    return {
        **plan.model_dump(mode="json", exclude={"name", "patience"}),
        "rows": len(rows.train),
        "threads": torch.get_num_threads(),
        "device": pick_device().name,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _go_or_stop(stopping: threading.Event) -> None:
    if stopping.is_set():
        raise Stopped("Stopped before the first step.")
