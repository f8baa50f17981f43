"""When things happen in a run: how many steps, when to validate, and how long training took."""

import math
import time
from dataclasses import dataclass

FEWEST_VALIDATIONS = 10
MOST_VALIDATIONS = 20


@dataclass(frozen=True, slots=True)
class Pace:
    """Steps of a run and the steps after which its validation rows are scored."""

    steps_per_epoch: int
    total_steps: int
    every: int
    """Steps between validations."""

    @classmethod
    def of(cls, rows: int, rows_per_step: int, epochs: int) -> "Pace":
        """Validate about twice an epoch, 10 to 20 times a run, and at least once an epoch."""
        steps = math.ceil(rows / rows_per_step)
        wanted = min(MOST_VALIDATIONS, max(FEWEST_VALIDATIONS, 2 * epochs))
        every = max(1, min(steps, round(steps * epochs / wanted)))
        return cls(steps, steps * epochs, every)

    def is_validation(self, step: int) -> bool:
        """Whether the validation rows are scored after `step`; the last one is never left out."""
        if step == self.total_steps:
            return True
        # None just before the end, where two would say the same.
        return step % self.every == 0 and self.total_steps - step > self.every // 2


class Clock:
    """Seconds of training, without validating and saving; monotonic, so that a changed system clock does no harm."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return self._spent + (time.monotonic() - self._since if self._since is not None else 0.0)

    def run(self) -> None:
        """Start or go on."""
        if self._since is None:
            self._since = time.monotonic()

    def pause(self) -> None:
        """Stand still until `run`."""
        self._spent, self._since = self.seconds, None
