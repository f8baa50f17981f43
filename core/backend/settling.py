"""A model that learns no more: its weights as the products read them."""

from collections.abc import Iterator

import torch
from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from core.backend.bottleneck import BottleneckLayer
from core.backend.model import Loaded


def settle(loaded: Loaded) -> Loaded:
    """Keep the weights of linear layers in bf16 where each product would make them so, and return `loaded`.

    On a processor weights lie in fp32, and autocast rounds those that want no gradient anew at each pass, which is at
    each word that is written. The products stay what they are to the last bit, and the layers take half the memory.
    The model must not be trained, merged or saved afterwards: its weights are rounded for good.
    """
    if loaded.device.is_gpu or loaded.precision != "bf16" or loaded.labels:
        return loaded
    for layer in _linear(loaded.model):
        for name, value in layer.named_parameters(recurse=False):
            # A new one: an output layer may share its weights with the table of words, which is read as it is.
            setattr(layer, name, nn.Parameter(value.detach().to(torch.bfloat16), requires_grad=False))
    return loaded


def _linear(module: nn.Module) -> Iterator[nn.Linear]:
    """Layers whose weights are read by a product and by nothing else."""
    if type(module) is nn.Linear:
        yield module
    elif isinstance(module, BottleneckLayer) or (isinstance(module, LoraLayer) and not module.lora_variant):
        yield from _linear(module.base_layer)
    elif not isinstance(module, BaseTunerLayer):  # it may reckon with weights: DoRA takes their norms, OFT turns them
        for part in module.children():
            yield from _linear(part)
