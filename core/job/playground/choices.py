"""Which weights of a run can be tried, and whether there is memory for them."""

import json
from dataclasses import dataclass
from pathlib import Path

from core.errors import MachineError
from core.strategy.machine import Machine
from core.strategy.memory import forecast
from core.strategy.methods import METHODS
from core.strategy.model_facts import ModelFacts
from core.strategy.plan import Plan

BEST, BASE, NEWEST = "best", "base", "newest"
CHECKPOINT = "checkpoint-"


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights that a run keeps."""

    name: str
    """As a question names them."""
    step: int
    stamp: str = ""
    """Changes when other weights take their place."""

    @property
    def title(self) -> str:
        """As people call them."""
        if self.name == BASE:
            return "Base only, untuned"
        if self.name == NEWEST:
            return f"Newest checkpoint, step {self.step:,}"
        return f"Best so far, step {self.step:,}" if self.name == BEST else f"Checkpoint of step {self.step:,}"


def weights_of(folder: Path, plan: Plan) -> list[Weights]:
    """The weights in a run's folder, the best first, then checkpoints, the newest first; the base model last.

    Whichever checkpoint is the newest when it is read has a name of its own: a run that trains replaces them.
    """
    found = []
    best = folder / "best"
    known = _step_and_stamp(best)
    if known is not None:
        found.append(Weights(BEST, *known))
    places = [path for path in (folder / "checkpoints").glob(f"{CHECKPOINT}*") if (path / "manifest.json").is_file()]
    numbers = [int(path.name.removeprefix(CHECKPOINT)) for path in places if path.name[len(CHECKPOINT) :].isdecimal()]
    found += [Weights(NEWEST, max(numbers), str(max(numbers)))] if numbers else []
    found += [Weights(f"{CHECKPOINT}{number}", number) for number in sorted(numbers, reverse=True)]
    return found if plan.head == "class" else [*found, Weights(BASE, 0)]


def _step_and_stamp(best: Path) -> tuple[int, str] | None:
    try:
        manifest = best / "manifest.json"
        stamp = str(manifest.stat().st_mtime_ns)
        return int(json.loads(manifest.read_text(encoding="utf-8"))["facts"].get("step", 0)), stamp
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # none, or one that loading will complain of
        return (0, "") if any(best.glob("*.safetensors")) else None


def refuse_unfit(plan: Plan, facts: ModelFacts, machine: Machine, which: str) -> None:
    """Make sure that the models can be held.

    Raises:
        MachineError: They need more memory than is free.
    """
    parts = forecast(plan, facts, machine).parts
    # What is tuned whole stands beside the model that it was.
    copies = 2 if METHODS[plan.method].learns == "everything" and which != BASE and plan.head != "class" else 1
    needed = copies * parts.get("weights", 0.0) + parts.get("adapter", 0.0) + parts.get("runtime", 0.0)
    free = machine.accelerator_gib if machine.accelerator_gib is not None else machine.memory_available_gib
    if needed > free:
        where = "the GPU's memory" if machine.accelerator_gib is not None else "memory"
        raise MachineError(
            f"{needed:.1f} GiB of {where} are needed for the models, and {free:.1f} GiB are free.",
            "Wait for the end of a run that goes on, or close other programs, and ask again.",
        )
