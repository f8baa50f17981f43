"""The files of a model folder: JSON settings, and the headers of safetensors files. Nothing here loads a weight."""

import json
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelError

_LARGEST_JSON = 32 * 1024**2
_LARGEST_HEADER = 100 * 1024**2
"""The safetensors format's own limit."""
_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_AGAIN = "Fetch the file again."
_BUFFERS = (".attn.bias", ".attn.masked_bias", ".attention.bias", ".attention.masked_bias", "inv_freq")
"""Constants that older checkpoints stored beside their parameters."""


@dataclass(frozen=True, slots=True)
class Tensors:
    """What the headers of a model's weight files say."""

    elements: int
    """Numbers in all tensors; an output layer that was stored although it is shared counts twice."""
    size_bytes: int
    dtype: str
    """Of most of the numbers, as torch calls it."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ModelError: The file is not one, or far too large.
    """
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise ModelError(f"{path.name} in {path.parent} is larger than 32 MiB.", "That is no model's settings.")
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path.name} in {path.parent} cannot be read as JSON.", _what_it_is(path)) from error
    if not isinstance(value, dict):
        raise ModelError(f"{path.name} in {path.parent} is not a JSON object.", _AGAIN)
    return value


def read_tensors(folder: Path) -> Tensors:
    """Read the headers of the safetensors files in `folder`.

    Raises:
        ModelError: There are none, one is damaged, or a file that the index names is missing.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickled = any(path.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl"} for path in folder.iterdir())
        what = "holds pickled weights only, which can run code" if pickled else "holds no weights"
        raise ModelError(f"{folder} {what}.", "Give a folder with .safetensors files.")
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        files = _named_by(index)
    elements: Counter[str] = Counter()
    size = 0
    for path in files:
        for name, (dtype, count, length) in _header(path).items():
            if not name.endswith(_BUFFERS):
                elements[dtype] += count
                size += length
    dtype = elements.most_common(1)[0][0] if elements else "F32"
    return Tensors(elements.total(), size, _DTYPES.get(dtype, dtype))


def _named_by(index: Path) -> list[Path]:
    names = read_json(index).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise ModelError(f"{index.name} in {index.parent} names no weight files.", _AGAIN)
    files = [index.parent / name for name in sorted(set(names.values()))]
    for path in files:
        if path.parent != index.parent or path.suffix != ".safetensors":
            raise ModelError(f"{index.name} in {index.parent} names {path.name}, which is not beside it.", _AGAIN)
        if not path.is_file():
            raise ModelError(
                f"{path.name} is missing in {index.parent}.", "The download is incomplete: fetch it again."
            )
    return files


def _header(path: Path) -> dict[str, tuple[str, int, int]]:
    """Name to (dtype, numbers, bytes) of each tensor: an 8-byte length, then JSON, then the data.

    Raises:
        ModelError: The file is damaged, cut off, or something else.
    """
    # A pipe would never end, and a link may lead in circles.
    if not path.is_file():
        raise ModelError(f"{path.name} in {path.parent} is not a file.", _AGAIN)
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(_LARGEST_HEADER, size - 8):
            raise ModelError(f"{path.name} in {path.parent} is not a safetensors file.", _what_it_is(path))
        raw = file.read(length)
    tensors: dict[str, tuple[str, int, int]] = {}
    end = 0
    try:
        for name, entry in json.loads(raw).items():
            if name != "__metadata__":
                begin, end_here = (int(offset) for offset in entry["data_offsets"])
                tensors[name] = (str(entry["dtype"]), math.prod(map(int, entry["shape"])), end_here - begin)
                end = max(end, end_here)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"The header of {path.name} in {path.parent} is damaged.", _AGAIN) from error
    if end != size - 8 - length:
        raise ModelError(
            f"{path.name} in {path.parent} has {size:,} bytes; its header names {end + 8 + length:,}.",
            "The download is incomplete: fetch the file again.",
        )
    return tensors


def _what_it_is(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(200).lstrip().lower()
    except OSError:
        return "Check that you may read it."
    if start.startswith(b"version https://git-lfs"):
        return "It is a Git LFS pointer: run 'git lfs pull' in the folder."
    if start.startswith((b"<!doctype", b"<html")):
        return "It is a web page, not the file: download it again, logged in where that is needed."
    return _AGAIN
