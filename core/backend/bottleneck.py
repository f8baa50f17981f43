"""Bottleneck adapters as a tuner of PEFT: two small layers behind a frozen module, the identity at first.

Source: Houlsby et al. 2019, Parameter-Efficient Transfer Learning for NLP, section 2.1 (behind attention and
feed-forward outputs); Pfeiffer et al. 2021, AdapterFusion, section 3 (once per block). Where the adapter sits is
`target_modules`: outputs of linear layers, or whole decoder blocks.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peft.config import PeftConfig
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from peft.utils.peft_types import PeftType, register_peft_method
from torch import Tensor, nn

NAME = "BOTTLENECK"
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "swish": nn.SiLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
INITIAL_SPREAD = 0.02
"""Standard deviation of the first layer's weights; the second one's are zero."""


@dataclass
class BottleneckConfig(PeftConfig):
    """Where the adapters sit and how wide they are."""

    target_modules: list[str] | set[str] | str | None = field(default=None)
    exclude_modules: list[str] | set[str] | str | None = field(default=None)
    modules_to_save: list[str] | None = field(default=None)
    layers_to_transform: list[int] | int | None = field(default=None)
    layers_pattern: list[str] | str | None = field(default=None)
    reduction: int = field(default=16)
    """The model's width divided by this is the adapter's inner width."""
    activation: str = field(default="relu")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = PeftType[NAME]
        if isinstance(self.target_modules, list):
            self.target_modules = set(self.target_modules)
        if isinstance(self.exclude_modules, list):
            self.exclude_modules = set(self.exclude_modules)
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"There is no activation called {self.activation!r}; choose one of {list(ACTIVATIONS)}.")
        if self.reduction < 1:
            raise ValueError(f"The reduction must be at least 1, not {self.reduction}.")


class BottleneckLayer(nn.Module, BaseTunerLayer):
    """A frozen module, and an adapter on what comes out of it."""

    adapter_layer_names = ("bottleneck_down", "bottleneck_up")
    other_param_names = ("bottleneck_activation",)

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: BottleneckConfig, width: int) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.width = width
        self.bottleneck_down = nn.ModuleDict()
        self.bottleneck_up = nn.ModuleDict()
        self.bottleneck_activation: dict[str, nn.Module] = {}
        self.merged_adapters: list[str] = []
        self._active_adapter = adapter_name
        self.update_layer(adapter_name, config)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the wrapped block has
        """Decoder blocks are asked for things of their own, such as their kind of attention."""
        own = self.__dict__.get("_modules", {})
        if name in own or "base_layer" not in own or hasattr(type(self), name):
            return super().__getattr__(name)
        return getattr(own["base_layer"], name)

    def update_layer(self, adapter_name: str, config: BottleneckConfig, **_: Any) -> None:  # noqa: ANN401
        """Add one more adapter, which changes nothing before it is trained."""
        inner = max(1, self.width // config.reduction)
        down, up = nn.Linear(self.width, inner), nn.Linear(inner, self.width)
        nn.init.normal_(down.weight, std=INITIAL_SPREAD)
        for zero in (down.bias, up.weight, up.bias):
            nn.init.zeros_(zero)
        self.bottleneck_down[adapter_name], self.bottleneck_up[adapter_name] = down, up
        self.bottleneck_activation[adapter_name] = ACTIVATIONS[config.activation]()
        self._move_adapter_to_device_of_base_layer(adapter_name)
        self.set_adapter(self.active_adapters, inference_mode=config.inference_mode)

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the wrapped module
        """What the wrapped module gives, adapted; of a tuple the first part."""
        result = self.base_layer(*args, **kwargs)
        if self.disable_adapters:
            return result
        if isinstance(result, tuple):
            return (self._adapt(result[0]), *result[1:])
        return self._adapt(result)

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:  # noqa: FBT001, FBT002
        """Refuse.

        Raises:
            ValueError: Always: an adapter has a non-linear middle, so no weight of the base model can hold it.
        """
        raise ValueError("A bottleneck adapter is not linear and cannot be merged into the base model.")

    def unmerge(self) -> None:
        """Do nothing: nothing was merged."""

    def _adapt(self, hidden: Tensor) -> Tensor:
        for name in self.active_adapters:
            if name not in self.bottleneck_down:
                continue
            down, up = self.bottleneck_down[name], self.bottleneck_up[name]
            inner = self.bottleneck_activation[name](down(hidden.to(down.weight.dtype)))
            hidden = hidden + up(inner).to(hidden.dtype)
        return hidden

    def _get_base_layer_device_and_dtype(self, base_layer: nn.Module) -> tuple[Any, Any]:
        known = super()._get_base_layer_device_and_dtype(base_layer)
        weights = [p for p in base_layer.parameters() if p.is_floating_point()]
        if not isinstance(base_layer, nn.Linear) and weights:
            return weights[0].device, weights[0].dtype
        return known

    def __repr__(self) -> str:
        return "bottleneck." + super().__repr__()


class BottleneckModel(BaseTuner):
    """A model with an adapter behind each module that the configuration names."""

    prefix = "bottleneck_"
    tuner_layer_cls = BottleneckLayer
    target_module_mapping: dict[str, Any] = {}  # noqa: RUF012 - PEFT reads it on the class

    def _create_and_replace(  # noqa: PLR0913 - PEFT's signature
        self,
        peft_config: BottleneckConfig,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
        parameter_name: str | None = None,
    ) -> None:
        if isinstance(target, BottleneckLayer):
            target.update_layer(adapter_name, peft_config)
            return
        # What a block or its last linear layers give is added to the residual stream, so it has the model's width.
        layer = BottleneckLayer(target, adapter_name, peft_config, self.model.config.get_text_config().hidden_size)
        if adapter_name not in self.active_adapters:
            layer.requires_grad_(requires_grad=False)
        self._replace_module(parent, target_name, layer, target)

    def _replace_module(self, parent: nn.Module, child_name: str, new_module: nn.Module, child: nn.Module) -> None:
        """Put one module in the place of another; PEFT wants every module to have a weight, and blocks have none."""
        setattr(parent, child_name, new_module)

    def _check_merge_allowed(self) -> None:
        raise ValueError("A bottleneck adapter is not linear and cannot be merged into the base model.")


def register() -> None:
    """Make the tuner known to PEFT; saying it twice does nothing more.

    PEFT's list of methods is a closed enum, and its Trainer integration wants a member of it, not a string.
    """
    if NAME in PeftType.__members__:
        return
    member: Any = str.__new__(PeftType, NAME)
    member._name_ = member._value_ = NAME
    member._sort_order_ = len(PeftType._member_names_)
    member.__objclass__ = PeftType
    PeftType._member_names_.append(NAME)
    PeftType._member_map_[NAME] = member
    PeftType._value2member_map_[NAME] = member
    type.__setattr__(PeftType, NAME, member)
    register_peft_method(
        name=NAME.lower(), config_cls=BottleneckConfig, model_cls=BottleneckModel, prefix=BottleneckModel.prefix
    )


def write_readme(folder: Path, base: str, *, head: bool = False) -> None:
    """Say in a saved adapter's folder how it is loaded, because PEFT alone does not know its kind."""
    kind, wish = ("SequenceClassification", ", config=config") if head else ("CausalLM", "")
    also, labels = ("AutoConfig, ", 'config = AutoConfig.from_pretrained("this folder")\n') if head else ("", "")
    (folder / "README.md").write_text(
        f"""# Bottleneck adapter for {base}

PEFT has no bottleneck adapters of its own, so load it where Fewtune is installed:

```python
import core.backend.bottleneck as bottleneck
from peft import PeftModel
from transformers import {also}AutoModelFor{kind}

bottleneck.register()
{labels}base = AutoModelFor{kind}.from_pretrained("{base}"{wish})
model = PeftModel.from_pretrained(base, "this folder")
```

It cannot be merged into the base model: its middle is not linear.
""",
        encoding="utf-8",
    )


register()
