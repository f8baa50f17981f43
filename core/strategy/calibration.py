"""What earlier runs on this machine held, against what is forecast for them: later forecasts learn from it."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from core.errors import FewtuneError
from core.events import Event, MemoryMeasured, Prepared, RunState, StateChanged, StepTaken
from core.strategy.advise import Advice
from core.strategy.machine import Machine
from core.strategy.memory import EXACT, AnswerShares, MemoryForecast, forecast, precision_of
from core.strategy.model_facts import ModelFacts, locate, read_facts
from core.strategy.plan import Plan

FEWEST_STEPS = 3
"""Optimizer steps that a run must have taken: by then everything is held once."""
FEWEST_RUNS = 2
"""One run may be odd."""
LOOK_BACK = 20
"""Newest runs that are asked."""
CORRECTED = "corrected by"
"""How the cause of a corrected forecast begins."""
_LIMITS = (0.5, 2.0)
"""A factor beyond these says that something else was measured."""

Shares = Callable[[Plan, ModelFacts], AnswerShares | None]
"""How much of a plan's rows is answer; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The most memory that a run held in training."""

    plan: Plan
    device: str
    """"CPU", or the GPU's name."""
    precision: str
    """Of the matrix products: "fp32" or "bf16"."""
    peak_gib: float
    """Of the process on a CPU, of torch's allocator on a GPU: what other programs hold there does not count."""
    batch_tokens: int
    """Tokens of the fullest forward pass, the mean over those of its optimizer step."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What forecasts of a kind of run are to be multiplied by."""

    factor: float
    """Of the parts that are not exact."""
    runs: int
    """That it was learned from."""


class Run(Protocol):
    """A line of the table of runs."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def plan(self) -> dict[str, Any]:
        """Its plan, as the store keeps it."""

    @property
    def state(self) -> RunState:
        """How far it is."""

    @property
    def attempt(self) -> int:
        """Part of the record."""


class Line(Protocol):
    """A line of a run's log."""

    @property
    def event(self) -> Event:
        """What was said."""


class Logs(Protocol):
    """Where runs and what they said are kept: `core.store.store.Store`."""

    def runs(self) -> Sequence[Run]:
        """All runs, newest first."""

    def overview(self, run_id: str, kind: str | None = None) -> Sequence[Line]:
        """What the run's jobs of one kind said, oldest first; of many steps some."""


class Experience:
    """Forecasts that learn from the newest runs of a store; their logs are read once."""

    def __init__(self, logs: Logs, shares: Shares = lambda _plan, _facts: None) -> None:
        self._logs = logs
        self._shares = shares
        self._known: dict[tuple[str, int], Held | None] = {}

    def forecast(self, plan: Plan, facts: ModelFacts, machine: Machine) -> MemoryForecast:
        """Predict the peak memory of `plan`, corrected by what earlier runs like it held.

        Raises:
            NotFoundError: The plan names an unknown method.
            SettingsError: The method's options are wrong.
        """
        told = forecast(plan, facts, machine, self._shares(plan, facts))
        return corrected(told, correction(plan, facts, machine, self.held(), self._shares))

    def corrected(self, advice: Advice, facts: ModelFacts, machine: Machine) -> Advice:
        """The advice with each of its forecasts corrected; what it recommends stays."""

        def told(method: str) -> dict[str, Any]:
            memory = self.forecast(advice.plan.model_copy(update=advice.instead(method)), facts, machine)
            return {"memory_gib": memory.total_gib, "fits": memory.fits}

        others = tuple(replace(other, **told(other.method)) for other in advice.alternatives)
        return replace(advice, memory=self.forecast(advice.plan, facts, machine), alternatives=others)

    def held(self) -> list[Held]:
        """What the newest runs held, those that are going on too."""
        found = [self._held(run) for run in self._logs.runs()[:LOOK_BACK]]
        return [held for held in found if held is not None]

    def _held(self, run: Run) -> Held | None:
        key = run.id, run.attempt
        if key in self._known:
            return self._known[key]
        held = observe(run.plan, (line.event for line in self._logs.overview(run.id, kind="train")))
        if run.state.is_final:
            self._known[key] = held
        return held


