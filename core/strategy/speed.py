"""How fast a model trains on this machine, as it was measured; nothing in here is made up."""

import hashlib
import json
from dataclasses import dataclass

from core.dataset.choice import DataChoice
from core.strategy.machine import Machine
from core.strategy.methods import read_options
from core.strategy.plan import Plan

_DECIDING = {"model", "method", "batch_size", "accumulation", "max_length", "gradient_checkpointing"}
"""Settings of a plan that its speed depends on, beside the method's options and the precision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What some real steps took: of a probe, or of earlier runs. None stands for what was not measured."""

    steps: int
    """Optimizer steps that were timed."""
    runs: int = 0
    """Earlier runs that they were part of; 0 for a probe."""
    tokens_per_second: float
    """Real tokens through forward, backward and optimizer: the median step of a probe, the whole of an earlier run."""
    slow: float
    """The same in the slower steps (the lower quartile); of several runs, of the slowest."""
    fast: float
    batch_size: int
    """Rows of one forward pass."""
    tokens_per_row: float
    """Mean over the training rows of `rows`."""
    rows: str
    """Which rows those were, as `rows_of` says it; empty where their tokens were not counted."""
    device: str
    """As a person calls it: "CPU, 2 threads"."""
    load_seconds: float | None = None
    """From the start of the work to the first validation: rows, model, tokens."""
    validation_row_seconds: float | None = None
    saving_seconds: float | None = None
    """One saving of the best weights; 0 where `validation_row_seconds` holds it."""
    scoring_row_seconds: float | None = None
    """A test row answered by base and tuned model, with loading both."""
    peak_gib: float | None = None
    """Most memory that was held: of the device for a GPU, else of the process."""
    watts: float | None = None
    """Mean power of the GPU, without the rest of the computer."""
    at: float = 0.0
    """When it was measured: UTC epoch, seconds."""

    @property
    def basis(self) -> str:
        """Where it comes from, in words."""
        if self.runs:
            which = "an earlier run" if self.runs == 1 else f"{self.runs} earlier runs"
            return f"as {which} on this computer went"
        return f"measured in {self.steps} step{'s' if self.steps != 1 else ''} on this computer"


def rows_of(choice: DataChoice, max_length: int) -> str:
    """The rows by which tokens were counted: two choices that read the same rows alike have the same words."""
    raw = choice.model_dump(mode="json", exclude={"name", "split"})
    return _hashed({**raw, "max_length": max_length})


def key(plan: Plan, machine: Machine) -> str:
    """Under which name the store keeps the speed of `plan` on `machine`; other rows do not change it."""
    gpu = machine.gpus[0] if machine.gpus else None
    raw = {
        "machine": [machine.cpu_name, machine.cpu_count, gpu.name if gpu else ""],
        "precision": precision(plan, machine),
        "options": read_options(plan.method, plan.options).model_dump(mode="json"),
        **plan.model_dump(mode="json", include=_DECIDING),
    }
    return f"speed {_hashed(raw)}"


def precision(plan: Plan, machine: Machine) -> str:
    """What the plan's precision comes to on this machine."""
    if plan.precision != "auto":
        return plan.precision
    return "bf16" if machine.bf16 else "fp32"


def _hashed(raw: object) -> str:
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:24]
