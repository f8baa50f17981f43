"""The single choices of an advice: each function gives a value of the plan and the reason for it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.strategy import matrix
from core.strategy.lengths import LONGEST, Lengths
from core.strategy.machine import Machine
from core.strategy.matrix import Cell
from core.strategy.memory import MemoryForecast, forecast
from core.strategy.methods import METHODS, read_options
from core.strategy.model_facts import ModelFacts
from core.strategy.plan import Plan

ROWS_SEEN = {"best": 3200, "balanced": 2240, "least_memory": 2240, "fastest": 1120}
"""Rows aimed at over all passes, by goal; early stopping ends sooner where it can."""
FEWEST_EPOCHS, MOST_EPOCHS = 3, 20
SMALL_SET = 1000
"""Examples below which a step takes `SMALL_STEP` rows, and not twice as many."""
SMALL_STEP = 8
VARIANTS = 3
MOSTLY_OWN = 0.25
"""Share of the answers' rare words in the prompts below which variants of rows are not advised."""
COPIES_ALREADY = 100_000_000
"""Parameters from which variants are not advised."""
LOWEST_RANK = 8
"""Below it the guide takes none, whatever the memory."""
FORECAST = "memory forecast"
SMALL_MODEL = 30_000_000
"""Parameters below which a processor computes in fp32."""


class Goal(StrEnum):
    """What matters most."""

    BEST = "best"
    BALANCED = "balanced"
    LEAST_MEMORY = "least_memory"
    FASTEST = "fastest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one value of the plan is as it is."""

    choice: str
    """The plan's field, the method's option, "objective", "early_stopping" or "augment"."""
    because: str
    source: str
    """Document and section, or what was measured."""

    @property
    def sure(self) -> str:
        """How sure it is: "measured" here, a "forecast", "tried" by us, "from the source", or a "rule of thumb"."""
        if self.source in {"your data", "this machine"}:
            return "measured"
        if self.source == FORECAST:
            return "forecast"
        if "rule of thumb" in self.source:
            return "rule of thumb"
        return "tried" if self.source.startswith("tried") else "from the source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the advice is about."""

    human: int
    """Examples by people that are not held out for the test: what the matrix counts."""
    generated: int
    """Training rows that a teacher wrote."""
    train_rows: int
    validation_rows: int
    facts: ModelFacts
    machine: Machine
    goal: Goal
    budget: bool
    cell: Cell
    lengths: Lengths
    labelled: bool
    """Whether the answers are labels, and not free text."""
    plain: bool = False
    """Whether there are no prompts: the texts themselves are learned."""
    copied: float = 0.0
    """Share of the answers' rare words that stand in their prompts."""

    @property
    def rows(self) -> int:
        """Rows that are not held out for the test, whoever wrote them."""
        return self.human + self.generated

    @property
    def told(self) -> str:
        """The examples in words: "300 examples", "300 examples by people"."""
        return f"{self.human:,} examples{' by people' if self.generated else ''}"

    def forecast(self, plan: Plan) -> MemoryForecast:
        """The memory of `plan` for these rows on this machine."""
        return forecast(plan, self.facts, self.machine, self.lengths.answers)


def methods(it: Situation) -> list[tuple[str, Reason]]:
    """Methods to try, the wanted one first: one that does not fit gives way to the next."""
    cell, guide = it.cell, matrix.documents()["guide"]
    chosen = (cell.method, Reason(choice="method", because=cell.because, source=cell.source))
    wanted = [chosen]
    if it.budget:
        rule = matrix.budget_rule()
        return [(rule.method, Reason(choice="method", because=rule.because, source=rule.source))]
    if it.goal is Goal.LEAST_MEMORY:
        because = f"Least memory was asked for: the base model in 4 bits takes the least. {cell.because}"
        return [("qlora", Reason(choice="method", because=because, source=cell.source))]
    if it.goal is Goal.BEST and cell.larger:
        because = f"Best quality was asked for and it fits into memory. {cell.because}"
        wanted.insert(0, (cell.larger, Reason(choice="method", because=because, source=cell.source)))
    elif it.goal in {Goal.BEST, Goal.FASTEST} and cell.method == "qlora":
        wanted.insert(0, ("lora", _unquantised(it, guide)))
    because = f"The base model in 4 bits, because it does not fit into memory otherwise. {cell.because}"
    return [*wanted, ("qlora", Reason(choice="method", because=because, source=cell.source))]


