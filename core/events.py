"""What a job may say: its states and a closed set of events, with their JSON form.

A run is its plan and its event log; pages, reports and comparisons are functions of the log. Events are past tense and
frozen. Numbers that are not finite are stored as null and come back as None: NaN is never plotted as 0.0.
"""

import dataclasses
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias


class RunState(StrEnum):
    """Where a job is. The legal moves stand in `core.store.lifecycle`."""

    QUEUED = "QUEUED"
    PREPARING = "PREPARING"
    TRAINING = "TRAINING"
    PAUSED = "PAUSED"
    EVALUATING = "EVALUATING"
    EXPORTING = "EXPORTING"
    STOPPING = "STOPPING"
    DONE = "DONE"
    STOPPED = "STOPPED"
    FAILED = "FAILED"
    LOST = "LOST"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen in this attempt."""
        return self in {RunState.DONE, RunState.STOPPED, RunState.FAILED, RunState.LOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged:
    """The job went to another state."""

    state: RunState
    reason: str = ""
    """What happened, one or two sentences; empty where the state says all."""
    fix: str = ""
    """What to do next."""
    cause: str = ""
    """Of a bad end, where a next step is known for it: "memory" or "changed"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The data are tokenised, the model is loaded, and training can begin."""

    train_rows: int
    validation_rows: int
    test_rows: int
    dropped_rows: int
    """Rows of the training split left out because nothing of their answer fits into `max_length`."""
    truncated_rows: int
    """Rows of the training split whose prompt was shortened."""
    trainable_parameters: int
    total_parameters: int
    total_steps: int
    """Optimizer steps of the whole plan, without early stopping."""
    device: str
    """As a person calls it: "CPU, 2 threads" or "NVIDIA H200"."""
    precision: str
    """Of the matrix products: "fp32" or "bf16"; with ", 4-bit weights" or ", 8-bit weights" where quantised."""
    flops_per_token: float | None = None
    """Of forward and backward pass in the model's layers, without attention, embeddings, head; None: unknown."""
    peak_flops: float | None = None
    """Of the device in this precision, per second, as its maker says; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """One optimizer step finished."""

    step: int
    """Optimizer steps so far, counting from 1."""
    total_steps: int
    epoch: float
    loss: float | None
    """Mean training loss per answer token over this step, in nats; None where it was not finite."""
    learning_rate: float
    grad_norm: float | None
    tokens: int
    """Real tokens (no padding) seen since the first step of this attempt."""
    seconds: float
    """Seconds of training since this attempt's first step began, without validation and saving; monotonic clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """The validation rows were scored."""

    step: int
    epoch: float
    loss: float | None
    """Mean loss per answer token over the validation rows, in nats."""
    best: bool
    """Whether it is the lowest so far; its weights are then the ones that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleWritten:
    """The model as it was at this step answered a validation prompt; texts are cut to a few hundred characters."""

    step: int
    prompt: str
    """Or its end."""
    reference: str
    """The answer of the data."""
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryMeasured:
    """Memory and device load at one moment."""

    seconds: float
    """Since the attempt began, monotonic clock."""
    step: int
    """Optimizer steps finished by then."""
    kind: str
    """"gpu" (NVML, whole device) or "process" (resident memory of the worker)."""
    used_gib: float
    total_gib: float
    reserved_gib: float | None = None
    """Held by torch's CUDA allocator; None on a CPU."""
    allocated_gib: float | None = None
    """Of that, in tensors."""
    others_gib: float | None = None
    """Held by other programs on the same GPU; None where the driver does not tell."""
    utilisation_percent: float | None = None
    temperature_celsius: float | None = None
    power_watts: float | None = None
    """Drawn by the GPU at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved:
    """A checkpoint stands complete on disk."""

    step: int
    folder: str
    """Its name inside the run's folder."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Averaged:
    """The mean of the weights of several validations validated better than the best of them, and is kept instead."""

    steps: list[int]
    """Of the validations."""
    loss: float
    """Validation loss of the mean: nats per answer token."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """A long piece of work that is not an optimizer step went on: loading, scoring, exporting."""

    what: str
    """A phrase for people: "Scoring the untuned model"."""
    done: int
    total: int
    """0 where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something that a person should know: what was dropped, what was chosen instead, what looks wrong."""

    text: str
    severity: str = "note"
    """"note" or "warning"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accompanied:
    """Another run is at work on the same device from here on: what pace and power say from here on is of both."""

    run: str
    """Its id."""
    name: str
    """As typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """Base and tuned model were scored on the same held-out rows; the rows stand in the run's `evaluation.json`."""

    rows: int
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Metric name to {"base", "tuned", "interval": [low, high], "p_value"}; the interval (95 %) is of tuned - base."""
    wins: int = 0
    losses: int = 0
    ties: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An export stands complete on disk."""

    exporter: str
    folder: str
    """Where it lies: absolute, for the person at this machine."""
    size_bytes: int
    largest_logit_difference: float | None = None
    """Between the exported model, loaded in a fresh process, and the tuned model in the store."""
    fidelity: dict[str, Any] = field(default_factory=dict)
    """How it was compared: {"by": "logits" | "answers", "rows", "tolerance", "faithful", "problem"}; by logits with
    "difference"; by answers with "tuned" and "exported": {"loss": nats per token of the right answers, "right": share},
    "same_tokens" and "same_answers": shares."""
    checksums: dict[str, str] = field(default_factory=dict)
    """File in the folder to its SHA-256, in hexadecimal digits."""
    seconds: float | None = None
    """Wall-clock seconds from loading the tuned model to the end of the check."""


Event: TypeAlias = (
    StateChanged
    | Prepared
    | StepTaken
    | Validated
    | SampleWritten
    | MemoryMeasured
    | CheckpointSaved
    | Averaged
    | Advanced
    | Noted
    | Accompanied
    | Evaluated
    | Exported
)
Emit: TypeAlias = Callable[[Event], None]

_KINDS: dict[str, type[Any]] = {
    re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(): kind
    for kind in (
        StateChanged,
        Prepared,
        StepTaken,
        Validated,
        SampleWritten,
        MemoryMeasured,
        CheckpointSaved,
        Averaged,
        Advanced,
        Noted,
        Accompanied,
        Evaluated,
        Exported,
    )
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encode(event: Event) -> dict[str, Any]:
    """The event as plain JSON values, with its kind under "event" ("step_taken")."""
    return {"event": _NAMES[type(event)]} | {f.name: _finite(getattr(event, f.name)) for f in dataclasses.fields(event)}


def decode(raw: dict[str, Any]) -> Event:
    """The event that `encode` wrote.

    Raises:
        ValueError: The kind is unknown, or a field is missing or one too many: a store of another version.
    """
    values = dict(raw)
    kind = _KINDS.get(values.pop("event", ""))
    if kind is None:
        raise ValueError(f"There is no event called {raw.get('event')!r}.")
    if "state" in values:
        values["state"] = RunState(values["state"])
    try:
        event: Event = kind(**values)
    except TypeError as error:
        raise ValueError(f"Not a valid {raw['event']} event: {error}") from error
    return event


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value goes through
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
