"""How long a study that goes on will still take: the run at work by its own pace, the others by their forecast."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.engine import Engine
from core.errors import UserError
from core.events import RunState
from core.strategy.plan import Plan
from core.study.outcome import Outcome
from core.study.report import Report, together
from ui import phrases, words
from ui.present import RunView

View = Callable[[str], RunView]
"""A run as of now, by its id."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a study's own runs."""

    low: float = 0.0
    """Seconds, of the runs whose speed is known."""
    high: float = 0.0
    known: int = 0
    unknown: int = 0
    """Runs of which nothing was measured yet."""
    behind: bool = False
    """Whether a run that is not the study's is at work, for which its runs wait."""

    @property
    def told(self) -> str:
        """In words."""
        if not self.known and not self.unknown:
            return ""
        if not self.known:
            return "time left: known once one has run"
        told = words.time_left(self.low, self.high)
        if self.unknown:
            told = f"at least {told.removeprefix('about ')}, {words.counted(self.unknown, 'run')} not measured yet"
        return f"{told}, after the run that is at work" if self.behind else told

    def as_json(self) -> dict[str, Any]:
        """The shape under "left" of `fewtune study --json`."""
        seconds = [self.low, self.high] if self.known else None
        return {"seconds": seconds, "known": self.known, "unknown": self.unknown, "behind": self.behind}


def left(engine: Engine, report: Report, view: View) -> Left:
    """What is left of the study as of now."""
    plans = {variant.run: variant.plan for variant in report.study.variants if variant.run}
    spans = [_span(engine, it, plans[it.run], view) for it in report.outcomes if it.run in plans and not it.is_over]
    known = [span for span in spans if span is not None]
    at_work = [job.run_id for job in engine.store.soon()]
    low, high = together(known, engine.store.limit.at_once)
    return Left(
        low=low,
        high=high,
        known=len(known),
        unknown=len(spans) - len(known),
        behind=bool(at_work) and plans.keys().isdisjoint(at_work),
    )


def _span(engine: Engine, outcome: Outcome, plan: Plan, view: View) -> tuple[float, float] | None:
    """Low and high of one run; None where nothing like it was measured."""
    try:
        forecast = engine.time_forecast(plan)
    except UserError:  # its rows or its model are gone
        forecast = None
    scoring = forecast.scoring_seconds if forecast else 0.0
    if outcome.state is RunState.EVALUATING:
        return (scoring, scoring) if scoring else None
    paced = phrases.seconds_left(view(outcome.run)) if outcome.state is RunState.TRAINING else None
    if paced is not None:
        return paced[0] + scoring, paced[1] + scoring
    return (forecast.low_seconds, forecast.high_seconds) if forecast else None
