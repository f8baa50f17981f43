"""The untuned model's answers, kept: every run on the same data asks the same model the same questions."""

import dataclasses
import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evaluate.evaluation import write_json
from core.evaluate.metrics.metric import Answer
from core.strategy.methods import METHODS, read_options
from core.strategy.model_facts import locate
from core.strategy.plan import Plan

if TYPE_CHECKING:
    from core.evaluate.answers import Questions

_KEPT = 100
_WHOLE = 256 * 2**20  # bytes of a file that is hashed to its end; of a larger one three pieces and its time
_PIECE = 2**20


class BaseScores:
    """One entry of the home's `base_scores`, found by everything that decides the answers."""

    def __init__(self, home: Path, plan: Plan, questions: "Questions", where: str) -> None:
        """`where` is the device and the precision."""
        from core.backend import generation

        decides = {
            "model": fingerprint(plan.model),
            "quantised": METHODS[plan.method].quantised and read_options(plan.method, plan.options).model_dump(),
            "where": where,
            "questions": dataclasses.asdict(questions),
            "repetition": "by the model's own settings",
            "circles": [generation.LONGEST_ROUND, generation.ROUNDS, generation.ROUND_TOKENS],
            "libraries": [version("torch"), version("transformers")],
        }
        text = json.dumps(decides, sort_keys=True, ensure_ascii=False)
        self._path = home / "base_scores" / f"{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}.json"
        self._references = [example.answer for example in questions.examples]

    def read(self) -> list[Answer] | None:
        """The answers, if these questions were asked before."""
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
            said = [
                (str(text), float(nats), int(tokens), None if sure is None else float(sure), bool(ended))
                for text, nats, tokens, sure, ended in rows
            ]
        except (OSError, ValueError, TypeError):  # not there, damaged or of before: then the model is asked again
            return None
        if len(said) != len(self._references):
            return None
        return [Answer(reference, *answer) for reference, answer in zip(self._references, said, strict=True)]

    def write(self, answers: list[Answer]) -> None:
        """Keep the answers, and forget the oldest of too many entries."""
        rows = [[answer.text, answer.nats, answer.tokens, answer.confidence, answer.ended] for answer in answers]
        write_json(rows, self._path)
        entries = sorted(self._path.parent.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in entries[_KEPT:]:
            old.unlink(missing_ok=True)


def fingerprint(model: str) -> list[list[Any]]:
    """Name, size and digest of the files that decide what the model says."""
    folder = _folder(model)
    kinds = {".safetensors", ".json", ".jinja", ".model", ".txt"}
    files = sorted(path for path in folder.iterdir() if path.suffix in kinds and path.is_file())
    return [[path.name, path.stat().st_size, _digest(path)] for path in files]


def _folder(model: str) -> Path:
    place = locate(model)
    if isinstance(place, Path):
        return place
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(place, local_files_only=True))


def _digest(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _WHOLE:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256(str(path.stat().st_mtime_ns).encode())
        for start in (0, size // 2, size - _PIECE):
            file.seek(start)
            digest.update(file.read(_PIECE))
        return digest.hexdigest()
