"""Weights of 4 bits as transformers and vLLM load them, in three layouts.

AutoRound learns for each weight whether it is rounded up or down, so that every block of the model still says what it
said on rows of the user's own (Cheng et al., arXiv 2309.05516, section 3). The layouts hold the same numbers otherwise
packed: what differs is which program reads them. docs/four-bits.md has what was measured.
"""

import random
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

from core.dataset.load import load
from core.errors import Stopped, UserError
from core.events import Advanced, Emit
from core.export import merged
from core.export.exporter import Exporter, ExportTask, Tolerance
from core.export.extras import check_installed
from core.export.fresh import ask_fresh
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.backend.model import Loaded

GROUP = 32
"""Weights that share a scale: of 32, 64 and 128, which vLLM's kernels know, the one that loses least."""
ROUNDS = 20
"""Steps in which AutoRound learns the rounding of a block."""
BLOCK_TOKENS = 256
BLOCKS = 128
"""Rows of the user's own, one after the other, are cut into blocks of so many tokens; so many are enough (section 4.1
of the paper uses 512 of 2,048 for models of billions of weights)."""
_BITS = 4 + 16 / GROUP + 4 / GROUP
"""Per weight, with the scale and the zero of its group."""
_REST_BITS = 16
"""Per weight that is not rounded: embeddings, norms and the head."""
_LIBRARIES = 400 * 2**20
"""Bytes that AutoRound's process holds of its own beside what it shares with the one that started it; with them the
forecast is what `python -m tests.benchmarks.export_memory` measured: docs/exports.md."""
_MERGED = ".merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A way in which 4-bit weights lie in files."""

    name: str
    """As AutoRound calls it."""
    modules: tuple[str, ...]
    """Packages that write it and load it again."""
    loads: tuple[str, ...] = ()
    """What else the loading lines import of transformers."""
    unknown: tuple[str, ...] = ()
    """Kinds of models that AutoRound cannot write so."""
    wish: str = ""
    """What they tell from_pretrained besides."""


def _available(plan: Plan) -> str:
    if plan.head == "class":
        return "Rounding is learned from rows that the model writes; this one has a classification head."
    return merged.available(plan)


def _refuses(layout: Layout, extra: str, task: ExportTask) -> None:
    """Say before anything is loaded what cannot be written.

    Raises:
        MachineError: A package is missing.
        UserError: The layout does not know this kind of model, or the rows of the training are not there any more:
            rounding is learned from them.
    """
    check_installed("Writing 4-bit weights", extra, layout.modules)
    shape = read_facts(task.plan.model).architecture
    if shape in layout.unknown:
        raise UserError(f"This layout knows no models of the kind {shape}.", "Choose 'gptq' or 'compressed'.")
    load(task.plan.data, task.home, task.plan.seed)


def _size(task: ExportTask, bytes_per_weight: int) -> int:  # noqa: ARG001 - whatever it was trained in
    facts = read_facts(task.plan.model)
    rest = facts.parameters - facts.linear_parameters
    return int((facts.linear_parameters * _BITS + rest * _REST_BITS) / 8)


def _converting(task: ExportTask, bytes_per_weight: int) -> int:
    """The model, what is learned of a block (values, gradients, the best so far), and its rows going in and out."""
    facts = read_facts(task.plan.model)
    block = facts.linear_parameters // max(1, facts.layers)
    rows = BLOCKS * BLOCK_TOKENS * facts.hidden
    return _LIBRARIES + facts.parameters * bytes_per_weight + 4 * (3 * block + rows)


