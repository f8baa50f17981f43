"""One file for llama.cpp, Ollama and their relatives, in several precisions.

The converter is llama.cpp's own, as the AutoRound package carries it; k-quants are made by llama.cpp itself. Sizes in
bits per weight: llama.cpp, tools/quantize/README.md.
"""

import ast
import importlib.util
import json
import re
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from core.errors import Stopped, UserError
from core.events import Advanced, Emit
from core.export import merged, ollama
from core.export.exporter import Exporter, ExportTask, Tolerance
from core.export.extras import check_installed
from core.export.fresh import ask_fresh
from core.strategy.model_facts import locate, read_facts
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.model import Loaded

MODULES = ("auto_round", "gguf", "sentencepiece", "llama_cpp")
_MERGED = ".merged"
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Kind:
    """A precision of GGUF's."""

    name: str
    """As llama.cpp calls it."""
    bits: float
    """Per weight, about."""


_Q8, _Q4, _F16 = Kind("q8_0", 8.5), Kind("q4_k_m", 4.9), Kind("f16", 16)


def _refuses(task: ExportTask) -> None:
    """Say before anything is loaded what cannot be written.

    Raises:
        MachineError: A package is missing.
        UserError: The converter does not know this kind of model.
    """
    check_installed("Writing GGUF", "gguf", MODULES)
    config = json.loads((_config_folder(task) / "config.json").read_text(encoding="utf-8"))
    shape = next(iter(config.get("architectures") or []), "")
    if shape and shape not in known_shapes():
        raise UserError(
            f"llama.cpp's converter does not know models of the kind {shape}.", "Choose 'merged', or another model."
        )


def _config_folder(task: ExportTask) -> Path:
    if (task.best / "config.json").is_file():
        return task.best
    folder = locate(task.plan.model)
    if isinstance(folder, Path):
        return folder
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(folder, "config.json")).parent


