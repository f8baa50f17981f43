"""How fast a run goes: the mean and the spread of its steps, and what it does right now, in a few numbers."""

import math
from dataclasses import dataclass, replace

_RECENT = 20
"""Steps that "now" means."""
_STEADY = 0.25
"""Time left is one figure once its range is narrower than this share of it."""

Mark = tuple[int, int, float]
"""Step, tokens so far, seconds so far."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """Of one attempt, by its clock of training, which stands still while it validates and saves."""

    steps: int = 0
    mean: float = 0.0
    """Seconds per step."""
    squares: float = 0.0
    """Sum of the squared distances from the mean (Welford's)."""
    recent: tuple[Mark, ...] = ()
    """The last steps."""

    def after(self, step: int, tokens: int, seconds: float) -> "Tempo":
        """The tempo with one step more; where steps were left out, they count as equally long."""
        last_step, _, last_seconds = self.recent[-1] if self.recent else (step - 1, 0, 0.0)
        passed = max(1, step - last_step)
        took = (seconds - last_seconds) / passed
        steps = self.steps + passed
        mean = self.mean + (took - self.mean) * passed / steps
        squares = self.squares + passed * (took - self.mean) * (took - mean)
        return replace(
            self,
            steps=steps,
            mean=mean,
            squares=squares,
            recent=(*self.recent[-_RECENT:], (step, tokens, seconds)),
        )

    @property
    def seconds_per_step(self) -> float | None:
        """Of the last steps; None before the second."""
        if len(self.recent) < 2:
            return None
        (first, _, began), (last, _, ended) = self.recent[0], self.recent[-1]
        return (ended - began) / max(1, last - first)

    @property
    def tokens_per_second(self) -> float | None:
        """Real tokens of the last steps, padding not counted; None before the second."""
        return _speed(self.recent[0], self.recent[-1]) if len(self.recent) > 1 else None

    @property
    def last_speed(self) -> float | None:
        """Tokens per second of the last step alone."""
        before = self.recent[-2] if len(self.recent) > 1 else (0, 0, 0.0)
        return _speed(before, self.recent[-1]) if self.recent else None

    def seconds_for(self, left: int) -> tuple[float, float] | None:
        """Low and high estimate for `left` more steps, alike once it is steady; None before the second step."""
        if self.steps < 2:
            return None
        spread = math.sqrt(max(0.0, self.squares) / self.steps)
        error = 2 * spread / math.sqrt(self.steps) + self.mean / (self.steps + 1)
        low, high = max(0.0, self.mean - error) * left, (self.mean + error) * left
        if high - low < _STEADY * self.mean * left:
            low = high = self.mean * left
        return low, high


def _speed(before: Mark, after: Mark) -> float | None:
    seconds = after[2] - before[2]
    return (after[1] - before[1]) / seconds if seconds > 0 else None