def _unquantised(it: Situation, guide: str) -> Reason:
    lora, qlora = matrix.claims()["lora"], matrix.claims()["qlora"]
    if it.goal is Goal.BEST:
        why = f"scores {lora.mean:g} against {qlora.mean:g} on average over its three tasks"
    else:
        why = f"runs {lora.speed:g} times as fast as full tuning, against {qlora.speed:g} times"
    because = f"The guide takes QLoRA here to save memory; LoRA fits, and in the guide's comparison it {why}."
    return Reason(choice="method", because=because, source=f"{guide}, method comparison")


def options(it: Situation, method: str) -> dict[str, Any]:
    """The method's options in full, with the matrix's rank where it has one."""
    raw = {"rank": it.cell.rank} if "rank" in METHODS[method].options.model_fields else {}
    return read_options(method, raw).model_dump()


def rank(it: Situation, plan: Plan) -> list[Reason]:
    """Why the rank is as it is; nothing for a method without one."""
    if "rank" not in plan.options:
        return []
    method, taken = METHODS[plan.method], int(plan.options["rank"])
    learn = f"{method.trainable(it.facts, read_options(plan.method, plan.options)):,} parameters learn"
    if taken < it.cell.rank:
        because = f"Rank {taken} instead of {it.cell.rank}, which does not fit into memory: {learn}."
        return [Reason(choice="rank", because=because, source=FORECAST)]
    because = f"Rank {taken} for {it.told}, on all linear layers: {learn}."
    return [Reason(choice="rank", because=because, source=it.cell.source)]


def lower_ranks(plan: Plan) -> Iterator[Plan]:
    """The plan with its rank halved, and halved again."""
    rank = int(plan.options.get("rank", 0)) // 2
    while rank >= LOWEST_RANK:
        yield plan.model_copy(update={"options": plan.options | {"rank": rank}})
        rank //= 2


def learning_rate(it: Situation, method: str) -> tuple[float, Reason]:
    """The method's rate, higher for a small model."""
    large = METHODS[method].learning_rate
    rate, source = matrix.learning_rate(method, large, it.facts.parameters, labelled=it.labelled)
    if rate == large:
        because = f"{rate:g} is the usual rate of {METHODS[method].title} for models of billions of parameters."
        source = METHODS[method].source if method == "full" else source
    else:
        because = f"{rate:g} instead of {large:g}: a model of {it.facts.size} parameters needs larger steps."
    return rate, Reason(choice="learning_rate", because=because, source=source)


def rows_per_step(it: Situation) -> int:
    """Rows of one optimizer step."""
    return SMALL_STEP if it.rows < SMALL_SET else 2 * SMALL_STEP


def epochs(it: Situation) -> tuple[int, Reason]:
    """Enough passes for the rows aimed at."""
    rows = it.train_rows * (1 + variants(it)[0])
    each = math.ceil(rows / rows_per_step(it)) or 1
    count = min(MOST_EPOCHS, max(FEWEST_EPOCHS, math.ceil(ROWS_SEEN[it.goal] / max(1, rows))))
    because = (
        f"At most {count} passes over {rows:,} rows{_written(it)}, {count * each:,} optimizer steps: "
        "few examples need more passes, and early stopping decides."
    )
    survey = matrix.documents()["survey"]
    return count, Reason(choice="epochs", because=because, source=f"{survey}, hyperparameters for low-resource tuning")


def _written(it: Situation) -> str:
    if not it.generated:
        return ""
    return f" ({it.train_rows - it.generated:,} by people and {it.generated:,} by a teacher, before variants)"


def variants(it: Situation) -> tuple[int, Reason]:
    """Copies of each row with exchanged words, where answers are made of their prompts' words."""
    tried = "tried with the starter model on 300 medical notes: docs/methods-on-the-starter.md"
    count, source = 0, "your data"
    if it.labelled or it.plain:
        because = "No copies of rows with exchanged words: there are no words that prompt and answer share."
    elif it.copied < MOSTLY_OWN:
        because = f"No copies with exchanged words: prompts hold only {it.copied:.0%} of the answers' rare words."
    elif it.facts.parameters >= COPIES_ALREADY or it.rows >= SMALL_SET:
        because = "No copies with exchanged words: they teach a small model with few rows to carry words over."
        source = f"rule of thumb; {tried}"
    else:
        count, source = VARIANTS, tried
        because = (
            f"Prompts hold {it.copied:.0%} of the answers' rare words: in {count} copies of each row such words are "
            "exchanged in both, so that a small model learns to carry them over instead of knowing them by heart."
        )
    return count, Reason(choice="variants", because=because, source=source)


