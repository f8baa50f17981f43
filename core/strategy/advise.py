"""Data, model, machine and goal become a complete plan, with a reason and its source for each choice.

The advice is a pure function of its arguments: asked twice, it says the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from core.dataset.choice import DataChoice
from core.dataset.example import Split
from core.dataset.variants import copied_share
from core.strategy import choices, matrix
from core.strategy.cautions import cautions
from core.strategy.choices import Goal, Reason, Situation
from core.strategy.lengths import Lengths, measure
from core.strategy.machine import Gpu, Machine
from core.strategy.matrix import Augment, Cell
from core.strategy.memory import MemoryForecast
from core.strategy.methods import METHODS
from core.strategy.model_facts import ModelFacts
from core.strategy.plan import Plan
from core.strategy.settled import settled

__all__ = ["Advice", "Alternative", "Goal", "Reason", "advise"]

COPIES_SEEN = 1000
"""Examples from which is told how much of the answers is copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A method on the same data, with the settings and the memory it would need."""

    method: str
    options: dict[str, Any]
    learning_rate: float
    memory_gib: float
    seconds: float | None
    """Training time where it was measured on this machine, else None: it is never made up."""
    fits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A complete plan and why it is so."""

    plan: Plan
    reasons: tuple[Reason, ...]
    augment: Augment
    memory: MemoryForecast
    alternatives: tuple[Alternative, ...]
    """The methods that advice compares, the recommended one too, in the menu's order."""
    swaps: dict[str, dict[str, Any]]
    """Every method of the menu, and what changes in the plan when it is taken."""
    rows: int
    """Examples by people that are not held out for the test: what the matrix counts."""
    generated: int
    """Training rows that a teacher wrote; they count for passes and steps, and for no band."""
    cell: Cell
    """The lit cell of the matrix."""
    lengths: Lengths
    cautions: tuple[str, ...]
    """What speaks against tuning, or against this model, before anything is trained; the gravest first."""

    def instead(self, method: str) -> dict[str, Any]:
        """What changes in the plan when another method is taken: its name, options and learning rate."""
        return dict(self.swaps[method])

    @property
    def headline(self) -> str:
        """The finding in a sentence: "QLoRA fits and suits 500 examples"."""
        title = METHODS[self.plan.method].title
        if not self.memory.fits:
            return f"{title} suits {self.told} and may not fit this machine"
        return f"{title} fits and suits {self.told}"

    @property
    def told(self) -> str:
        """The rows in words: "500 examples", "90 examples by people, with 180 generated rows"."""
        more = f" by people, with {self.generated:,} generated rows" if self.generated else ""
        return f"{self.rows:,} examples{more}"

    def as_json(self) -> dict[str, Any]:
        """The shape that `fewtune advise --json` answers."""
        return {
            "plan": self.plan.model_dump(mode="json"),
            "rows": {"human": self.rows, "generated": self.generated},
            "reasons": [
                {"choice": r.choice, "because": r.because, "source": r.source, "sure": r.sure} for r in self.reasons
            ],
            "cautions": list(self.cautions),
            "augment": self.augment,
            "memory": self.memory.as_json(),
            "alternatives": [
                {
                    "method": other.method,
                    "options": other.options,
                    "memory_gib": other.memory_gib,
                    "seconds": other.seconds,
                    "fits": other.fits,
                }
                for other in self.alternatives
            ],
        }


def advise(  # noqa: PLR0913 - the engine hands over all it knows
    split: Split,
    choice: DataChoice,
    facts: ModelFacts,
    machine: Machine,
    *,
    goal: Goal = Goal.BALANCED,
    budget: bool = False,
    gpu_memory: float | None = None,
) -> Advice:
    """Recommend a plan. `gpu_memory` (GiB) stands for a GPU that this machine need not have."""
    if gpu_memory is not None:
        machine = replace(machine, gpus=(Gpu(f"A GPU of {gpu_memory:g} GiB", gpu_memory, gpu_memory),))
    examples = split.before_test
    situation = Situation(
        human=split.human,
        generated=split.generated,
        train_rows=len(split.train),
        validation_rows=len(split.validation),
        facts=facts,
        machine=machine,
        goal=Goal(goal),
        budget=budget,
        cell=matrix.cell_for(split.human),
        lengths=measure(examples, facts),
        labelled=bool(split.labels),
        plain=choice.format == "plain_text",
        copied=copied_share(examples[:COPIES_SEEN]),
    )
    plan, method_reason = _plan(situation, choice)
    memory = situation.forecast(plan)
    return Advice(
        plan=plan,
        reasons=(method_reason, *_reasons(situation, plan, fits=memory.fits)),
        augment=situation.cell.augment,
        memory=memory,
        alternatives=tuple(_alternatives(situation, plan)),
        swaps={method: _swap(situation, plan, method) for method in METHODS},
        rows=situation.human,
        generated=situation.generated,
        cell=situation.cell,
        lengths=situation.lengths,
        cautions=tuple(cautions(split, choice, facts, machine)),
    )


