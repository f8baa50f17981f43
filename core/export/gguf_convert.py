"""The fresh process that writes a GGUF file from a merged folder, with llama.cpp's converter as AutoRound carries it.

Run as `python -m core.export.gguf_convert FOLDER`; see `core.export.fresh`.
"""

import json
from pathlib import Path
from typing import Any

from core.export.fresh import answer_with

_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_SPLITTINGS = {_QWEN2: "qwen2", _GPT2: "gpt-2"}
"""Regular expressions that cut a text before byte-level BPE, to llama.cpp's name for them."""


def convert(request: dict[str, Any]) -> dict[str, Any]:
    """Write `out` from the folder `model` in the type `kind`; the answer holds a `problem` where that cannot be."""
    model, out = Path(request["model"]), Path(request["out"])
    quantises = request["kind"] not in {"f16", "q8_0"}
    first = out.with_suffix(".f16") if quantises else out
    try:
        _write(model, first, "f16" if quantises else request["kind"], request)
    except NotImplementedError as refusal:
        return {"problem": str(refusal).strip().splitlines()[0]}
    if quantises:
        problem = _quantise(first, out, request["kind"])
        first.unlink()
        return {"problem": problem}
    return {"problem": ""}


def _write(model: Path, out: Path, kind: str, request: dict[str, Any]) -> None:
    import gguf
    import torch
    from auto_round.export.export_to_gguf.llama_cpp_conversion import get_conversion

    _know_older_kinds_only(gguf)
    kinds = {"f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
    conversion = get_conversion(model, auto_update=False)  # nothing is fetched
    settings = conversion.ModelBase.load_hparams(model, False)  # noqa: FBT003 - not in Mistral's own format
    kind_of_model = conversion.get_model_architecture(settings, conversion.ModelType.TEXT)
    shape = conversion.get_model_class(kind_of_model)
    if shape.model_arch is None:
        raise NotImplementedError(f"The installed gguf package is too old for models of the kind {kind_of_model}.")
    with torch.inference_mode():
        writing = shape(model, kinds[kind], out, model_name=request["name"])
        _recognise(writing, model)
        if request["end_of_turn"] is not None:
            writing.gguf_writer.add_eot_token_id(request["end_of_turn"])
        writing.write()


def _know_older_kinds_only(gguf: Any) -> None:  # noqa: ANN401 - the module
    """Let a converter that is newer than the gguf package convert what both know.

    It names all kinds of models when it is loaded, those that the package has not heard of among them.
    """
    known = gguf.MODEL_ARCH

    class Kinds:
        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            return getattr(known, name, None)

    gguf.MODEL_ARCH = Kinds()


def _recognise(writing: Any, model: Path) -> None:  # noqa: ANN401 - a class of llama.cpp's converter
    """Let a vocabulary that nobody has published be written too, where the way it cuts texts is a known one.

    The converter knows byte-level vocabularies by the hash of a text that it cuts with them.
    """
    known = writing.get_vocab_base_pre

    def name_of(tokenizer: Any) -> str:  # noqa: ANN401
        try:
            return str(known(tokenizer))
        except NotImplementedError:
            name = splitting(json.loads((model / "tokenizer.json").read_text(encoding="utf-8")))
            if not name:
                raise NotImplementedError(
                    "llama.cpp does not know the way this tokenizer cuts texts before it makes tokens of them."
                ) from None
            return name

    writing.get_vocab_base_pre = name_of


def splitting(tokenizer: dict[str, Any]) -> str:
    """llama.cpp's name for how a byte-level tokenizer.json cuts texts; empty where it has none."""
    normalizer = tokenizer.get("normalizer") or {"type": "NFC"}
    steps = tokenizer.get("pre_tokenizer") or {}
    parts = steps.get("pretokenizers", [steps])
    last = parts[-1]
    if last.get("type") != "ByteLevel" or last.get("add_prefix_space") or normalizer.get("type") != "NFC":
        return ""
    if len(parts) == 1:
        return "gpt-2" if last.get("use_regex", True) else ""
    cut = parts[0]
    whole = len(parts) == 2 and cut.get("type") == "Split" and not last.get("use_regex", True)
    isolated = cut.get("behavior") == "Isolated" and not cut.get("invert")
    return _SPLITTINGS.get(cut["pattern"].get("Regex", ""), "") if whole and isolated else ""


def _quantise(source: Path, out: Path, kind: str) -> str:
    import ctypes

    import llama_cpp

    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind.upper()}")
    ended = llama_cpp.llama_model_quantize(str(source).encode(), str(out).encode(), ctypes.byref(settings))
    return "" if ended == 0 else f"llama.cpp could not write {kind.upper()} (code {ended})."


if __name__ == "__main__":
    answer_with(convert)
