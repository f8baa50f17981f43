"""Predicted peak memory of a plan, part by part.

The constants were fitted to what autograd keeps on real models (Llama type, scaled-dot-product attention, no dropout)
and to the resident memory of real runs; `tests/unit/strategy/test_strategy_memory.py` measures them again.
"""

from dataclasses import dataclass

from core.strategy.machine import Machine
from core.strategy.methods import METHODS, read_options
from core.strategy.model_facts import ModelFacts
from core.strategy.plan import Plan

GIB = 1024**3
MARGIN = 0.15
"""Share of the total by which a run may exceed the forecast: fragmentation, temporary results."""
ANSWER_SHARE = 0.5
"""Share of a batch's tokens that is answer, where only those meet the output layer; from nearly 0 to 1 in the range."""

_NF4_BYTES = {True: 0.5 + 0.0165, False: 0.5 + 0.0625}
"""Per 4-bit parameter with its quantisation constants, by whether those are quantised too."""
_RUNTIME_GIB = {"GPU": (0.5, 0.75, 1.0), "CPU fp32": (0.5, 0.55, 0.7), "CPU bf16": (0.55, 1.1, 1.6)}
"""Low, expected, high. GPU: context and allocator. CPU: Python, torch, transformers, peft and trl, resident; in bf16
oneDNN also keeps compiled kernels for every number of tokens that it meets, some 15 MiB per optimizer step (measured on
the starter model: 0.69 GiB in fp32 after 20 steps, 1.0 GiB in bf16, 1.25 to 1.65 GiB after 57)."""
_KEPT = {
    2: {"full": 1.0, "all-linear": 1.10, "attention": 0.89, "adapter": 0.83},
    4: {"full": 1.92, "all-linear": 1.80, "attention": 1.45, "adapter": 1.35},
}
"""Activations that a method keeps per block, over those of full tuning in bf16, by bytes of a weight: inputs of frozen
layers need not be kept. A method that is not named keeps as much as full tuning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryForecast:
    """The memory that a plan will need at its peak."""

    parts: dict[str, float]
    """GiB by what holds it: weights, adapter, gradients, optimizer, activations, logits, dequantisation, runtime."""
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


def forecast(plan: Plan, facts: ModelFacts, machine: Machine) -> MemoryForecast:
    """Predict the peak memory of `plan` on the first GPU, or in this machine's memory where there is none.

    Raises:
        NotFoundError: The plan names an unknown method.
        SettingsError: The method's options are wrong.
    """
    where = "GPU" if machine.gpus else "memory"
    fixed = _fixed(plan, facts, machine)
    moving = _moving(plan, facts, machine)
    low, expected, high = _RUNTIME_GIB[_runtime(plan, machine)]
    parts = {name: size / GIB for name, size in (fixed | moving).items()} | {"runtime": expected}
    total = sum(parts.values())
    # Rows are shorter than the longest more often than not, so a run may never meet its worst batch.
    low_gib = total - 0.5 * parts["activations"] - 0.9 * parts["logits"] - (expected - low)
    high_gib = total + MARGIN * (total - expected) + parts["logits"] * (1 / ANSWER_SHARE - 1) + (high - expected)
    available = machine.accelerator_gib if machine.accelerator_gib is not None else machine.memory_available_gib
    return MemoryForecast(
        parts=parts,
        total_gib=total,
        low_gib=low_gib,
        high_gib=high_gib,
        available_gib=available,
        fits=high_gib <= available,
        where=where,
        cause=(
            f"low: rows are shorter than {plan.max_length:,} tokens; high: they are mostly answer, "
            f"temporary results take {MARGIN:.0%} more, and the libraries more than usual"
        ),
    )


def weight_bytes(plan: Plan, machine: Machine) -> int:
    """Bytes of one unquantised weight as loaded: bf16 on a GPU that has it, fp32 on a CPU and for full tuning."""
    if plan.method == "full" or plan.precision == "fp32" or not machine.gpus:
        return 4
    return 2 if plan.precision == "bf16" or machine.bf16 else 4


def _runtime(plan: Plan, machine: Machine) -> str:
    if machine.gpus:
        return "GPU"
    bf16 = plan.precision == "bf16" or (plan.precision == "auto" and machine.bf16)
    return "CPU bf16" if bf16 else "CPU fp32"


def _fixed(plan: Plan, facts: ModelFacts, machine: Machine) -> dict[str, float]:
    """Bytes that do not depend on the batch."""
    method = METHODS[plan.method]
    options = read_options(plan.method, plan.options)
    each = weight_bytes(plan, machine)
    trained = method.trainable(facts, options)
    small = facts.linear_parameters if method.quantised else 0
    nf4 = _NF4_BYTES[bool(getattr(options, "double_quantisation", True))]
    largest = max(linear.inputs * linear.outputs for linear in facts.linears)
    return {
        "weights": small * nf4 + (facts.parameters - small) * each,
        "adapter": 0 if trained == facts.parameters else 4 * trained,
        "gradients": 4 * trained,
        "optimizer": 8 * trained,
        "dequantisation": largest * each if method.quantised else 0,
    }


def _moving(plan: Plan, facts: ModelFacts, machine: Machine) -> dict[str, float]:
    """Bytes that grow with the rows of a batch and their length."""
    each = weight_bytes(plan, machine)
    tokens = plan.batch_size * min(plan.max_length, facts.context)
    key_width = facts.kv_heads * facts.head_dim
    kept = 20 * facts.hidden + 8 * facts.intermediate + 4 * key_width
    shares = _KEPT[each]
    kind = plan.options.get("targets", "all-linear") if plan.method in {"lora", "qlora"} else plan.method
    block = tokens * kept * shares.get(str(kind), shares["full"])
    if plan.gradient_checkpointing:
        block_inputs = each * facts.layers * tokens * facts.hidden
        activations = block_inputs + block
    else:
        activations = facts.layers * block
    return {"activations": activations, "logits": ANSWER_SHARE * 12 * tokens * facts.vocabulary}
