"""Notices when the curves part: validation rises while training falls."""

from itertools import pairwise

from core.events import Noted

RISES = 2
"""Validations in a row, each worse than the one before, until it is said: one may be chance."""
CLEARLY = 0.01
"""Share of the best validation loss by which the last one must be above it."""


class Curves:
    """The two losses of an attempt; says once that they part."""

    def __init__(self) -> None:
        self._since: list[float] = []
        """Training losses since the last validation."""
        self._trained: list[float] = []
        """Their mean before each validation since the best one, that of the best itself first."""
        self._validated: list[float] = []
        """The validation losses, the best one first."""
        self._best_step = 0
        self._told = False

    def stepped(self, loss: float | None) -> None:
        """Take in the training loss of a step."""
        if loss is not None:
            self._since.append(loss)

    def validated(self, step: int, loss: float, *, best: bool) -> Noted | None:
        """Take in a validation loss, and say it if the curves have begun to part."""
        trained = sum(self._since) / len(self._since) if self._since else None
        self._since.clear()
        if best or not step or trained is None:
            self._best_step = step
            self._validated, self._trained = [loss], [] if trained is None else [trained]
            return None
        self._validated.append(loss)
        self._trained.append(trained)
        return self._part()

    def _part(self) -> Noted | None:
        tail = self._validated[-RISES - 1 :]
        rises = len(tail) > RISES and all(earlier < later for earlier, later in pairwise(tail))
        clearly = self._validated[-1] > (1 + CLEARLY) * self._validated[0]
        lately = sum(self._trained[-RISES:]) / RISES
        falls = len(self._trained) > RISES and lately < self._trained[0]
        if self._told or not (rises and clearly and falls):
            return None
        self._told = True
        return Noted(
            text=f"The curves part: since step {self._best_step} validation loss rose from {self._validated[0]:.3f} to "
            f"{self._validated[-1]:.3f} while training loss fell from {self._trained[0]:.3f} to "
            f"{lately:.3f}. The model begins to learn its rows by heart; the weights of step "
            f"{self._best_step} are kept. More examples help most; else take fewer epochs, a smaller rank or a lower "
            "learning rate.",
            severity="warning",
        )
