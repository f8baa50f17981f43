"""Training: a plan becomes weights, and everything on the way becomes events."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from core.backend import matrices, starts
from core.backend.checkpoints import facts
from core.backend.devices import choose_threads, use_threads
from core.backend.failures import explain
from core.backend.flops import flops_per_token, peak_flops
from core.backend.going_on import begin_from, find_checkpoint, go_on
from core.backend.keeper import Keeper
from core.backend.model import Loaded, load_for
from core.backend.monitor import watching
from core.backend.pace import Pace
from core.backend.reporter import Reporter
from core.backend.rows import choose_layout
from core.backend.sameness import decides, sum_of_weights
from core.backend.sampling import Sampler
from core.backend.tokenised import Rows, go_or_stop, tokenise
from core.backend.tracking import Tracking
from core.backend.trainer import RowTrainer, Work, seed_everything
from core.dataset.example import Split
from core.dataset.generated import generated_numbers
from core.dataset.load import load
from core.errors import Stopped
from core.events import Advanced, Emit, Event, Noted, Prepared, RunState, StateChanged
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
    start_from: Path | None = None
    """The folder of the run from whose best weights the plan starts."""
    at_once: int = 1
    """Runs that may be at work on the device together, this one counted."""
    steering: Steering = field(default_factory=Steering)
    """What is wished of it on the way, beside the stop."""


def train(task: TrainTask, emit: Emit, stopping: threading.Event) -> None:
    """Train to the end of the plan, or return soon after `stopping` is set; the best weights are kept either way.

    Raises:
        Stopped: Someone asked to stop before the first step, or at once.
        DataError: No row is left to train on, or to validate on.
        ModelError: The base model cannot be loaded.
        UserError: The loss was not a finite number.
        ChangedError: The checkpoint, or the weights to start from, do not belong to this plan and these rows.
        MachineError: Memory or disk is full.
    """
    place = find_checkpoint(task.folder, emit, resume=task.resume)
    use_threads(facts(place)["decides"]["threads"]) if place else choose_threads(task.at_once)
    progress = _Progress()
    with watching(_unless_paused(emit, task.steering), lambda: progress.step):
        work, split, rows = prepare(task, emit, stopping)
        keeper = Keeper(task.folder, emit, task.plan.patience, work.loaded.tokenizer)
        keeper.decides = decides(task.plan, rows, work.base)
        if place is not None:
            go_on(place, task.folder, keeper, emit)
        elif task.start_from is not None:
            begin_from(work.loaded.model, task.start_from / "best", keeper.decides, emit)
        else:
            starts.begin(work.loaded, task.plan, rows.train.rows, stopping)
        reporter = Reporter(emit, stopping, work.pace, work.clock, task.steering)
        progress.reporter = reporter
        trainer = RowTrainer(work, keeper, reporter, stopping.is_set)
        reporter.trainer = trainer
        sampler = Sampler(work.loaded, split.validation, emit, lambda: work.clock.seconds, task.plan.max_length)
        trainer.sample = None if work.loaded.labels else sampler.write  # a head writes nothing
        if task.plan.tracker != "none":
            trainer.add_callback(Tracking(task.plan.tracker, task.home, task.folder, emit))
        go_or_stop(stopping)
        _say_prepared(work, split, rows, emit)
        emit(StateChanged(state=RunState.TRAINING))
        with explained(task.plan, task.folder):
            _to_the_end(trainer, place, task.steering)
            if not stopping.is_set():
                trainer.average()
            _close(trainer, emit, stopped=stopping.is_set())


def _to_the_end(trainer: RowTrainer, place: Path | None, steering: Steering) -> None:
    """Take the steps, after a validation that shows where they begin; or those after the checkpoint at `place`.

    Raises:
        Stopped: Someone asked to stop at once.
    """
    if place is None:
        trainer.validate_first()
    trainer.train(resume_from_checkpoint=str(place) if place else None)
    if steering.at_once:
        raise Stopped


@contextlib.contextmanager
def explained(plan: Plan, folder: Path) -> Iterator[None]:
    """Explain here what the libraries raise: the plan is at hand, so the advice can name its numbers."""
    try:
        yield
    except (RuntimeError, MemoryError, OSError, SafetensorError) as error:
        told = explain(error, plan=plan, folder=folder)
        raise told from error


def _unless_paused(emit: Emit, steering: Steering) -> Emit:
    """Nothing changes in a pause, which may take a night: a sample for each second of it would only fill the log."""

    def measured(event: Event) -> None:
        if not steering.is_paused:
            emit(event)

    return measured


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
    go_or_stop(stopping)
    emit(Advanced(what="Loading the model", done=0, total=0))
    loaded = load_for(plan, split.labels if plan.head == "class" else ())
    go_or_stop(stopping)
    emit(Advanced(what="Turning rows into tokens", done=0, total=0))
    generated = generated_numbers(plan.data, task.home) if plan.generated_weight != 1 else frozenset()
    rows = tokenise(loaded, split, plan, stopping, generated)
    train, validation = rows.train.rows, rows.validation.rows
    layout = choose_layout(loaded.model, train, joins=METHODS[plan.method].joins_rows)
    base = sum_of_weights(loaded.model, head=bool(loaded.labels))
    tuned = ready(loaded, plan)
    pace = Pace.of(len(train), plan.rows_per_step, plan.epochs)
    return Work(plan, task.folder, tuned, train, validation, layout, pace, base=base), split, rows


def ready(loaded: Loaded, plan: Plan) -> Loaded:
    """Let the plan's method ready the model: freeze it, add adapters, whatever it does."""
    seed_everything(plan.seed)
    if plan.gradient_checkpointing:
        loaded.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    method = METHODS[plan.method]
    model = method.prepare(loaded.model, read_options(plan.method, plan.options))
    matrices.remember(model, plan)
    return replace(loaded, model=model)


