"""How many floating-point operations a token costs, and how many the device can do: known, or not said."""

from typing import Any

from core.backend.model import Loaded

PEAKS = {
    "H200": 989.5e12,
    "H100 80GB HBM3": 989.5e12,
    "H100 SXM": 989.5e12,
    "H100 PCIe": 756e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "A10G": 70e12,
    "A10": 125e12,
    "RTX 4090": 165.2e12,
    "RTX 3090": 71e12,
}
"""Dense bf16 products that sum in fp32, per second, as NVIDIA publishes them; none was held
against a device here. The first name that fits counts."""


def flops_per_token(model: Any) -> float:  # noqa: ANN401 - a PreTrainedModel, or a PeftModel around one
    """Operations of one training step per token: 2 a weight forward, 2 backward, 2 more where the weight learns.

    Embeddings are looked up, and the head is applied to answers only, so both are left out, as is attention, which
    grows with the length of the rows: the figure is a little too low rather than too high.
    """
    ends = {
        id(weights)
        for layer in (model.get_input_embeddings(), model.get_output_embeddings())
        if layer is not None
        for weights in layer.parameters()
    }
    total = 0.0
    for weights in model.parameters():
        if id(weights) not in ends and (weights.ndim > 1 or type(weights).__name__ == "Params4bit"):
            size = weights.numel() * (2 if type(weights).__name__ == "Params4bit" else 1)
            total += size * (6 if weights.requires_grad else 4)
    return total


def peak_flops(loaded: Loaded) -> float | None:
    """The most that the device can do per second; None where nobody published it for this device and precision."""
    if not loaded.device.is_gpu or not loaded.precision_text.startswith("bf16"):
        return None
    words = loaded.device.name.replace("-", " ").split()
    if {"Laptop", "Ti", "NVL", "MIG"} & set(words):  # other chips than their names say
        return None
    for name, peak in PEAKS.items():
        wanted = name.split()
        if any(words[at : at + len(wanted)] == wanted for at in range(len(words))):
            return peak
    return None
