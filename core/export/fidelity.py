"""Does the export say what the tuned model says? Asked in a process that knows nothing of this one."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

import core
from core.dataset.example import Example, Turn
from core.dataset.load import load
from core.errors import Stopped, UserError
from core.export.exporter import ExportTask
from core.strategy.model_facts import locate

if TYPE_CHECKING:
    from core.backend.model import Loaded

_ROWS = 4
_POSITIONS = 16  # at the end of each row: what was tuned is the answer
_LONGEST = 512
_EXACT = 1e-3
_ROUNDED = 0.05  # of the largest logit, where weights or products have the 8 bits of bf16
_SPARE_PROMPT = Example(
    0, (Turn("user", "Say in one sentence what this is for."),), "It checks that a copy is faithful."
)


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How far the export is from the tuned model."""

    difference: float | None
    """Largest difference of a logit; None where the export could not be loaded."""
    tolerance: float
    problem: str = ""
    """Why the export could not be loaded."""

    @property
    def faithful(self) -> bool:
        """Whether the difference is what rounding explains."""
        return self.difference is not None and self.difference <= self.tolerance


class Reference:
    """What the tuned model says to a few held-out rows, kept until the export is asked."""

    def __init__(self, task: ExportTask, loaded: "Loaded") -> None:
        rows = _rows(task, loaded)
        self._logits = [_last_logits(loaded, ids) for ids in rows]
        largest = max(float(logits.abs().max()) for logits in self._logits)
        # On a GPU 8-bit layers round what goes into them too, and a merged model has none.
        exact = loaded.precision == "fp32" and not (loaded.quantisation == "int8" and loaded.device.is_gpu)
        self.tolerance = _EXACT if exact else _ROUNDED * largest
        place = locate(task.plan.model)
        self._request: dict[str, Any] = {
            "exporter": task.exporter,
            "base": str(place),
            "rows": rows,
            "device": str(loaded.device.torch),
            "dtype": str(loaded.model.dtype).removeprefix("torch."),
            "quantisation": _quantisation(loaded),
            "bottleneck": task.plan.method == "adapter",
        }

    def compare(self, export: Path, stopping: Flag) -> Fidelity:
        """Load `export` in a fresh process and compare.

        Raises:
            Stopped: `stopping` was set; the process is ended.
        """
        from safetensors.torch import save_file

        with tempfile.TemporaryDirectory(prefix="fewtune-") as name:
            folder = Path(name)
            save_file({str(i): logits.contiguous() for i, logits in enumerate(self._logits)}, folder / "logits")
            request = self._request | {"export": str(export.absolute())}
            (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
            problem = _run(folder, stopping)
            if problem:
                return Fidelity(None, self.tolerance, problem)
            answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        return Fidelity(answer["difference"], self.tolerance)


def _run(folder: Path, stopping: Flag) -> str:
    """Run the check; an empty text, or the last line of what it complained of.

    Raises:
        Stopped: `stopping` was set.
    """
    root = Path(core.__file__).resolve().parents[1]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(root)}
    with (folder / "log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.export.verify", str(folder)],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            while process.poll() is None:
                if stopping.is_set():
                    raise Stopped
                time.sleep(0.05)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(0)
        lines = log.read().strip().splitlines()
    return "" if process.returncode == 0 else (lines or [f"it ended with code {process.returncode}"])[-1]


def _rows(task: ExportTask, loaded: "Loaded") -> list[list[int]]:
    from core.backend.tokens import encode

    try:
        split = load(task.plan.data, task.home, task.plan.seed)
        examples = [*split.test, *split.validation]
    except UserError:  # the rows went away since; the model is there all the same
        examples = []
    longest = min(_LONGEST, task.plan.max_length)
    encoded = (encode(loaded.tokenizer, example, longest) for example in [*examples, _SPARE_PROMPT])
    rows = [row.input_ids for row in encoded if row is not None]
    return rows[:_ROWS]


def _last_logits(loaded: "Loaded", ids: list[int]) -> Any:  # noqa: ANN401 - a Tensor, (positions, vocabulary)
    from core.export.verify import last_logits

    return last_logits(loaded.model, ids, loaded.device.torch, _POSITIONS)


def _quantisation(loaded: "Loaded") -> dict[str, Any] | None:
    if not loaded.quantised:
        return None
    if loaded.quantisation == "int8":
        return {"load_in_8bit": True}
    settings = loaded.model.config.quantization_config.to_dict()
    wanted = ("load_in_4bit", "bnb_4bit_quant_type", "bnb_4bit_use_double_quant", "bnb_4bit_compute_dtype")
    return {name: settings[name] for name in wanted}
