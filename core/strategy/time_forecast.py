"""How long a plan will take, and what that costs, from a speed that was measured on this machine."""

from dataclasses import dataclass
from typing import Any

from core.strategy.pace import Pace
from core.strategy.plan import Plan
from core.strategy.speed import Speed

_JOULES_PER_KWH = 3.6e6
_SCORING = "scoring the base and the tuned model"

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much there is to do in a plan."""

    train_rows: int
    validation_rows: int
    test_rows: int
    tokens_per_row: float
    """Mean over the training rows."""
    counted: bool
    """Whether these very rows were tokenised as a run does it; else it is close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeForecast:
    """The time, energy and money that a plan will take."""

    epoch_seconds: float
    """One pass over the training rows with its validations."""
    total_seconds: float
    """All epochs, with everything in `parts`."""
    low_seconds: float
    """Where early stopping ends the run as soon as it can, in the faster steps' pace."""
    high_seconds: float
    """All epochs in the slower steps' pace."""
    earliest_epoch: float
    """Where early stopping could end it first."""
    parts: dict[str, float]
    """Seconds of `total_seconds` by what takes them: loading, training, validating, saving, scoring."""
    left_out: tuple[str, ...]
    """What is not in it because nobody measured it, in words."""
    basis: str
    """Where the speed comes from: "measured in 8 steps on this computer"."""
    cause: str
    """Why it is a range."""
    tokens_per_second: float
    measured_at: float
    """UTC epoch, seconds."""
    peak_gib: float | None
    """Memory that the measured steps held at most, to compare with the memory forecast; None where not measured."""
    energy_kwh: Range | None
    """Low and high, of the GPU alone; None where its power was not measured: of a CPU nothing is claimed."""
    cost: Range | None
    """Low and high, in the money of the price per hour; None where no price was given."""

    @property
    def scoring_seconds(self) -> float:
        """Of base and tuned model on the test rows; 0 where nobody measured it."""
        return self.parts.get("scoring", 0.0)

    def as_json(self) -> dict[str, Any]:
        """The shape under "time" of `fewtune advise --json`."""
        return {
            "total_seconds": self.total_seconds,
            "low_seconds": self.low_seconds,
            "high_seconds": self.high_seconds,
            "epoch_seconds": self.epoch_seconds,
            "earliest_epoch": self.earliest_epoch,
            "parts": dict(self.parts),
            "left_out": list(self.left_out),
            "basis": self.basis,
            "cause": self.cause,
            "tokens_per_second": self.tokens_per_second,
            "measured_at": self.measured_at,
            "peak_gib": self.peak_gib,
            "energy_kwh": list(self.energy_kwh) if self.energy_kwh else None,
            "cost": list(self.cost) if self.cost else None,
        }


def forecast_time(plan: Plan, amount: Amount, speed: Speed, price_per_hour: float | None = None) -> TimeForecast:
    """What `plan` will take with `amount` to do at `speed`; `price_per_hour` in any money."""
    pace = Pace.of(amount.train_rows, plan.rows_per_step, plan.epochs)
    end = pace.earliest_end(plan.patience)
    marks = pace.validations
    once = sum(mark <= end for mark in marks)
    tokens = amount.train_rows * amount.tokens_per_row * plan.epochs
    share = end / pace.total_steps
    parts = _parts(amount, speed, tokens, len(marks))
    soon = _parts(amount, speed, tokens * share, once, saves=1)
    low = sum((soon | {"training": tokens * share / speed.fast}).values())
    high = sum((parts | {"training": tokens / speed.slow}).values())
    running = sum(parts[name] for name in ("training", "validating", "saving"))
    watts = speed.watts
    return TimeForecast(
        epoch_seconds=running / plan.epochs,
        total_seconds=sum(parts.values()),
        low_seconds=low,
        high_seconds=high,
        earliest_epoch=end / pace.steps_per_epoch,
        parts={name: seconds for name, seconds in parts.items() if seconds},
        left_out=_left_out(amount, speed),
        basis=_basis(plan, amount, speed),
        cause=_cause(plan, end, pace),
        tokens_per_second=speed.tokens_per_second,
        measured_at=speed.at,
        peak_gib=speed.peak_gib,
        energy_kwh=None if watts is None else (low * watts / _JOULES_PER_KWH, high * watts / _JOULES_PER_KWH),
        cost=None if price_per_hour is None else (low / 3600 * price_per_hour, high / 3600 * price_per_hour),
    )


def _parts(amount: Amount, speed: Speed, tokens: float, validations: int, saves: int | None = None) -> dict[str, float]:
    """Seconds by what takes them; the validation before the first step comes on top of `validations`."""
    each = (speed.validation_row_seconds or 0.0) * amount.validation_rows
    return {
        "loading": speed.load_seconds or 0.0,
        "training": tokens / speed.tokens_per_second,
        "validating": each * (validations + 1),
        # At most: each validation is the best so far.
        "saving": (speed.saving_seconds or 0.0) * (validations if saves is None else saves),
        "scoring": (speed.scoring_row_seconds or 0.0) * amount.test_rows,
    }


def _left_out(amount: Amount, speed: Speed) -> tuple[str, ...]:
    found = [] if speed.load_seconds is not None else ["loading the model"]
    if speed.validation_row_seconds is None:
        found.append("the validations")
    if speed.scoring_row_seconds is None and amount.test_rows:
        found.append(_SCORING)
    return tuple(found)


def _basis(plan: Plan, amount: Amount, speed: Speed) -> str:
    words = speed.basis
    if speed.batch_size != plan.batch_size:
        words += f", with {speed.batch_size} rows at a time instead of {plan.batch_size}"
    return words if amount.counted else f"{words}, on other rows"


def _cause(plan: Plan, end: int, pace: Pace) -> str:
    spread = "the slower and the faster of the measured steps"
    if end >= pace.total_steps:
        return f"it lies between {spread}"
    return (
        f"low: early stopping may end it after {end / pace.steps_per_epoch:.2g} of {plan.epochs} epochs; "
        f"high: all epochs; and between {spread}"
    )
