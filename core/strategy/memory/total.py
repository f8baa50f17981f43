"""The forecast: what is exact, what depends on the rows, and how far it may be off."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from core.strategy.head import learned, without_writing
from core.strategy.machine import Machine
from core.strategy.memory.step import LEARNED_AT_ONCE, Rows, Step, validation
from core.strategy.memory.tape import Rules
from core.strategy.methods import METHODS, read_options
from core.strategy.methods.starts import kept_numbers
from core.strategy.model_facts import ModelFacts
from core.strategy.plan import Plan

GIB = 1024**3
EXACT = frozenset({"weights", "adapter", "optimizer"})
"""Parts that nothing but a mistake can make wrong."""
MARGIN = 0.15
"""Share of the parts that are not exact by which a run may exceed them: fragmentation, other temporary results."""
ROUNDING = 0.03
"""The same of the exact parts: allocators round up."""


class AnswerShares(NamedTuple):
    """Share of a batch's tokens that is answer, 0 to 1: only answers meet the output layer."""

    low: float
    expected: float
    high: float
    """Of the batch with most of it."""


ANSWERS = AnswerShares(0.05, 0.5, 1.0)
"""Where nobody looked at the rows."""

_FOUR_BIT_BYTES = {True: 0.5 + 0.0165, False: 0.5 + 0.0625}
"""Per 4-bit parameter (nf4 or fp4) with its quantisation constants, by whether those are quantised too."""
_RUNTIME_GIB = {"GPU": (0.5, 0.75, 1.0), "CPU fp32": (0.55, 0.63, 0.8), "CPU bf16": (0.7, 0.92, 1.3)}
"""Low, expected, high. GPU: context and allocator. CPU: Python, torch, transformers, peft and trl, resident; in bf16
also the kernels that oneDNN compiles for every number of tokens, and keeps (measured: 0.71 GiB after 10 steps of rows
of different lengths, 0.95 after 60)."""
_FOUR_BITS_GIB = 0.1
"""What bitsandbytes adds to that on a CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryForecast:
    """The memory that a plan will need at its peak."""

    parts: dict[str, float]
    """GiB by what holds it at the fullest moment. The backward pass frees activations while gradients grow, so of a
    model that learns whole, either may be small then."""
    total_gib: float
    low_gib: float
    high_gib: float
    available_gib: float
    fits: bool
    """Whether even the high end fits into what is available."""
    where: str
    """"GPU" or "memory"."""
    cause: str
    """Why it is a range."""

    def as_json(self) -> dict[str, object]:
        """The shape that `fewtune advise --json` answers."""
        return {
            "total_gib": self.total_gib,
            "parts": dict(self.parts),
            "available_gib": self.available_gib,
            "fits": self.fits,
        }


def forecast(plan: Plan, facts: ModelFacts, machine: Machine, answers: AnswerShares | None = None) -> MemoryForecast:
    """Predict the peak memory of `plan` on the first GPU, or in this machine's memory where there is none.

    `answers` says how much of the rows is answer, where that is known; the range is narrower then.

    Raises:
        NotFoundError: The plan names an unknown method.
        SettingsError: The method's options are wrong.
    """
    runtime = _runtime(plan, machine)
    facts = without_writing(plan, facts)
    fixed = _fixed(plan, facts, machine)
    # A prompt that is learned too meets the output layer as answers do.
    answers = AnswerShares(1.0, 1.0, 1.0) if plan.prompt_weight else answers
    # Rows are shorter than the longest more often than not, so a run may never meet its worst batch.
    low, expected, high = (
        fixed | _moving(plan, facts, machine, share, length)
        for share, length in zip(answers or ANSWERS, (0.5, 1.0, 1.0), strict=True)
    )
    parts = {name: size / GIB for name, size in expected.items()} | {"runtime": runtime[1]}
    total = sum(parts.values())
    available = machine.accelerator_gib if machine.accelerator_gib is not None else machine.memory_available_gib
    high_gib = sum(size * (1 + (ROUNDING if name in EXACT else MARGIN)) for name, size in high.items()) / GIB
    high_gib += runtime[2]
    return MemoryForecast(
        parts=parts,
        total_gib=total,
        # More short rows go into a pass, with virtual tokens each: that may be more than a few long ones.
        low_gib=min(sum(low.values()), sum(expected.values())) / GIB + runtime[0],
        high_gib=high_gib,
        available_gib=available,
        fits=high_gib <= available,
        where="GPU" if machine.gpus else "memory",
        cause=_cause(plan, answers),
    )


def step_of(
    plan: Plan, facts: ModelFacts, machine: Machine, share: float = ANSWERS.expected, length: float = 1.0
) -> Step:
    """An optimizer step of `plan`, its rows `length` times the longest, `share` of their tokens answer."""
    options = read_options(plan.method, plan.options)
    before = getattr(options, "virtual_tokens", 0)
    longest = max(1, round(length * min(plan.max_length, facts.context)))
    most = LEARNED_AT_ONCE["GPU" if machine.gpus else "CPU"]
    count = min(plan.batch_size, max(1, most // longest))
    tokens = longest * count
    trained = learned(plan, facts)
    share = 0.0 if plan.head == "class" else share
    rules = rules_of(plan, facts, machine)
    again = plan.accumulation > 1 or tokens < plan.batch_size * longest
    return Step(facts, rules, Rows(tokens + before * count, longest + before, share * tokens), trained, again=again)


def rules_of(plan: Plan, facts: ModelFacts, machine: Machine) -> Rules:
    """What the plan changes about a forward pass on this machine."""
    method = METHODS[plan.method]
    options = read_options(plan.method, plan.options)
    reduction = getattr(options, "reduction", 0)
    return Rules(
        trains_all=method.learns == "everything",
        quantised=method.quantised,
        eight_bits=getattr(options, "quantisation", "") == "int8",
        mixed=precision_of(plan, machine) == "bf16",
        classes=plan.head == "class",
        weight_bytes=weight_bytes(plan, machine),
        gpu=bool(machine.gpus),
        recomputes=plan.gradient_checkpointing,
        rank=getattr(options, "rank", 0),
        lora_dropout=getattr(options, "dropout", 0.0) > 0,
        dora=getattr(options, "dora", False),
        factors=method.learns == "factors",
        turns=getattr(options, "block", 0),
        norms=method.learns == "norms",
        early=method.learns in {"biases", "tokens"},
        prefix=method.learns == "prefix",
        last=min(facts.layers, getattr(options, "blocks", 0)),
        attention_only=getattr(options, "targets", "") == "attention",
        inner=max(1, facts.hidden // reduction) if reduction else 0,
        inside=getattr(options, "placement", "") == "houlsby",
        keeps_relu=getattr(options, "activation", "relu") == "relu",
    )


def precision_of(plan: Plan, machine: Machine) -> str:
    """In which the plan's matrix products run on this machine: "fp32" or "bf16"."""
    return plan.precision if plan.precision != "auto" else "bf16" if machine.bf16 else "fp32"


