"""What a model's configuration says of it, read without torch and without running anything that it brings."""

import functools
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.strategy.architectures import FAMILIES, Family, Linear, Shape, parameters
from core.strategy.model_fetch import fetch_facts
from core.strategy.model_files import Tensors, read_json, read_tensors

GIB = 1024**3
STARTER = "starter"
STARTER_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "starter"

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
ROOTS = "FEWTUNE_MODELS"
"""Environment variable: folders, separated as in PATH, under which model folders may lie; unset, anywhere."""
_LONGEST = 1024
"""Letters of a path or a hub id."""
_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "float64": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A model's numbers, from its configuration and the headers of its weight files."""

    model: str
    """As the plan names it: 'starter', a folder, or a hub id."""
    title: str
    architecture: str
    """The configuration's model type: "llama", "gpt2"."""
    parameters: int
    """Shared ones counted once."""
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    context: int
    """Tokens that the model can hold."""
    tied: bool
    has_chat_template: bool
    torch_dtype: str
    """In which the weights are stored: "float32", "bfloat16", "float16"."""
    weights_gib: float
    """Of the weights as stored."""
    linears: tuple[Linear, ...]
    """The linear layers of one decoder block."""
    folder: Path | None
    """Where its files lie; None where they are not on this machine."""
    weights_here: bool
    """Whether the weights need no download."""
    note: str = ""
    """What is odd about these numbers, in a sentence: that they were not read from the model itself."""

    @property
    def is_encoder(self) -> bool:
        """Whether it reads a text as a whole and writes none, as BERT does."""
        return FAMILIES[self.architecture].encoder

    @property
    def linear_parameters(self) -> int:
        """Weights of all blocks' linear layers without their biases: what 4-bit loading shrinks."""
        return self.layers * sum(linear.inputs * linear.outputs for linear in self.linears)

    @property
    def size(self) -> str:
        """The parameters as people say them: "6.2 M", "7.24 B"."""
        return f"{self.parameters / 1e9:.3g} B" if self.parameters >= 10**9 else f"{self.parameters / 1e6:.3g} M"


def locate(model: str) -> Path | str:
    """Where a model is: the folder of 'starter' or of a path, else the hub id as it stands.

    Raises:
        ModelError: It looks like a path and no folder is there or it lies outside `ROOTS`, which is told in the same
            words; or it is no possible hub id.
    """
    if model == STARTER:
        return STARTER_FOLDER
    if len(model) > _LONGEST or not model.isprintable():
        raise ModelError(
            f"{model[:40]!r}... is neither a folder nor a hub id.", "A hub id reads owner/name. Or take 'starter'."
        )
    path = Path(os.path.expanduser(model))  # noqa: PTH111 - Path's own raises where there is no such user
    if model and path.is_dir() and _is_allowed(path):
        return path.absolute()
    if model.startswith(("/", ".", "~")) or "\\" in model or model.count("/") > 1 or path.is_file():
        raise ModelError(*_no_folder(model))
    if not _HUB_ID.fullmatch(model) or ".." in model or "--" in model:
        raise ModelError(
            f"{model!r} is neither a folder nor a hub id.", "A hub id reads owner/name. Or take 'starter'."
        )
    return model


def _is_allowed(folder: Path) -> bool:
    """Whether the folder, wherever links lead, lies under a root; "/models-2" does not lie in "/models"."""
    roots = [Path(root).resolve() for root in os.environ.get(ROOTS, "").split(os.pathsep) if root]
    return not roots or any(folder.resolve().is_relative_to(root) for root in roots)


def _no_folder(model: str) -> tuple[str, str]:
    """One refusal for all that is no model folder: whether something else is there is nobody's business."""
    fix = "Give the folder that holds config.json and the .safetensors files, a hub id, or 'starter'."
    return f"There is no model folder at {model}.", fix


def read_facts(model: str) -> ModelFacts:
    """Read a model's numbers.

    Raises:
        ModelError: It cannot be found or read, wants to run its own code, holds pickled weights, is of an unknown
            family, or its numbers are absurd.
    """
    place = locate(model)
    if isinstance(place, str):
        return _known_or_refused(place)
    return replace(_folder_facts(place, model), model=model)


def _known_or_refused(hub_id: str) -> ModelFacts:
    """A hub model's numbers; where the hub does not give them, those of the catalogue, with a note that says so.

    Raises:
        ModelError: The hub does not give them, and the catalogue does not know the model.
    """
    from core.strategy.catalogue import known, nearest

    try:
        return _hub_facts(hub_id)
    except ModelError as error:
        entry = known(hub_id)
        if entry is not None:
            note = f"{error.what} You can plan with the numbers of Fewtune's own list, and not train."
            return replace(entry.facts, note=note)
        meant = nearest(hub_id)
        if not meant:
            raise
        raise ModelError(error.what, f"Did you mean {meant}? {error.fix}") from error


def _folder_facts(folder: Path, model: str) -> ModelFacts:
    if not (folder / "config.json").is_file():
        raise ModelError(*_no_folder(model))
    tensors = read_tensors(folder)
    return _facts(folder, model, tensors)


