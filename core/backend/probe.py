"""How fast a plan trains here: a few of its real steps, timed; nothing of them is kept."""

import contextlib
import os
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import TrainerCallback

from core.backend.checkpoints import write_folder
from core.backend.devices import choose_threads
from core.backend.keeper import Keeper
from core.backend.monitor import Energy, watching
from core.backend.tokens import Encoded
from core.backend.train import TrainTask, explained, prepare
from core.backend.trainer import RowTrainer, Work
from core.errors import MachineError
from core.events import Advanced, Event, MemoryMeasured
from core.strategy.machine import Machine
from core.strategy.plan import Plan
from core.strategy.speed import Speed, rows_of

WARM_UP = 2
"""Steps that are not timed: kernels are chosen, the optimizer gets its memory."""
FEWEST_STEPS = 8
SHORTEST = 2.0
"""Seconds; where `FEWEST_STEPS` take less, more are timed."""
LONGEST = 20.0
"""Seconds of stepping after which no further step is begun; at least one is timed, however long it takes."""
VALIDATED = 8
"""Rows that are validated."""
WRITTEN = 128 * 2**20
"""Bytes up to which weights are really saved; of larger ones so many bytes are, and the rest is reckoned."""
_EPOCHS = 10_000
_EVERY = 0.1
"""Seconds between two looks at the memory."""

Tell = Callable[[str, float], None]
"""Takes a phrase and the share that is done."""


def measure_speed(plan: Plan, home: Path, machine: Machine, tell: Tell, began: float | None = None) -> Speed:
    """Take some steps of `plan` and time them; `began` is the monotonic time from which loading counts.

    Raises:
        DataError: No row is left to train on, or to validate on.
        ModelError: The base model cannot be loaded.
        MachineError: The plan does not fit into memory.
        UserError: The loss was not a finite number.
    """
    began = time.monotonic() if began is None else began
    choose_threads()
    memory = _Memory(machine)

    def emit(event: Event) -> None:
        if isinstance(event, MemoryMeasured):
            memory.take(event)
        elif isinstance(event, Advanced):
            tell(event.what.lower(), 0.1)

    with _folder(home) as folder, explained(plan, home), watching(emit, lambda: 0, _EVERY):
        task = TrainTask(plan=plan, home=home, folder=folder)
        work, _, _ = prepare(task, emit, threading.Event())
        loading = time.monotonic() - began
        stopwatch = Stopwatch(tell)
        keeper = Keeper(folder, emit, plan.patience, work.loaded.tokenizer)
        trainer = RowTrainer(_endless(work), keeper, stopwatch, lambda: False)
        stopwatch.trainer = trainer
        trainer.train()
        tell("validating a few rows", 0.9)
        validating = _seconds(trainer.validate_first) / len(trainer.work.validation)
        tell("saving once", 0.95)
        saving = _saving(trainer, keeper, folder)
    paces = [tokens / seconds for tokens, seconds in stopwatch.timed]
    slow, _, fast = statistics.quantiles(paces, n=4) if len(paces) > 2 else (min(paces), 0.0, max(paces))
    return Speed(
        steps=len(paces),
        tokens_per_second=statistics.median(paces),
        slow=slow,
        fast=fast,
        batch_size=plan.batch_size,
        tokens_per_row=statistics.fmean(len(row.input_ids) for row in work.train),
        rows=rows_of(plan.data, plan.max_length),
        device=work.loaded.device.name,
        load_seconds=loading,
        validation_row_seconds=validating,
        saving_seconds=saving,
        peak_gib=memory.peak_gib,
        watts=stopwatch.watts,
        at=time.time(),
    )