def weight_bytes(plan: Plan, machine: Machine) -> int:
    """Bytes of one unquantised weight as loaded: bf16 on a GPU that has it, fp32 on a CPU and where it learns."""
    small = machine.gpus and not METHODS[plan.method].own_weights and precision_of(plan, machine) == "bf16"
    return 2 if small else 4


def _runtime(plan: Plan, machine: Machine) -> tuple[float, ...]:
    """GiB of the libraries: low, expected, high."""
    if machine.gpus:
        return _RUNTIME_GIB["GPU"]
    more = _FOUR_BITS_GIB if METHODS[plan.method].quantised else 0.0
    return tuple(size + more for size in _RUNTIME_GIB[f"CPU {precision_of(plan, machine)}"])


def _fixed(plan: Plan, facts: ModelFacts, machine: Machine) -> dict[str, float]:
    """Bytes that do not depend on the rows."""
    method = METHODS[plan.method]
    options = read_options(plan.method, plan.options)
    each = weight_bytes(plan, machine)
    trained = learned(plan, facts)
    small = facts.linear_parameters if method.quantised else 0
    # Matrices that were taken out of the base weights stay in the computer's memory as they began.
    beside = 4 * trained * (1 if machine.gpus else kept_numbers(options))
    largest = max(linear.inputs * linear.outputs for linear in facts.linears)
    product = 2 if precision_of(plan, machine) == "bf16" else 4
    return {
        "weights": (_quantised(facts, options) if small else 0) + (facts.parameters - small) * each,
        "adapter": beside if method.has_adapter else 0,
        "optimizer": 8 * trained,
        "dequantisation": largest * product if method.quantised else 0,
    }


def _quantised(facts: ModelFacts, options: Any) -> float:  # noqa: ANN401 - of any method
    """Bytes of the linear layers' quantised weights; each output of one in 8 bits has a scale in fp32."""
    if options.quantisation == "int8":
        return facts.linear_parameters + 4 * facts.layers * sum(layer.outputs for layer in facts.linears)
    return facts.linear_parameters * _FOUR_BIT_BYTES[options.double_quantisation]


def _moving(plan: Plan, facts: ModelFacts, machine: Machine, share: float, length: float) -> dict[str, float]:
    """Bytes that depend on the rows, at the fullest moment."""
    step = step_of(plan, facts, machine, share, length)
    fullest = step.fullest()
    checked = validation(facts, step.rules, share, step.rows.longest)
    return {
        "gradients": fullest.gradients,
        "activations": fullest.activations,
        "copies": fullest.copies,
        "logits": fullest.logits,
        "temporary": fullest.temporary,
        # Gradients and activations are gone by then; only what is more than they were counts.
        "validation": max(0.0, checked - fullest.total),
    }


def _cause(plan: Plan, answers: AnswerShares | None) -> str:
    prompts, replies = ("", "") if answers is not None else (" and mostly prompt", "they are mostly answer, ")
    return (
        f"low: rows are half as long as {plan.max_length:,} tokens{prompts}; high: {replies}"
        f"temporary results take {MARGIN:.0%} more, and the libraries more than usual"
    )
