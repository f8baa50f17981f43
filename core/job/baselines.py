"""What a linear model gets on a data set, asked once for each reading of it."""

from collections.abc import Callable

from core.dataset.choice import DataChoice
from core.dataset.example import Split
from core.strategy.baseline import Baseline, linear_baseline


class Baselines:
    """Remembers what was found."""

    def __init__(self, split: Callable[[DataChoice], Split]) -> None:
        """`split` divides the rows of a choice."""
        self._split = split
        self._known: dict[str, Baseline | None] = {}

    def __call__(self, choice: DataChoice) -> Baseline | None:
        """What a linear model gets on the validation rows; None where answers are free text."""
        key = choice.model_dump_json()
        if key not in self._known:
            self._known[key] = linear_baseline(self._split(choice))
        return self._known[key]
