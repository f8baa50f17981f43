"""Does an export whose weights are rounded still answer as the tuned model does? Measured on held-out rows.

Three questions, each of which has ended in garbled models elsewhere: does it write prompts as in training, does it make
the same tokens of them, and how much likelier or less likely are the right answers to it?
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from core.dataset.example import Example
from core.errors import MachineError
from core.export.exporter import ExportTask, Tolerance
from core.export.fresh import ask_fresh
from core.export.held_out import held_out

if TYPE_CHECKING:
    from core.backend.model import Loaded

_ROWS = 16
_LONGEST = 512
_ANSWER = 64
_MARGIN = 8


@dataclass(frozen=True, slots=True)
class Told:
    """What the tuned model makes of one row."""

    example: Example
    ids: list[int]
    """Prompt and right answer."""
    prompt: int
    """Tokens of the prompt."""
    loss: float
    """Of the right answer, summed over its tokens, in nats."""
    choices: list[int]
    """The likeliest token at each place of the right answer."""
    written: str
    """Its own answer; empty for a text that nobody asks for."""


class AnswersReference:
    """What the tuned model answers, kept until the export is asked."""

    def __init__(self, task: ExportTask, loaded: "Loaded", tolerance: Tolerance) -> None:
        from core.export.ollama import renderer

        self._tolerance = tolerance
        self._tokenizer = loaded.tokenizer
        self._rows = _ask(task, loaded)
        longest = max(len(row.ids) for row in self._rows) + _ANSWER + _MARGIN
        render = renderer(loaded)
        self._request: dict[str, Any] = {
            "context": longest,
            "device": str(loaded.device.torch),
            "rows": [
                {
                    "turns": [{"role": turn.role, "content": turn.content} for turn in row.example.turns],
                    "text": render(row.example.turns, opened=True),
                    "ids": row.ids,
                    "prompt": row.prompt,
                    "most": _most(row),
                }
                for row in self._rows
            ],
            "templated": bool(loaded.tokenizer.chat_template),
            "stops": _stops(loaded),
            "penalty": _penalty(loaded),
        }

    def compare(self, module: str, export: str, stopping: Flag) -> dict[str, Any]:
        """Load `export` in a fresh process of `module` and compare; see `core.events.Exported.fidelity`.

        Raises:
            Stopped: `stopping` was set; the process is ended.
        """
        report = {"by": "answers", "rows": len(self._rows), "tolerance": self._tolerance.loss}
        try:
            told = ask_fresh(module, self._request | {"export": export}, stopping)["rows"]
        except MachineError as error:
            return report | {"faithful": False, "problem": error.what}
        tokens = sum(len(row.choices) for row in self._rows)
        before = sum(row.loss for row in self._rows) / tokens
        after = sum(row["loss"] for row in told) / tokens
        same = sum(
            mine == theirs
            for row, other in zip(self._rows, told, strict=True)
            for mine, theirs in zip(row.choices, other["choices"], strict=True)
        )
        asked = [
            (row, self._decoded(other["written"]))
            for row, other in zip(self._rows, told, strict=True)
            if row.example.turns
        ]
        report |= {
            "tuned": {"loss": before, "right": _share([row.written == row.example.answer for row, _ in asked])},
            "exported": {"loss": after, "right": _share([said == row.example.answer for row, said in asked])},
            "same_tokens": same / tokens,
            "same_answers": _share([said == row.written for row, said in asked]),
        }
        cause = self._cause(told, after - before)
        return report | {"faithful": not cause, "problem": cause}

    def _decoded(self, ids: list[int]) -> str:
        from core.backend.generation import circle

        return str(self._tokenizer.decode(ids[: circle(ids)], skip_special_tokens=True)).strip()

    def _cause(self, told: Sequence[dict[str, Any]], rise: float) -> str:
        """Why it is not the same model; empty where rounding explains the difference."""
        if not all(row["same_text"] for row in told):
            return "It writes prompts in another way than the tuned model was trained with: its chat template differs."
        if not all(row["same_ids"] for row in told):
            return "It makes other tokens of the same prompt than the tuned model was trained with."
        if math.isfinite(rise) and rise <= self._tolerance.loss:
            return ""
        return (
            f"Rounding to {self._tolerance.cause} costs {rise:.2f} nats per token of the right answers, more than the "
            f"{self._tolerance.loss:g} that is usual. Take a form with more bits."
        )


def _ask(task: ExportTask, loaded: "Loaded") -> list[Told]:
    from core.backend.generation import generate
    from core.backend.tokens import encode

    longest = min(_LONGEST, task.plan.max_length)
    rows = []
    for example in held_out(task):
        encoded = encode(loaded.tokenizer, example, longest)
        if encoded is None or encoded.truncated:
            continue  # its text and its tokens would not be the same prompt
        rows.append((example, encoded.input_ids, encoded.prompt_length))
        if len(rows) == _ROWS:
            break
    told = []
    with loaded.autocast():
        for example, ids, prompt in rows:
            loss, choices = _read(loaded, ids, prompt)
            row = Told(example, ids, prompt, loss, choices, "")
            if example.turns:
                (written,) = generate(
                    loaded.model, loaded.tokenizer, [example], _most(row), max_length=prompt + _most(row)
                )
                row = Told(example, ids, prompt, loss, choices, written)
            told.append(row)
    return told


def _read(loaded: "Loaded", ids: list[int], prompt: int) -> tuple[float, list[int]]:
    import torch

    with torch.no_grad():
        logits = loaded.model(input_ids=torch.tensor([ids], device=loaded.device.torch), use_cache=False).logits
    at = logits[0, -len(ids) :][prompt - 1 : len(ids) - 1].float()  # a prefix method puts its own tokens in front
    right = torch.tensor(ids[prompt:], device=at.device)
    return float(torch.nn.functional.cross_entropy(at, right, reduction="sum")), at.argmax(-1).tolist()


def _most(row: Told) -> int:
    """Most tokens that an answer may have: a little more than the right one."""
    return min(_ANSWER, len(row.ids) - row.prompt + _MARGIN)


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _penalty(loaded: "Loaded") -> float:
    from core.backend.generation import repetition_penalty

    return repetition_penalty(loaded.model)


def _stops(loaded: "Loaded") -> list[int]:
    from core.backend.tokens import stop_ids

    return stop_ids(loaded.tokenizer, loaded.model)
