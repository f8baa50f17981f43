"""Does the export say what the tuned model says? Asked in a process that knows nothing of this one."""

import json
import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from core.export.exporter import ExportTask
from core.export.fresh import run_fresh
from core.export.held_out import held_out
from core.strategy.model_facts import locate

if TYPE_CHECKING:
    from core.backend.model import Loaded

_ROWS = 4
_POSITIONS = 16  # at the end of each row: what was tuned is the answer
_LONGEST = 512
_EXACT = 1e-3
_ROUNDED = 0.05  # of the largest logit, where weights or products have the 8 bits of bf16


@dataclass(frozen=True, slots=True)
class Fidelity:
    """How far the export is from the tuned model."""

    difference: float | None
    """Largest difference of a logit; None where the export could not be loaded."""
    tolerance: float
    problem: str = ""
    """Why the export could not be loaded."""

    rows: int = 0
    """Held-out rows whose logits were compared."""

    @property
    def faithful(self) -> bool:
        """Whether the difference is what rounding explains."""
        return self.difference is not None and self.difference <= self.tolerance

    def report(self) -> dict[str, Any]:
        """As `core.events.Exported.fidelity` has it."""
        return {
            "by": "logits",
            "rows": self.rows,
            "difference": self.difference,
            "tolerance": self.tolerance,
            "faithful": self.faithful,
            "problem": self.problem or ("" if self.faithful else self._doubt()),
        }

    def _doubt(self) -> str:
        return (
            f"The export is not quite the tuned model: a logit differs by {self.difference:.3g}, and rounding explains "
            f"{self.tolerance:.3g}. Score it before you rely on it."
        )


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
            "head": bool(loaded.labels),
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
        return Fidelity(answer["difference"], self.tolerance, rows=len(self._logits))


def _run(folder: Path, stopping: Flag) -> str:
    """Run the check; an empty text, or the last line of what it complained of.

    Raises:
        Stopped: `stopping` was set.
    """
    return run_fresh("core.export.verify", folder, stopping)


def _rows(task: ExportTask, loaded: "Loaded") -> list[list[int]]:
    from core.backend.classes import encode_class, text_of
    from core.backend.tokenised import longest_row
    from core.backend.tokens import encode

    longest = min(_LONGEST, longest_row(loaded, task.plan))
    if loaded.labels:
        texts = (text_of(example, task.plan.data.instruction) for example in islice(held_out(task), _ROWS))
        return [encode_class(loaded.tokenizer, text, longest).input_ids for text in texts]
    encoded = (encode(loaded.tokenizer, example, longest) for example in held_out(task))
    return [row.input_ids for row in islice((row for row in encoded if row is not None), _ROWS)]


def _last_logits(loaded: "Loaded", ids: list[int]) -> Any:  # noqa: ANN401 - a Tensor, (positions, vocabulary)
    from core.export.verify import head_logits, last_logits

    if loaded.labels:
        return head_logits(loaded.model, ids, loaded.device.torch)
    return last_logits(loaded.model, ids, loaded.device.torch, _POSITIONS)


def _quantisation(loaded: "Loaded") -> dict[str, Any] | None:
    if not loaded.quantised:
        return None
    settings = loaded.model.config.quantization_config.to_dict()
    whole = ["llm_int8_skip_modules"] * bool(loaded.labels)
    if loaded.quantisation == "int8":
        return {"load_in_8bit": True} | {name: settings[name] for name in whole}
    wanted = ("load_in_4bit", "bnb_4bit_quant_type", "bnb_4bit_use_double_quant", "bnb_4bit_compute_dtype", *whole)
    return {name: settings[name] for name in wanted}
