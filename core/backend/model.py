"""A model and its tokenizer, loaded without running anybody's code."""

import functools
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from core.backend import bottleneck, weights
from core.backend.checkpoints import examine, restore
from core.backend.classes import is_of_head, sorted_labels
from core.backend.devices import Device, Precision, autocast, pick_device, precision_for
from core.backend.rows import ATTENTION
from core.backend.tokens import check_padding, check_tokenizer
from core.errors import ModelError, NotFoundError
from core.strategy.architectures import FAMILIES
from core.strategy.methods import METHODS, read_options
from core.strategy.methods.targets import HEADS
from core.strategy.model_facts import locate
from core.strategy.plan import Plan

bottleneck.register()

ADAPTER_CONFIG = "adapter_config.json"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to run, and what it runs on."""

    model: Any
    """A PreTrainedModel, or a PeftModel around one."""
    tokenizer: PreTrainedTokenizerBase
    device: Device
    precision: Precision
    """Of the matrix products."""
    quantisation: str = ""
    """Of the base model's linear layers: "nf4", "fp4" or "int8"; empty where there is none."""
    labels: tuple[str, ...] = ()
    """What its head chooses among, by their ids; empty where it writes."""

    @property
    def quantised(self) -> bool:
        """Whether the base model's linear layers are."""
        return bool(self.quantisation)

    @property
    def precision_text(self) -> str:
        """As people read it: "bf16, 4-bit weights"."""
        bits = 8 if self.quantisation == "int8" else 4
        return self.precision + (f", {bits}-bit weights" if self.quantised else "")

    def autocast(self) -> torch.autocast:
        """The context in which its forward passes belong."""
        return autocast(self.device.torch, self.precision)


def load_base(
    model: str,
    *,
    quantisation: str = "",
    precision: str = "auto",
    trains_all: bool = False,
    double_quant: bool = True,
    labels: tuple[str, ...] = (),
) -> Loaded:
    """Load the untuned model; `trains_all` keeps its weights in fp32, as methods need that change them.

    With `labels` it comes with a head that chooses among them, of random weights where the model brings none.

    Raises:
        ModelError: It is not there, is not in safetensors, lacks tensors, or holds numbers that are not finite.
    """
    quiet()
    device = pick_device()
    multiply = precision_for(precision, device.torch)
    place = str(locate(model))
    # On a processor the weights stay fp32 and only products are bf16: norms and sums in bf16 lose digits for no speed.
    small = multiply == "bf16" and device.is_gpu and not trains_all
    wishes: dict[str, Any] = {
        "dtype": torch.bfloat16 if small else torch.float32,
        "use_safetensors": True,
        "trust_remote_code": False,
        "local_files_only": Path(place).is_dir(),
        "output_loading_info": True,
    }
    if quantisation:
        wishes["quantization_config"] = _fewer_bits(quantisation, multiply, double=double_quant, head=bool(labels))
        wishes["device_map"] = {"": device.torch}
    network, tokenizer = _read(model, place, wishes, labels)
    if quantisation:
        _keep_as_loaded(network, device)
    else:
        network.to(device.torch)
    network.config.use_cache = not labels
    return Loaded(network, tokenizer, device, multiply, quantisation, labels)


def load_for(plan: Plan, labels: tuple[str, ...] = ()) -> Loaded:
    """Load the untuned model as the plan's method wants it, with a head for `labels` where there are some.

    Raises:
        ModelError: As in `load_base`.
    """
    method = METHODS[plan.method]
    options = read_options(plan.method, plan.options)
    if labels:
        torch.manual_seed(plan.seed)  # of the head's first weights
    return load_base(
        plan.model,
        quantisation=getattr(options, "quantisation", ""),
        precision=plan.precision,
        trains_all=method.own_weights,
        double_quant=getattr(options, "double_quantisation", True),
        labels=labels,
    )


def load_tuned(plan: Plan, folder: Path) -> Loaded:
    """Load the best weights of the run in `folder`; an adapter comes as a PeftModel that can be switched off.

    Raises:
        NotFoundError: The run has kept no weights yet.
        ModelError: They are damaged; or as in `load_base`.
    """
    best = folder / "best"
    restore(best)
    if not best.is_dir():
        raise NotFoundError("This run has kept no weights yet.", "Let it train until its first validation.")
    damage = examine(best)
    if damage is not None:
        raise ModelError(
            f"The weights that this run kept are damaged: {damage.file} {damage.problem}.",
            "Resume the run from its last checkpoint, or train again.",
        )
    return load_kept(plan, best, sorted_labels(best) if plan.head == "class" else ())