@functools.lru_cache(maxsize=64)
def _hub_facts(hub_id: str) -> ModelFacts:
    folder = fetch_facts(hub_id)
    here = any(folder.glob("*.safetensors"))
    return _facts(folder, hub_id, read_tensors(folder) if here else None)


def _facts(folder: Path, model: str, tensors: Tensors | None) -> ModelFacts:
    config = read_json(folder / "config.json")
    settings = _optional_json(folder / "tokenizer_config.json")
    _check_safe(config, settings, model)
    template = bool(settings.get("chat_template")) or (folder / "chat_template.jinja").is_file()
    title = "Starter model" if folder == STARTER_FOLDER else model.rstrip("/").rpartition("/")[2]
    facts = facts_of(config, model, title, has_chat_template=template)
    _check_complete(tensors, facts.parameters, folder)
    if tensors is not None:
        facts = replace(facts, torch_dtype=tensors.dtype, weights_gib=tensors.size_bytes / GIB)
    return replace(facts, folder=folder, weights_here=tensors is not None)


def facts_of(config: dict[str, Any], model: str, title: str, *, has_chat_template: bool) -> ModelFacts:
    """A model's numbers from its configuration alone: nothing of it needs to be here.

    Raises:
        ModelError: It is of an unknown family, or its numbers are absurd.
    """
    kind = _check_safe(config, {}, model)
    family = FAMILIES[kind]
    shape = _shape(config, family, model)
    computed = parameters(family, shape)
    dtype = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    return ModelFacts(
        model=model,
        title=title,
        architecture=kind,
        parameters=computed,
        layers=shape.layers,
        hidden=shape.hidden,
        heads=shape.heads,
        kv_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        intermediate=shape.intermediate,
        vocabulary=shape.vocabulary,
        context=shape.context,
        tied=shape.tied,
        has_chat_template=has_chat_template,
        torch_dtype=dtype,
        weights_gib=computed * _BYTES.get(dtype, 4) / GIB,
        linears=family.linears(shape),
        folder=None,
        weights_here=False,
    )


def _check_safe(config: dict[str, Any], settings: dict[str, Any], model: str) -> str:
    """The model type, if it is one that can be tuned safely.

    Raises:
        ModelError: It brings code, is quantised already, or is of an unknown family.
    """
    if "auto_map" in config or "auto_map" in settings:
        raise ModelError(
            f"{model} wants to run its own code (auto_map), and Fewtune runs no code from a model.",
            "Choose a model whose architecture is part of transformers.",
        )
    if config.get("quantization_config"):
        raise ModelError(
            f"{model} is stored in a quantised form.", "Choose the original; QLoRA quantises it while loading."
        )
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in FAMILIES:
        raise ModelError(
            f"{model} is of the type {kind!r}, which Fewtune cannot tune.",
            f"Choose a text model of one of these types: {', '.join(FAMILIES)}.",
        )
    return kind


def _check_complete(tensors: Tensors | None, computed: int, folder: Path) -> None:
    """Refuse weights of which a good part is missing: transformers would fill them with random numbers.

    Raises:
        ModelError: Less than 99 % of the parameters are there; the exact check is made when the model is loaded.
    """
    if tensors is not None and tensors.elements < 0.99 * computed:
        raise ModelError(
            f"The weights in {folder} hold {tensors.elements:,} of the {computed:,} parameters that config.json names.",
            "The download is incomplete: fetch the folder again.",
        )


def _shape(config: dict[str, Any], family: Family, model: str) -> Shape:
    read = functools.partial(_number, config, model)
    hidden = read(("hidden_size", "n_embd", "dim"), 1, 65_536)
    heads = read(("num_attention_heads", "n_head", "n_heads"), 1, 1024)
    tied = config.get("tie_word_embeddings")
    return Shape(
        layers=read(("num_hidden_layers", "n_layer", "n_layers"), 1, 512),
        hidden=hidden,
        heads=heads,
        kv_heads=read(("num_key_value_heads",), 1, 1024, heads),
        head_dim=read(("head_dim",), 1, 4096, family.head_dim or max(1, hidden // heads)),
        intermediate=read((family.intermediate,), 1, 1_048_576, 4 * hidden),
        vocabulary=read(("vocab_size",), 1, 4_194_304),
        context=read(("max_position_embeddings", "n_positions"), 16, 33_554_432, 2048) - family.lost_positions,
        tied=family.encoder or (family.tied if tied is None else bool(tied)),
        raw=config,
    )


def _number(
    config: dict[str, Any], model: str, names: tuple[str, ...], low: int, high: int, default: int | None = None
) -> int:
    value = next((config[name] for name in names if config.get(name) is not None), default)
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise ModelError(
        f"The config.json of {model} says {names[0]} = {value!r}; {low:,} to {high:,} is possible.",
        "The file is damaged or was tampered with: fetch the model again, or choose another.",
    )


def _optional_json(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}