def _say_prepared(work: Work, split: Split, rows: Rows, emit: Emit) -> None:
    parameters = list(work.loaded.model.parameters())
    prepared = Prepared(
        train_rows=len(rows.train.rows),
        validation_rows=len(rows.validation.rows),
        test_rows=len(split.test),
        dropped_rows=rows.train.dropped,
        truncated_rows=rows.truncated,
        trainable_parameters=sum(p.numel() for p in parameters if p.requires_grad),
        total_parameters=sum(_size(p) for p in parameters),
        total_steps=work.pace.total_steps,
        device=work.loaded.device.name,
        precision=work.loaded.precision_text,
        flops_per_token=flops_per_token(work.loaded.model),
        peak_flops=peak_flops(work.loaded),
    )
    emit(prepared)
    if rows.variants:
        told = f"{rows.variants:,} variants of {rows.train.given - rows.variants:,} rows are learned beside them"
        emit(Noted(text=f"{told}: words that prompt and answer share are exchanged for others in both."))
    if rows.validation.strange:
        told = f"{rows.validation.strange:,} validation rows carry a label that no training row has"
        emit(Noted(text=f"{told}: they are left out of the validation loss.", severity="warning"))
    if rows.train.windows:
        texts = rows.train.given - rows.train.dropped
        told = f"{texts:,} texts are learned in {len(rows.train.rows):,} windows"
        emit(Noted(text=f"{told} of at most {work.plan.max_length:,} tokens, every token once."))


def _size(weights: Any) -> int:  # noqa: ANN401 - a parameter, perhaps of bitsandbytes
    """Parameters that a tensor stands for: one of bitsandbytes holds two in a byte."""
    return int(weights.numel() * (2 if type(weights).__name__ == "Params4bit" else 1))


def _close(trainer: RowTrainer, emit: Emit, *, stopped: bool) -> None:
    """Say what a person should know of the result, and see to it that some weights are kept."""
    keeper, step = trainer.keeper, trainer.state.global_step
    if not stopped:
        trainer.averaging.forget()
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