def _plan(it: Situation, choice: DataChoice) -> tuple[Plan, Reason]:
    """The first method that fits, as fast as it fits; else the last one, as small as it goes, of a rank that fits."""
    wanted = choices.methods(it)
    if wanted[0][0] == "qlora":
        wanted = [*_unsaved(it, choice), *wanted]
    smallest: Plan | None = None
    for method, reason in wanted:
        for plan in _variants(it, _draft(it, choice, method)):
            if it.forecast(plan).fits:
                return plan, reason
            smallest = plan
    assert smallest is not None
    lower = (plan for plan in choices.lower_ranks(smallest) if it.forecast(plan).fits)
    return next(lower, smallest), wanted[-1][1]


def _unsaved(it: Situation, choice: DataChoice) -> Iterator[tuple[str, Reason]]:
    """LoRA, where four bits save too little memory for free answers, or none where all turns on memory."""
    frugal = it.budget or it.goal is Goal.LEAST_MEMORY
    if it.labelled and not frugal:
        return
    qlora, lora = (it.forecast(next(_variants(it, _draft(it, choice, name)))).total_gib for name in ("qlora", "lora"))
    least = 0.0 if frugal else matrix.least_saved()
    if lora - qlora <= least * lora:
        yield "lora", Reason(choice="method", because=matrix.unsaved(qlora, lora), source=choices.FORECAST)


def _draft(it: Situation, choice: DataChoice, method: str) -> Plan:
    return Plan(
        data=choice,
        model=it.facts.model,
        method=method,
        options=choices.options(it, method),
        head="class" if it.facts.is_encoder else "text",
        epochs=choices.epochs(it)[0],
        learning_rate=choices.learning_rate(it, method)[0],
        max_length=choices.max_length(it)[0],
        patience=choices.patience(it)[0],
        variants=choices.variants(it)[0],
        precision=choices.precision(it, method)[0],
    )


def _variants(it: Situation, draft: Plan) -> Iterator[Plan]:
    """The draft with its step divided ever finer, then with activations computed twice: from fast to small."""
    rows = choices.rows_per_step(it)
    sizes = [rows >> halvings for halvings in range(rows.bit_length())]
    kept = [(size, False) for size in sizes] + [(size, True) for size in sizes]
    for size, recompute in kept[-1:] if it.goal is Goal.LEAST_MEMORY else kept:
        yield draft.model_copy(
            update={"batch_size": size, "accumulation": rows // size, "gradient_checkpointing": recompute}
        )


def _reasons(it: Situation, plan: Plan, *, fits: bool) -> list[Reason]:
    return [
        *choices.rank(it, plan),
        choices.learning_rate(it, plan.method)[1],
        choices.epochs(it)[1],
        *choices.batch(it, plan, fits=fits),
        choices.max_length(it)[1],
        choices.patience(it)[1],
        choices.variants(it)[1],
        choices.augment(it),
        choices.precision(it, plan.method)[1],
        *settled(plan),
    ]


def _alternatives(it: Situation, plan: Plan) -> Iterator[Alternative]:
    for method in (name for name in METHODS if METHODS[name].advised):
        swap = _swap(it, plan, method)
        predicted = it.forecast(plan.model_copy(update=swap))
        yield Alternative(
            method=method,
            options=swap["options"],
            learning_rate=swap["learning_rate"],
            memory_gib=predicted.total_gib,
            seconds=None,
            fits=predicted.fits,
        )


def _swap(it: Situation, plan: Plan, method: str) -> dict[str, Any]:
    options = plan.options if method == plan.method else choices.options(it, method)
    rate = plan.learning_rate if method == plan.method else choices.learning_rate(it, method)[0]
    return {"method": method, "options": dict(options), "learning_rate": rate}
