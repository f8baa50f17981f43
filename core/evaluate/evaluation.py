"""What a comparison of base and tuned model found, and its file in the run's folder."""

import dataclasses
import json
import math
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from core.evaluate.general import Forgetting
from core.evaluate.headline import headline
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.families import FIRST
from core.evaluate.metrics.metric import Answer, Family, Measure
from core.evaluate.reliability import Bin, reliability

Outcome = Literal["win", "loss", "tie"]

_FILE = "evaluation.json"
_MOST_CHARACTERS = 12_000_000  # of all rows' texts together: the page loads the file at once
_KEPT = 4  # evaluations that stay in memory, so that a page which looks at one again and again reads it once


@dataclass(frozen=True, slots=True)
class RowResult:
    """One held-out row and what both models said to it."""

    row: int
    """Row in its file, counted from 1."""
    prompt: str
    reference: str
    base: str
    tuned: str
    base_score: float
    """By the primary metric."""
    tuned_score: float
    outcome: Outcome
    """Of the tuned model."""
    base_confidence: float | None = None
    """Probability of the chosen label; None for free text, and in files of earlier versions."""
    tuned_confidence: float | None = None
    base_nats: float | None = None
    """Of the reference under the base model; None where its text was cut, and in files of earlier versions."""
    tuned_nats: float | None = None
    base_tokens: int = 0
    """Of the reference that the base model scored."""
    tuned_tokens: int = 0

    @property
    def change(self) -> float:
        """Tuned score less base score."""
        return self.tuned_score - self.base_score

    def answer(self, side: Literal["base", "tuned"]) -> Answer:
        """What one model said, as a metric takes it; of unknown nats where they were not kept."""
        nats: float | None = getattr(self, f"{side}_nats")
        return Answer(
            reference=self.reference,
            text=getattr(self, side),
            nats=math.nan if nats is None else nats,
            tokens=getattr(self, f"{side}_tokens"),
            confidence=getattr(self, f"{side}_confidence"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Base and tuned model on the same held-out rows."""

    rows: list[RowResult]
    """Wins first, then losses, then ties; within each the largest change first."""
    primary: str
    """Name of the metric that decides wins and losses; empty where there are no rows."""
    metrics: dict[str, dict[str, Any]]
    """Metric name to {"base", "tuned", "interval": [low, high], "p_value"}; 95 %, of tuned - base, as fractions."""
    intervals: dict[str, dict[str, list[float]]]
    """Metric name to {"base": [low, high], "tuned": [low, high]}: 95 %, of each model's own value."""
    wins: int
    losses: int
    ties: int
    headline: str
    labels: list[str] = field(default_factory=list)
    """Rows and columns of the confusion tables; empty for free text."""
    confusion_base: list[list[int]] = field(default_factory=list)
    """Reference by prediction."""
    confusion_tuned: list[list[int]] = field(default_factory=list)
    needed: dict[str, int | None] = field(default_factory=dict)
    """Metric name to about how many rows would tell such a difference in 4 of 5 cases; None where there is none."""
    own: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Name of each metric of the operator's own to the fields of its `Measure`."""
    stand_in: str = ""
    """What stands in the place of the base model, in sentences; empty where that was asked."""
    problems: list[str] = field(default_factory=list)
    """What went wrong with metrics of the operator's own: file, line and what to do."""
    linear: dict[str, str] = field(default_factory=dict)
    """Row in its file to the label that a linear model on counted words gives it; empty for free text."""
    forgetting: Forgetting | None = None
    """Both models on general texts; None where it was not measured, as in files of earlier versions."""

    @property
    def family(self) -> Family:
        """What kind of answers these are."""
        if self.labels:
            return Family.LABELS
        return next((family for family, names in FIRST.items() if names[0] == self.primary), Family.SHORT)

    def measure(self, name: str) -> Measure | None:
        """What a metric's number means; None for one that this version does not know."""
        return METRICS.get(name) or (Measure(**self.own[name]) if name in self.own else None)

    @property
    def first(self) -> list[str]:
        """The metrics that are shown large: those of the family, then the operator's own."""
        return [name for name in (*FIRST[self.family], *self.own) if name in self.metrics]

    @property
    def more(self) -> list[str]:
        """All others that this version knows."""
        return [name for name in self.metrics if name not in self.first and self.measure(name) is not None]

    def told(self, name: str) -> str:
        """A metric's difference as a sentence."""
        measure = self.measure(name)
        return headline(measure, self.metrics[name], len(self.rows), self.needed.get(name)) if measure else ""

    def reliability(self, side: Literal["base", "tuned"]) -> list[Bin]:
        """Of "base" or "tuned": how often the chosen labels are right, by their probability; empty where unknown."""
        pairs = ((getattr(row, f"{side}_confidence"), getattr(row, side) == row.reference) for row in self.rows)
        return reliability((confidence, right) for confidence, right in pairs if confidence is not None)


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Put it into the run's folder, whole or not at all."""
    raw = dataclasses.asdict(evaluation)
    parts = ("prompt", "reference", "base", "tuned")
    if sum(len(row[part]) for row in raw["rows"] for part in parts) > _MOST_CHARACTERS:
        limit = max(200, _MOST_CHARACTERS // (4 * len(evaluation.rows)))
        for row in raw["rows"]:
            row.update({part: _clip(row[part], limit) for part in parts})
            row.update(base_nats=None, tuned_nats=None)  # which are those of the whole reference
    write_json(raw, folder / _FILE)


def read_evaluation(folder: Path) -> Evaluation | None:
    """The newest evaluation of the run in `folder`, if it has one; nobody may change it, others read it too."""
    path = folder / _FILE
    try:
        state = path.stat()
        return _read(path, state.st_ino, state.st_mtime_ns, state.st_size)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=_KEPT)
def _read(path: Path, *_: int) -> Evaluation:
    """The file as it stands: a changed one has other numbers beside its name."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    rows = [_row(row) for row in raw.pop("rows")]
    forgotten = raw.pop("forgetting", None)
    if forgotten is not None:
        forgotten = Forgetting(**_known(Forgetting, forgotten | {"interval": tuple(forgotten["interval"])}))
    return Evaluation(rows=rows, forgetting=forgotten, **_known(Evaluation, raw))


def _row(raw: dict[str, Any]) -> RowResult:
    # JSON has no number for "no number".
    scores = {name: math.nan for name in ("base_score", "tuned_score") if raw[name] is None}
    return RowResult(**_known(RowResult, raw | scores))


def _known(kind: type[Any], raw: dict[str, Any]) -> dict[str, Any]:
    """The fields that this version has: an earlier one wrote fewer, a later one may write more."""
    names = {known.name for known in dataclasses.fields(kind)}
    return {name: value for name, value in raw.items() if name in names}


def write_json(value: object, path: Path) -> None:
    """Write `value` under a temporary name, then rename: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(_finite(value), file, ensure_ascii=False, allow_nan=False)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value goes through
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