def load_kept(plan: Plan, place: Path, labels: tuple[str, ...] = ()) -> Loaded:
    """Load the weights in `place`, which were examined; a whole model needs its tokenizer beside them.

    Raises:
        ModelError: As in `load_base`.
    """
    if (place / weights.CHANGED).is_file():
        tuned = load_for(plan, labels)
        weights.put(tuned.model, load_file(place / weights.CHANGED))
        tuned.model.eval()
        return tuned
    if not (place / ADAPTER_CONFIG).is_file():
        tuned = load_base(str(place), precision=plan.precision, trains_all=True, labels=labels)
        tuned.model.eval()
        return tuned
    from peft import PeftModel

    base = load_for(plan, labels)
    model = PeftModel.from_pretrained(base.model, str(place), local_files_only=True)
    model.eval()
    return replace(base, model=model)


def quiet() -> None:
    """Keep progress bars and advice of the libraries out of the log."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    # It tells at every 8-bit product that it rounds to fp16.
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)


def _read(
    model: str, place: str, wishes: dict[str, Any], labels: tuple[str, ...]
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    local = bool(wishes["local_files_only"])
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=False, local_files_only=local)
        config = AutoConfig.from_pretrained(place, trust_remote_code=False, local_files_only=local)
        if labels:
            wishes |= _of_head(config, labels)
        elif config.model_type in FAMILIES and FAMILIES[config.model_type].encoder:
            raise ModelError(f"{model!r} is an encoder and writes nothing.", "Set head to class, or choose another.")
        kind = AutoModelForSequenceClassification if labels else AutoModelForCausalLM
        network, info = kind.from_pretrained(place, attn_implementation=_attention(config), **wishes)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"The model {model!r} cannot be loaded: {_first_line(error)}",
            "Check its name or folder; it needs config.json, a tokenizer and safetensors weights.",
        ) from error
    _check(model, network, info, labels)
    # The name as it was typed goes into saved adapters, and not where this machine happens to keep the model.
    network.config._name_or_path = network.name_or_path = model
    if labels:
        network.config.get_text_config().pad_token_id = check_padding(tokenizer).pad_token_id
        return network, tokenizer
    return network, check_tokenizer(tokenizer)


def _of_head(config: PreTrainedConfig, labels: tuple[str, ...]) -> dict[str, Any]:
    """What loads a model with a head; one that it brings for other labels gives way to a new one."""
    config.num_labels = len(labels)
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: place for place, label in enumerate(labels)}
    config.problem_type = "single_label_classification"
    return {"config": config, "ignore_mismatched_sizes": True}


def _attention(config: PreTrainedConfig) -> str:
    """Rows laid end to end, or step by step where a model caps its attention's scores: no fused kernel here does."""
    return "eager" if getattr(config, "attn_logit_softcapping", None) is not None else ATTENTION


def _check(model: str, network: PreTrainedModel, info: dict[str, Any], labels: tuple[str, ...]) -> None:
    mismatched = (key if isinstance(key, str) else str(key[0]) for key in info.get("mismatched_keys", ()))
    missing = sorted(info.get("missing_keys", ())) + sorted(mismatched)
    if labels:
        missing = [name for name in missing if not is_of_head(network, name)]
    if missing:
        raise ModelError(
            f"{len(missing)} tensors of the model {model!r} are missing or misshapen, the first is {missing[0]!r}; "
            "they would be random numbers.",
            "Download the model again, or choose another.",
        )
    for name, tensor in network.named_parameters():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ModelError(
                f"The weights {name!r} of the model {model!r} hold numbers that are not finite.",
                "Download the model again, or choose another.",
            )


def _keep_as_loaded(network: PreTrainedModel, device: Device) -> None:
    """Stop bitsandbytes from computing otherwise when no gradient is wanted, as it does on a processor.

    It repacks 4-bit weights for a bf16 kernel: it rounds the quantisation constants once more, and the repacked weights
    give no gradients afterwards, so the first validation would end the learning. And it rounds what goes into 8-bit
    layers, but not while they train: a model would be validated that was never trained.
    """
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
        if type(module).__name__ == "Linear8bitLt" and not device.is_gpu:
            module.train(mode=True)
            module.train = functools.partial(_stay, module)


def _stay(module: torch.nn.Module, mode: bool = True) -> torch.nn.Module:  # noqa: ARG001, FBT001, FBT002 - as torch's
    return module


def _fewer_bits(quantisation: str, multiply: Precision, *, double: bool, head: bool) -> BitsAndBytesConfig:
    whole = list(HEADS) if head else None  # a head learns, which quantised weights cannot
    if quantisation == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=whole)
    return BitsAndBytesConfig(
        llm_int8_skip_modules=whole,
        load_in_4bit=True,
        bnb_4bit_quant_type=quantisation,
        bnb_4bit_use_double_quant=double,
        bnb_4bit_compute_dtype=torch.bfloat16 if multiply == "bf16" else torch.float32,
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
