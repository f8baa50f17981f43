"""What tuning made a model forget: bits per byte on general texts, base against tuned."""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.dataset.example import Example
from core.evaluate.headline import tells_apart
from core.evaluate.measured import measure_all
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Answer

_FILE = Path(__file__).resolve().parents[2] / "assets" / "general" / "texts.csv"
METRIC = "bits_per_byte"
NOTICEABLE = 0.02
"""Share by which the bits per byte must rise before something should be done about it."""
REMEDY = (
    "Tune with a lower rank or learning rate, or mix a few percent of general rows into the training rows: that helps "
    "most where it matters."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """Bits per byte of both models on the same general texts; lower is better."""

    texts: int
    version: str
    """Which texts: the beginning of their file's SHA-256."""
    base: float
    tuned: float
    interval: tuple[float, float]
    """95 %, of tuned - base, from a bootstrap that draws the same texts for both."""
    p_value: float
    """Two-sided, of "there is no difference"."""

    @property
    def rise(self) -> float:
        """Of the bits per byte, as a share of the base model's."""
        return self.tuned / self.base - 1

    @property
    def verdict(self) -> str:
        """One of "kept", "improved", "a little" (certain, and too small to matter) and "forgotten"."""
        if not tells_apart({"interval": self.interval, "p_value": self.p_value}):
            return "kept"
        if self.rise < 0:
            return "improved"
        return "forgotten" if self.rise >= NOTICEABLE else "a little"

    @property
    def told(self) -> str:
        """The finding in a sentence."""
        low, high = self.interval
        change = f"{self.base:.3f} bits per byte before, {self.tuned:.3f} after ({low:+.3f} to {high:+.3f})"
        more = f"general texts take {100 * self.rise:.1f} % more bits"
        lead = {
            "kept": "Nothing was forgotten that these texts could show",
            "improved": "It reads general texts better than before",
            "a little": f"It forgot a little, {more}",
            "forgotten": f"It forgot, {more}",
        }
        return f"{lead[self.verdict]}: {change}, on {self.texts} texts."

    @property
    def remedy(self) -> str:
        """What to do about it; empty where nothing needs to be done."""
        return REMEDY if self.verdict == "forgotten" else ""


@lru_cache(maxsize=1)
def general_texts() -> tuple[Example, ...]:
    """The texts that come with Fewtune, each to be read as it is."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(Example(number, (), row["text"]) for number, row in enumerate(rows, 1))


def forgetting(base: Sequence[Answer], tuned: Sequence[Answer], seed: int) -> Forgetting | None:
    """What both models' losses on `general_texts` say; None where a loss is no number."""
    measured = next(measure_all([METRICS[METRIC]], base, tuned, seed), None)
    if measured is None:
        return None
    return Forgetting(
        texts=len(base),
        version=hashlib.sha256(_FILE.read_bytes()).hexdigest()[:12],
        base=measured.base,
        tuned=measured.tuned,
        interval=measured.difference.interval,
        p_value=measured.difference.p_value,
    )