def max_length(it: Situation) -> tuple[int, Reason]:
    """Room for the longest row, or for 99 of 100 where a few are far longer."""
    lengths = it.lengths
    wanted = lengths.longest if lengths.longest <= 1.5 * lengths.most else lengths.most
    limit = min(it.facts.context, LONGEST)
    tokens = max(16, min(math.ceil(wanted / 16) * 16, limit))
    counted = "counted with the model's tokenizer" if lengths.exact else "estimated at 3.5 characters a token"
    because = f"The longest row has {lengths.longest:,} tokens, the median {lengths.median:,} ({counted})."
    if lengths.longest > tokens:
        why = "more would cost memory for 1 row in 100" if wanted <= limit else f"the limit here is {limit:,}"
        becomes = "texts are learned in windows of" if it.plain else "prompts are shortened to"
        because += f" Longer {becomes} {tokens:,}: {why}."
    return tokens, Reason(choice="max_length", because=because, source="your data")


def batch(it: Situation, plan: Plan, *, fits: bool) -> list[Reason]:
    """Why a step has as many rows, why they are divided as they are, and whether activations are kept."""
    rows = plan.rows_per_step
    because = f"{rows} rows per optimizer step, because {it.train_rows:,} training rows are few for larger steps."
    if rows > SMALL_STEP:
        because = f"{rows} rows per optimizer step, which steadies the gradient on {it.train_rows:,} training rows."
    why = "so that they fit into memory" if fits else "which is as small as it goes"
    if it.goal is Goal.LEAST_MEMORY:
        why = "because least memory was asked for"
    divided = f"{plan.batch_size} at a time, {plan.accumulation} times a step, {why}; together they make one step."
    if plan.accumulation == 1:
        divided = "All rows of a step fit into memory together."
    kept = "Activations are kept: they fit into memory, and computing them twice takes about a third more time."
    if plan.gradient_checkpointing:
        kept = f"Activations are computed twice instead of kept, {why}: about a third more time."
    survey = f"{matrix.documents()['survey']}, hyperparameters for low-resource tuning"
    return [
        Reason(choice="batch_size", because=because, source=survey),
        Reason(choice="accumulation", because=divided, source=FORECAST),
        Reason(choice="gradient_checkpointing", because=kept, source=FORECAST),
    ]


def patience(it: Situation) -> tuple[int, Reason]:
    """How long to wait for a better validation loss."""
    count = 5 if it.goal is Goal.BEST else 2 if it.goal is Goal.FASTEST else 3
    because = (
        f"Training ends after {count} validations without a lower loss on {it.validation_rows:,} held-out rows, "
        "and the best weights are kept."
    )
    guide = matrix.documents()["guide"]
    return count, Reason(choice="early_stopping", because=because, source=f"{guide}, practical rules")


def augment(it: Situation) -> Reason:
    """Whether synthetic examples are worth their cost."""
    needed, wise = "Synthetic examples are needed", "Synthetic examples are recommended"
    little = "Synthetic examples may help a little"
    words = {"required": needed, "recommended": wise, "optional": little, "off": "No synthetic examples"}
    because = f"{words[it.cell.augment]} at {it.told} (band: {it.cell.name})."
    if it.generated:
        because += f" The {it.generated:,} rows that a teacher wrote do not move the band."
    elif it.cell.augment != "off":
        because += f" {matrix.worth_of_generated(labelled=it.labelled)}"
    return Reason(choice="augment", because=because, source=it.cell.augment_source)


def precision(it: Situation, method: str) -> tuple[str, Reason]:
    """In what numbers the work is done: left to the device, but for a small model on a processor."""
    if not it.machine.gpus and it.facts.parameters < SMALL_MODEL:
        because = (
            f"fp32: with {it.facts.size} parameters bf16 saves a processor little time, costs memory for its kernels, "
            "and rounds."
        )
        return "fp32", Reason(choice="precision", because=because, source="tried on the starter model")
    products = "bf16" if it.machine.bf16 else "fp32"
    device = it.machine.gpus[0].name if it.machine.gpus else "This CPU"
    able = "multiplies bf16 in hardware" if it.machine.bf16 else "has no bf16 in hardware"
    because = f"{device} {able}, so matrix products run in {products}"
    if METHODS[method].quantised:
        because += "; the frozen weights are held in 4 bits (nf4)"
    elif it.machine.gpus and it.machine.bf16 and not METHODS[method].own_weights:
        because += ", and so are the frozen weights"
    else:
        because += "; the weights stay fp32"
    return "auto", Reason(choice="precision", because=f"{because}.", source="this machine")
