"""From which numbers LoRA's two matrices start, and what of that cannot work with a model or with other settings.

Sources: Meng et al., PiSSA (arXiv 2404.02948), section 3; Büyükakyüz, OLoRA (arXiv 2406.01775), section 3; Paischer et
al., EVA (arXiv 2410.07170), section 3; Li et al., LoftQ (arXiv 2310.08659), section 3.
"""

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from core.strategy.methods.targets import Targets

if TYPE_CHECKING:
    from core.strategy.model_facts import ModelFacts

Start: TypeAlias = Literal["default", "pissa", "olora", "eva", "loftq"]

TAKEN_OUT = frozenset({"pissa", "olora"})
"""Starts whose product is taken out of the base weights, so that the tuned model begins as the untuned one."""

IN_PEFT: dict[str, bool | str] = {
    "default": True,
    "pissa": "pissa_niter_16",  # the paper's fast decomposition; a full one of a large layer takes a minute
    "olora": "olora",
    "eva": "eva",
    "loftq": True,  # what PEFT calls so is of the whole change and ignores its scale; `core.backend.starts` has ours
}
"""PEFT's `init_lora_weights` for each start."""


def kept_numbers(options: Any) -> int:  # noqa: ANN401 - of any method
    """For each number that learns, how many are written: a start that was taken out is kept beside it."""
    return 2 if getattr(options, "init", "default") in TAKEN_OUT else 1


def refused(  # noqa: PLR0913 - each decides
    facts: "ModelFacts", init: Start, *, rank: int, targets: Targets, dropout: float, dora: bool, quantised: bool
) -> dict[str, str]:
    """What of a start cannot work: the field, and a sentence with what to do instead."""
    if init == "default":
        return {}
    problems: dict[str, str] = {}
    said = _about(facts, init, dora=dora, quantised=quantised)
    if said:
        problems["options.init"] = said
    layers = [layer for layer in facts.linears if layer.attention or targets == "all-linear"]
    narrowest = min(min(layer.inputs, layer.outputs) for layer in layers)
    if rank > narrowest:
        problems["options.rank"] = (
            f"The narrowest layer has {narrowest} dimensions, and this start needs one for each of the rank. "
            f"Set the rank to {narrowest} or less, or the start to default."
        )
    if init in TAKEN_OUT and dropout:
        problems["options.dropout"] = (
            "Dropout would hide a part of the base model itself, which this start moves into the matrices. "
            "Set dropout to 0, or the start to default or eva."
        )
    return problems


def _about(facts: "ModelFacts", init: Start, *, dora: bool, quantised: bool) -> str:
    if init in TAKEN_OUT and quantised:
        return (
            "This start changes the base weights, and quantised ones cannot take that change exactly. "
            "Choose loftq or eva, or LoRA as the method."
        )
    if init == "loftq" and not quantised:
        return "LoftQ mends what quantising takes away, and here nothing is quantised. Choose pissa, or QLoRA."
    if init == "loftq" and dora:
        return "DoRA takes the outputs' sizes before LoftQ has set the matrices. Choose eva, or switch DoRA off."
    if facts.architecture == "gpt2" and init in {"olora", "loftq"}:
        return "GPT-2 stores its layers transposed, which this start cannot read. Choose pissa with LoRA, or eva."
    return ""
