"""When things happen in a run: how many steps it has, when it validates, and when it may end."""

import math
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
        if steps * epochs // every < FEWEST_VALIDATIONS:  # rounding up left too few points for a curve
            every = max(1, steps * epochs // FEWEST_VALIDATIONS)
        return cls(steps, steps * epochs, every)

    def is_validation(self, step: int) -> bool:
        """Whether the validation rows are scored after `step`; the last one is never left out."""
        if step == self.total_steps:
            return True
        # None just before the end, where two would say the same.
        return step % self.every == 0 and self.total_steps - step > self.every // 2

    @property
    def validations(self) -> tuple[int, ...]:
        """The steps after which the validation rows are scored."""
        marks = {*range(self.every, self.total_steps + 1, self.every), self.total_steps}
        return tuple(step for step in sorted(marks) if self.is_validation(step))

    def earliest_end(self, patience: int) -> int:
        """The first step after which early stopping can end the run: no validation was better than the first."""
        return self.validations[min(patience, len(self.validations) - 1)]
