"""What a study will take, and how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.study.kind import Finding
from core.study.outcome import Outcome
from core.study.study import Study, Variant


def together(spans: Sequence[tuple[float, float]], at_once: int) -> tuple[float, float]:
    """Low and high seconds of all runs, of which so many may share the device.

    At best none is slower for it; at worst they take as long as one after the other.
    """
    lows = [low for low, _ in spans]
    beside = max(1, min(at_once, len(spans)))
    return max(sum(lows) / beside, max(lows, default=0.0)), sum(high for _, high in spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a study will take, before it is begun."""

    runs: int
    """That will be trained."""
    reused: tuple[str, ...]
    """Labels of those that are there already."""
    left_out: dict[str, str]
    """Label to why it cannot be run here."""
    seconds: tuple[float, float] | None
    """Low and high (see `together`), of all runs whose speed is known; None where none is."""
    unmeasured: tuple[Variant, ...]
    """Those of which nothing was measured on this machine: their time is not in it."""

    def as_json(self) -> dict[str, Any]:
        """The shape under "forecast" of `fewtune study --json`."""
        return {
            "runs": self.runs,
            "reused": list(self.reused),
            "left_out": self.left_out,
            "seconds": list(self.seconds) if self.seconds else None,
            "unmeasured": [variant.label for variant in self.unmeasured],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A study as it stands now."""

    study: Study
    outcomes: tuple[Outcome, ...]
    """The untuned model first, where it was scored."""
    primary: str
    """Name of the metric that decides; empty before there are scores."""
    finding: Finding | None
    """What it found so far."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return all(outcome.is_over for outcome in self.outcomes)

    @property
    def done(self) -> int:
        """Variants with a score."""
        return sum(1 for outcome in self.outcomes if outcome.run and outcome.score is not None)

    @property
    def can_go_on(self) -> bool:
        """Whether something is left to be run that is not under way."""
        wanted = {variant.label for variant in self.study.variants if not variant.left_out and not variant.pruned}
        return any(it.label in wanted and it.is_over and it.score is None for it in self.outcomes)