def observe(plan: Mapping[str, Any], events: Iterable[Event]) -> Held | None:
    """What a run of `plan` held, by what its training said; None where that is too little, or of another version."""
    try:
        known = Plan(**plan)
    except ValidationError:
        return None
    training = list(takewhile(_is_training, events))
    prepared = next((event for event in training if isinstance(event, Prepared)), None)
    peak = max((_own_gib(event) for event in training if isinstance(event, MemoryMeasured)), default=0.0)
    steps = [event for event in training if isinstance(event, StepTaken)]
    if prepared is None or len(steps) < FEWEST_STEPS or not peak:
        return None
    counts = [(steps[0].step - 1, 0), *((step.step, step.tokens) for step in steps)]
    # An attempt counts its tokens from nought, so the first step of a resumed one is left out; a long log has gaps.
    most = max((after[1] - before[1]) / max(1, after[0] - before[0]) for before, after in pairwise(counts))
    return Held(
        plan=known,
        device=_device(prepared.device),
        precision=prepared.precision.partition(",")[0],
        peak_gib=peak,
        batch_tokens=max(1, round(most / known.accumulation)),
    )


def correction(
    plan: Plan,
    facts: ModelFacts,
    machine: Machine,
    earlier: Iterable[Held],
    shares: Shares = lambda _plan, _facts: None,
) -> Correction | None:
    """What `earlier` runs of the same family, method and precision on this kind of device say of the forecast.

    The median of measured over forecast; None where fewer than two such runs are known.
    """
    kind = (machine.gpus[0].name if machine.gpus else "CPU", plan.method, precision_of(plan, machine))
    alike = [held for held in earlier if (held.device, held.plan.method, held.precision) == kind]
    alike = [held for held in alike if held.plan.head == plan.head]
    ratios = [ratio for held in alike if (ratio := _ratio(held, plan, facts, machine, shares)) is not None]
    if len(ratios) < FEWEST_RUNS:
        return None
    low, high = _LIMITS
    return Correction(min(high, max(low, statistics.median(ratios))), len(ratios))


def corrected(told: MemoryForecast, learned: Correction | None) -> MemoryForecast:
    """The forecast with its inexact parts multiplied by what was learned."""
    if learned is None:
        return told
    firm = _firm(told)
    parts = {name: size * (1 if name in firm else learned.factor) for name, size in told.parts.items()}
    total = sum(parts.values())
    change = total - told.total_gib
    return replace(
        told,
        parts=parts,
        total_gib=total,
        low_gib=min(total, max(sum(parts[name] for name in firm), told.low_gib + change)),
        high_gib=told.high_gib + change,
        fits=told.high_gib + change <= told.available_gib,
        cause=f"{CORRECTED} what {learned.runs} runs on this machine measured: x{learned.factor:.2f}; {told.cause}",
    )


def _ratio(held: Held, plan: Plan, facts: ModelFacts, machine: Machine, shares: Shares) -> float | None:
    """Measured over forecast of the parts that are not exact, for the rows that the run really had."""
    own = facts if held.plan.model == plan.model else _facts_here(held.plan.model)
    if own is None or own.architecture != facts.architecture:
        return None
    length = -(-held.batch_tokens // held.plan.batch_size)
    told = forecast(held.plan.model_copy(update={"max_length": length}), own, machine, shares(held.plan, own))
    firm = sum(told.parts[name] for name in _firm(told) if name != "runtime")
    runtime = told.parts["runtime"] if told.where == "GPU" else 0.0  # torch's allocator knows nothing of the context
    measured, expected = held.peak_gib - firm, told.total_gib - firm - runtime
    return measured / expected if measured > 0 and expected > 0 else None


def _firm(told: MemoryForecast) -> Sequence[str]:
    """The parts that a correction leaves alone."""
    return [name for name in told.parts if name in EXACT or (name == "runtime" and told.where == "GPU")]


def _facts_here(model: str) -> ModelFacts | None:
    """The numbers of a model whose folder is on this machine; of others nobody is asked here, least of all a hub."""
    try:
        return read_facts(model) if isinstance(locate(model), Path) else None
    except FewtuneError:
        return None


def _is_training(event: Event) -> bool:
    # After it, base and tuned model are answering, which holds other things.
    return not (isinstance(event, StateChanged) and event.state is RunState.EVALUATING)


def _own_gib(event: MemoryMeasured) -> float:
    """What the run itself held: a whole GPU's memory may be in others' hands too."""
    return event.used_gib if event.kind == "process" else event.reserved_gib or 0.0


def _device(name: str) -> str:
    return "CPU" if name.startswith("CPU") else name
