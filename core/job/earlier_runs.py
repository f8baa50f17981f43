"""What the log of an earlier run tells of how fast it went."""

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from pydantic import ValidationError

from core.errors import UserError
from core.events import Accompanied, Evaluated, MemoryMeasured, Prepared, RunState, StateChanged, StepTaken, Validated
from core.store.store import Record, RunRow
from core.strategy.machine import Machine
from core.strategy.methods import read_options
from core.strategy.plan import Plan
from core.strategy.speed import Speed, precision, rows_of

WARM_UP = 2
"""Steps of each attempt that do not count: kernels are chosen, the optimizer gets its memory."""
_JUMP_SECONDS = 5.0
"""By which the wall clock and the monotonic one may differ from one sample to the next."""
FEWEST_STEPS = 3
"""A run of fewer, beyond those, says nothing."""


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run that is over, or far enough to tell."""

    plan: Plan
    precision: str
    """That its matrix products had: "fp32" or "bf16"."""
    speed: Speed

    def fits(self, plan: Plan, machine: Machine) -> bool:
        """Whether it tells of `plan` on `machine`: the same work on the same device, in steps of whatever size."""
        device, gpu = self.speed.device, machine.gpus[0].name if machine.gpus else "CPU"
        return (
            self.plan.model == plan.model
            and self.plan.method == plan.method
            and self.plan.head == plan.head
            and _words(self.plan) == _words(plan)
            and self.plan.gradient_checkpointing == plan.gradient_checkpointing
            and self.precision == precision(plan, machine)
            # A slice of a GPU has the GPU's name with more behind it.
            and (device.startswith(gpu) or gpu.startswith(device))
        )

    def distance(self, plan: Plan) -> float:
        """How often the batch would have to be doubled or halved to be that of `plan`."""
        return abs(math.log2(self.plan.batch_size / plan.batch_size))


def read_run(row: RunRow, records: Sequence[Record]) -> EarlierRun | None:
    """What the training records of a run tell.

    None where it took too few steps, shared its device with another run, or its plan is of another version.
    """
    try:
        plan = Plan(**row.plan)
        read_options(plan.method, plan.options)
    except (ValidationError, TypeError, UserError):
        return None
    attempts = [list(group) for _, group in groupby(records, key=lambda record: record.job_id)]
    timed = [step for attempt in attempts for step in _timed(attempt)]
    steady = [attempt for attempt in attempts if not _clock_jumped(attempt)]
    prepared = next((record.event for record in reversed(records) if isinstance(record.event, Prepared)), None)
    together = any(isinstance(record.event, Accompanied) for record in records)
    if together or prepared is None or len(timed) < FEWEST_STEPS:
        return None
    tokens_per_row = _tokens_per_row(records, prepared.train_rows)
    slow, _, fast = statistics.quantiles((tokens / seconds for tokens, seconds in timed), n=4)
    whole = sum(tokens for tokens, _ in timed) / sum(seconds for _, seconds in timed)
    speed = Speed(
        steps=len(timed),
        runs=1,
        tokens_per_second=whole,
        slow=min(slow, whole),
        fast=max(fast, whole),
        batch_size=plan.batch_size,
        tokens_per_row=tokens_per_row,
        rows=rows_of(plan.data, plan.max_length) if tokens_per_row else "",
        device=prepared.device,
        load_seconds=_middle(_loading(attempt) for attempt in steady),
        validation_row_seconds=_middle(_validating(attempt, prepared.validation_rows) for attempt in steady),
        saving_seconds=0.0,
        scoring_row_seconds=_middle(_scoring(attempt) for attempt in steady),
        peak_gib=_peak(records),
        at=row.updated_at,
    )
    return EarlierRun(plan, prepared.precision.partition(",")[0], speed)


def together(runs: Sequence[EarlierRun], plan: Plan) -> Speed | None:
    """What several runs say of `plan`, the newest first; None where there is none."""
    if not runs:
        return None
    speeds = [run.speed for run in runs]
    rows = rows_of(plan.data, plan.max_length)
    same = next((speed for speed in speeds if speed.rows == rows), speeds[0])
    of_same_kind = [run.speed for run in runs if run.plan.data.format == plan.data.format]
    return replace(
        same,
        steps=sum(speed.steps for speed in speeds),
        runs=len(speeds),
        tokens_per_second=statistics.median(speed.tokens_per_second for speed in speeds),
        slow=min(speed.slow for speed in speeds),
        fast=max(speed.fast for speed in speeds),
        load_seconds=_middle(speed.load_seconds for speed in speeds),
        validation_row_seconds=_middle(speed.validation_row_seconds for speed in speeds),
        # An answer of other data may be a word or a page.
        scoring_row_seconds=same.scoring_row_seconds
        if same.rows == rows
        else _middle(speed.scoring_row_seconds for speed in of_same_kind),
        peak_gib=same.peak_gib if same.rows == rows and _like(runs, same, plan) else None,
        at=max(speed.at for speed in speeds),
    )


def _like(runs: Sequence[EarlierRun], speed: Speed, plan: Plan) -> bool:
    """Whether the run of `speed` held in memory what `plan` would."""
    run = next(run for run in runs if run.speed is speed)
    return run.plan.batch_size == plan.batch_size and run.plan.options == plan.options


def _words(plan: Plan) -> dict[str, str]:
    """Options that are words say which layers are trained; a rank changes the pace but little."""
    options = read_options(plan.method, plan.options).model_dump()
    return {name: value for name, value in options.items() if isinstance(value, str)}


def _timed(attempt: Sequence[Record]) -> Iterator[tuple[int, float]]:
    """Tokens and seconds of each step after the warm-up."""
    steps = [record.event for record in attempt if isinstance(record.event, StepTaken)]
    for before, after in pairwise(steps[WARM_UP - 1 :]):
        if after.seconds > before.seconds and after.tokens > before.tokens:
            yield after.tokens - before.tokens, after.seconds - before.seconds


def _tokens_per_row(records: Sequence[Record], train_rows: int) -> float:
    """Mean tokens of a training row; 0 where the log does not tell."""
    first = records[0].job_id
    steps = [r.event for r in records if r.job_id == first and isinstance(r.event, StepTaken)]
    # An attempt that was resumed counts its tokens from where it went on, so its epochs do not belong to them.
    if steps and steps[0].step == 1 and steps[-1].epoch:
        return steps[-1].tokens / (steps[-1].epoch * train_rows)
    return 0.0


def _loading(attempt: Sequence[Record]) -> float | None:
    began, training = _when(attempt, RunState.PREPARING), _when(attempt, RunState.TRAINING)
    return None if began is None or training is None else max(0.0, training - began)


def _validating(attempt: Sequence[Record], rows: int) -> float | None:
    """Seconds per row of one validation, with the saving that came with it: all of training that was no step."""
    began = _when(attempt, RunState.TRAINING)
    last = [record for record in attempt if isinstance(record.event, StepTaken | Validated)]
    steps = [record.event for record in attempt if isinstance(record.event, StepTaken)]
    count = sum(isinstance(record.event, Validated) for record in attempt)
    if began is None or not steps or not count or not rows:
        return None
    spent = last[-1].at - began - _paused(attempt) - steps[-1].seconds
    return max(0.0, spent) / (count * rows)


def _paused(attempt: Sequence[Record]) -> float:
    """Seconds of the attempt in which it was paused."""
    moves = [record for record in attempt if isinstance(record.event, StateChanged)]
    return sum(
        max(0.0, after.at - before.at)
        for before, after in pairwise(moves)
        if isinstance(before.event, StateChanged) and before.event.state is RunState.PAUSED
    )


def _scoring(attempt: Sequence[Record]) -> float | None:
    began = _when(attempt, RunState.EVALUATING)
    for record in attempt:
        if began is not None and isinstance(record.event, Evaluated) and record.event.rows:
            return max(0.0, record.at - began) / record.event.rows
    return None


def _clock_jumped(attempt: Sequence[Record]) -> bool:
    """Whether somebody set the wall clock meanwhile: then what it says of this attempt is worth nothing."""
    measured = [(record.at, record.event.seconds) for record in attempt if isinstance(record.event, MemoryMeasured)]
    return any(
        abs((later[0] - earlier[0]) - (later[1] - earlier[1])) > _JUMP_SECONDS for earlier, later in pairwise(measured)
    )


def _when(attempt: Sequence[Record], state: RunState) -> float | None:
    """When the attempt came into the state, by the wall clock."""
    for record in attempt:
        if isinstance(record.event, StateChanged) and record.event.state is state:
            return record.at
    return None


def _peak(records: Sequence[Record]) -> float | None:
    """Of the process; on a GPU the log has the whole device, other programs' share too."""
    seen = [r.event.used_gib for r in records if isinstance(r.event, MemoryMeasured) and r.event.kind == "process"]
    return max(seen, default=None)


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