def known_shapes() -> set[str]:
    """Kinds of models that the converter knows, read from its table without loading it."""
    spec = importlib.util.find_spec("auto_round")
    assert spec is not None, "asked only where it is installed"
    assert spec.origin is not None, "it is a package with an __init__"
    table = Path(spec.origin).parent / "export" / "export_to_gguf" / "conversion" / "__init__.py"
    for node in ast.parse(table.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "TEXT_MODEL_MAP" and node.value is not None:
            return set(ast.literal_eval(node.value))
    return set()


def _size(kind: Kind, task: ExportTask, bytes_per_weight: int) -> int:  # noqa: ARG001 - whatever it was trained in
    facts = read_facts(task.plan.model)
    return int(facts.parameters * kind.bits / 8)


def _more_disk(kind: Kind, task: ExportTask, bytes_per_weight: int) -> int:
    """The merged folder that is converted, and the 16-bit file that k-quants are made of; both go again."""
    between = read_facts(task.plan.model).parameters * 2 if kind is _Q4 else 0
    return merged.size(task, bytes_per_weight) + between


def _write(kind: Kind, task: ExportTask, loaded: "Loaded", into: Path, emit: Emit, stopping: Flag) -> None:
    from core.backend.tokens import end_id

    folder = into / _MERGED
    folder.mkdir()
    merged.write(task, loaded, folder, emit, stopping)
    loaded.tokenizer.save_pretrained(str(folder))
    _settle_tokenizer(task, loaded, folder)
    _settle_config(folder)
    if stopping.is_set():
        raise Stopped
    name = file_name(task.plan, kind.name)
    (into / "Modelfile").write_text(ollama.modelfile(loaded, name, _context(loaded)), encoding="utf-8")
    end = end_id(loaded.tokenizer)
    request = {
        "model": str(folder.absolute()),
        "out": str((into / name).absolute()),
        "kind": kind.name,
        "name": task.plan.name or task.plan.data.name,
        "end_of_turn": None if end == loaded.tokenizer.eos_token_id else end,
    }
    total = max(1, _size(kind, task, 2) // _MIB)

    def look() -> None:
        files = [path for path in into.iterdir() if path.is_file() and path.name.startswith(name.rpartition(".")[0])]
        done = sum(path.stat().st_size for path in files) // _MIB
        emit(Advanced(what=f"Writing {kind.name.upper()}, MiB", done=min(done, total), total=total))

    answer = ask_fresh("core.export.gguf_convert", request, stopping, look)
    shutil.rmtree(folder)
    if answer["problem"]:
        raise UserError(answer["problem"], "Choose 'merged': its folder runs wherever transformers runs.")


def _settle_tokenizer(task: ExportTask, loaded: "Loaded", folder: Path) -> None:
    """Give the converter the vocabulary's own file where there is one, and let nobody add marks to a chat template."""
    base = locate(task.plan.model)
    vocabulary = base / "tokenizer.model" if isinstance(base, Path) else _cached(base, "tokenizer.model")
    if vocabulary is not None and vocabulary.is_file():
        shutil.copyfile(vocabulary, folder / "tokenizer.model")
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    if loaded.tokenizer.chat_template:
        settings |= {"add_bos_token": False, "add_eos_token": False}  # the template writes its own, as in training
        settings |= {name: str(getattr(loaded.tokenizer, name) or "") or None for name in ("bos_token", "eos_token")}
    # As older versions of transformers wrote it: without, marks of turns would be cut into letters.
    settings["added_tokens_decoder"] = {
        str(number): {
            "content": token.content,
            "special": token.special,
            "normalized": token.normalized,
            "lstrip": token.lstrip,
            "rstrip": token.rstrip,
            "single_word": token.single_word,
        }
        for number, token in loaded.tokenizer.added_tokens_decoder.items()
    }
    path.write_text(json.dumps(settings), encoding="utf-8")


def _settle_config(folder: Path) -> None:
    """Say what the converter asks for in the words of older versions of transformers."""
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    if "n_positions" in config:
        config.setdefault("n_ctx", config["n_positions"])
    path.write_text(json.dumps(config), encoding="utf-8")


def _cached(model: str, name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(model, name)
    return Path(found) if isinstance(found, str) else None


def _context(loaded: "Loaded") -> int:
    """Tokens that prompt and answer may have: what the model knows, and no more memory than 8,192 take."""
    known = getattr(loaded.model.config, "max_position_embeddings", None) or 2048
    return min(int(known), 8192)


def file_name(plan: Plan, kind: str) -> str:
    """A name that says what it is and offends no file system: "tickets-Q8_0.gguf"."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", plan.name or plan.data.name).strip("-.")[:60] or "model"
    return f"{stem}-{kind.upper()}.gguf"


def _loading(kind: Kind, plan: Plan, base_model: str) -> str:  # noqa: ARG001 - it needs no base model
    return "\n".join(
        [
            "from llama_cpp import Llama",
            "",
            f'model = Llama(f"{{folder}}/{file_name(plan, kind.name)}", n_ctx=0, verbose=False)',
            'turns = [{"role": "user", "content": "..."}]',
            'print(model.create_chat_completion(turns, temperature=0)["choices"][0]["message"]["content"])',
        ]
    )


def _commands(kind: Kind, plan: Plan, base_model: str) -> dict[str, str]:  # noqa: ARG001
    name = file_name(plan, kind.name)
    called = name.rpartition("-")[0].lower()
    return {
        "Ollama": f"cd FOLDER && ollama create {called} -f Modelfile && ollama run {called}",
        "llama.cpp": f"llama-server -m FOLDER/{name} --jinja",
    }


def _available(plan: Plan) -> str:
    if plan.head == "class":
        return (
            "llama.cpp and its relatives run models that write; this one has a classification head and writes nothing."
        )
    return merged.available(plan)


def _exporter(kind: Kind, name: str, when: str, tolerance: Tolerance) -> Exporter:
    return Exporter(
        name=name,
        title=f"GGUF {kind.name.upper()}",
        when=when,
        needs="llama.cpp, Ollama, LM Studio or any other program that reads GGUF",
        available=_available,
        instead="Choose 'adapter' or 'merged' instead.",
        extra="gguf",
        modules=MODULES,
        refuses=_refuses,
        size_bytes=partial(_size, kind),
        more_disk=partial(_more_disk, kind),
        write=partial(_write, kind),
        loading=partial(_loading, kind),
        commands=partial(_commands, kind),
        tokenizer_apart=False,
        tolerance=tolerance,
        check="core.export.verify_gguf",
        find=lambda folder: next(folder.glob("*.gguf")),
    )


Q8 = _exporter(
    _Q8,
    "gguf",
    "it shall run in Ollama or llama.cpp: half the size, and hardly a difference",
    Tolerance(0.02, "8 bits"),
)
Q4 = _exporter(
    _Q4, "gguf_q4", "it must be small: a quarter of the size, at some loss, which is measured", Tolerance(0.1, "4 bits")
)
F16 = _exporter(
    _F16, "gguf_f16", "nothing may be lost, or it shall be quantised further elsewhere", Tolerance(0.01, "16 bits")
)