class Stopwatch(TrainerCallback):
    """Times steps after a warm-up, and ends the training when it has enough of them."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.trainer: Any = None
        """Set once the trainer exists; it counts the tokens."""
        self.timed: list[tuple[int, float]] = []
        """Tokens and seconds of each step, from the end of the one before to its own end."""
        self.watts: float | None = None
        self._energy = Energy()
        self._first = self._last = 0.0
        self._tokens = 0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401
        """Start with the first step."""
        if state.global_step == 0:
            self._first = self._last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401
        """Take the time, and stop when it is enough."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now, tokens = time.monotonic(), self.trainer.tokens_seen
        late = now - self._first >= LONGEST
        # A first step that takes so long is a measurement, too: nobody wants to wait for another.
        if state.global_step > WARM_UP or late:
            self.timed.append((tokens - self._tokens, now - self._last))
        if state.global_step == WARM_UP:
            self._energy.start()
        self._last, self._tokens = now, tokens
        enough = len(self.timed) >= FEWEST_STEPS and sum(seconds for _, seconds in self.timed) >= SHORTEST
        self._tell(f"taking step {state.global_step + 1}", 0.3 + 0.6 * min(1.0, len(self.timed) / FEWEST_STEPS))
        if enough or late:
            self.watts = self._energy.watts()
            control.should_training_stop = True


@dataclass(slots=True)
class _Memory:
    """The most that was held at any look."""

    machine: Machine
    peak_gib: float | None = None
    _held: float = field(init=False)
    """By others on the device, before this process came."""

    def __post_init__(self) -> None:
        gpus = self.machine.gpus
        self._held = gpus[0].total_gib - gpus[0].free_gib if gpus else 0.0

    def take(self, seen: MemoryMeasured) -> None:
        own = seen.used_gib - (self._held if seen.kind == "gpu" else 0.0)
        self.peak_gib = max(self.peak_gib or 0.0, own, seen.reserved_gib or 0.0)


def _endless(work: Work) -> Work:
    """The same work with so many epochs that it is the stopwatch that ends it, and only a few rows to validate."""
    plan = work.plan.model_copy(update={"epochs": _EPOCHS})
    pace = replace(work.pace, total_steps=work.pace.steps_per_epoch * _EPOCHS)
    return replace(work, plan=plan, pace=pace, validation=_some(work.validation))


def _some(rows: Sequence[Encoded]) -> list[Encoded]:
    """Rows of all lengths: short, middling and long."""
    ordered = sorted(rows, key=lambda row: len(row.input_ids))
    count = min(VALIDATED, len(ordered))
    return [ordered[(2 * place + 1) * len(ordered) // (2 * count)] for place in range(count)]


def _saving(trainer: RowTrainer, keeper: Keeper, folder: Path) -> float:
    """Seconds that one saving of the best weights takes.

    Raises:
        MachineError: They would not fit onto the disk.
    """
    size = sum(weights.numel() * 4 for weights in trainer.model.parameters() if weights.requires_grad)
    free = shutil.disk_usage(folder).free
    if size > free:
        raise MachineError(
            f"The tuned weights take {size / 2**30:.1f} GiB and {free / 2**30:.1f} GiB are free on the disk.",
            "Free some space, delete old runs, or choose a method that trains fewer weights.",
        )
    if size <= WRITTEN:
        return _seconds(lambda: keeper.keep(trainer.model, 0))
    block = os.urandom(2**20)

    def fill(place: Path) -> None:
        with (place / "weights").open("wb") as file:
            for _ in range(WRITTEN // len(block)):
                file.write(block)

    return _seconds(lambda: write_folder(folder / "best", fill)) * size / WRITTEN


def _seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


@contextlib.contextmanager
def _folder(home: Path) -> Iterator[Path]:
    """A folder of this process, which goes away again; so do those that ended probes have left."""
    place = home / "probes"
    for old in place.iterdir() if place.is_dir() else ():
        if not (old.name.isdigit() and psutil.pid_exists(int(old.name))):
            shutil.rmtree(old, ignore_errors=True)
    folder = place / str(os.getpid())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another probe's folder is in it
            place.rmdir()