def _write(layout: Layout, task: ExportTask, loaded: "Loaded", into: Path, emit: Emit, stopping: Flag) -> None:
    folder, progress = into / _MERGED, into / ".progress"
    folder.mkdir()
    rows = calibration(task, loaded)
    merged.write(task, loaded, folder, emit, stopping)
    loaded.tokenizer.save_pretrained(str(folder))
    device = str(loaded.device.torch)
    merged.let_go(loaded)
    if stopping.is_set():
        raise Stopped
    request = {
        "model": str(folder.absolute()),
        "out": str(into.absolute()),
        "layout": layout.name,
        "group": GROUP,
        "rounds": ROUNDS,
        "rows": rows,
        "device": device,
        "seed": task.plan.seed,
        "progress": str(progress.absolute()),
    }

    def look() -> None:
        told = progress.read_text(encoding="utf-8").split() if progress.is_file() else []
        done, total = (int(float(number)) for number in told) if len(told) == 2 else (0, 0)
        emit(Advanced(what="Rounding to 4 bits, blocks", done=done, total=total))

    answer = ask_fresh("core.export.four_bits_write", request, stopping, look)
    if answer["problem"]:
        raise UserError(answer["problem"], "Choose 'merged': its folder runs wherever transformers runs.")
    shutil.copyfile(folder / "generation_config.json", into / "generation_config.json")
    shutil.rmtree(folder)
    progress.unlink(missing_ok=True)


def calibration(task: ExportTask, loaded: "Loaded") -> list[list[int]]:
    """Rows of the training as the model saw them, one after the other, cut into blocks of equal length.

    Few rows make few blocks, and less than one block is taken as a short one.

    Raises:
        UserError: The rows are not there any more.
    """
    from core.backend.tokens import encode

    examples = list(load(task.plan.data, task.home, task.plan.seed).train)
    random.Random(task.plan.seed).shuffle(examples)
    ids: list[int] = []
    for example in examples:
        encoded = encode(loaded.tokenizer, example, task.plan.max_length)
        ids.extend(encoded.input_ids if encoded else [])
        if len(ids) >= BLOCKS * BLOCK_TOKENS:
            break
    size = min(BLOCK_TOKENS, len(ids), task.plan.max_length)
    return [ids[start : start + size] for start in range(0, len(ids) - size + 1, size)][:BLOCKS]


def _loading(layout: Layout, plan: Plan, base_model: str) -> str:  # noqa: ARG001 - it needs no base model
    return "\n".join(
        [
            f"from transformers import {', '.join(['AutoModelForCausalLM', *layout.loads, 'AutoTokenizer'])}",
            "",
            f'model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto"{layout.wish}).eval()',
            "tokenizer = AutoTokenizer.from_pretrained(folder)",
        ]
    )


def _commands(plan: Plan, base_model: str) -> dict[str, str]:  # noqa: ARG001 - it needs no base model
    return {"vLLM": "vllm serve FOLDER"}


def _exporter(layout: Layout, name: str, title: str, when: str, needs: str) -> Exporter:
    extra = "awq" if "gptqmodel" in layout.modules else "quantise"
    return Exporter(
        name=name,
        title=title,
        when=when,
        needs=needs,
        available=_available,
        instead="Choose 'merged' or 'adapter' instead.",
        extra=extra,
        modules=layout.modules,
        refuses=partial(_refuses, layout, extra),
        size_bytes=_size,
        more_disk=merged.size,
        converting=_converting,
        write=partial(_write, layout),
        loading=partial(_loading, layout),
        commands=_commands,
        tolerance=Tolerance(0.1, "4 bits"),
        check="core.export.verify_four_bits",
    )


GPTQ = _exporter(
    Layout(
        name="auto_gptq",
        modules=("auto_round",),
        loads=("AutoRoundConfig",),
        wish=", quantization_config=AutoRoundConfig()",
    ),
    "gptq",
    "GPTQ, 4 bits",
    "a server on a GPU shall hold it in a quarter of the memory, at some loss, which is measured",
    "vLLM, or transformers with auto-round (or with optimum and gptqmodel)",
)
AWQ = _exporter(
    Layout(name="auto_awq", modules=("auto_round", "gptqmodel"), unknown=("gpt2",)),
    "awq",
    "AWQ, 4 bits",
    "the server that you have reads AWQ: the same numbers as GPTQ in another layout",
    "vLLM, or transformers with gptqmodel",
)
COMPRESSED = _exporter(
    Layout(name="llm_compressor", modules=("auto_round", "compressed_tensors")),
    "compressed",
    "Compressed tensors, 4 bits",
    "it shall run in vLLM and in plain transformers alike: the same numbers in the layout that vLLM calls its own",
    "vLLM, or transformers with compressed-tensors",
)
