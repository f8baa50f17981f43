"""The best weights of a run beside the mean of those of its three best validations, on the test rows.

`python -m tests.benchmarks.averaged_weights TASK SEED...` trains the advised plan once for each seed and prints
validation losses and test scores of both, for `docs/methods-on-the-starter.md`. A minute or two for each seed.
"""

import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from core.backend import train as module
from core.backend.train import TrainTask
from core.backend.trainer import RowTrainer
from core.engine import Engine
from core.evaluate.answers import ask
from core.evaluate.metrics import METRICS
from core.strategy.disk import AVERAGED
from tests.benchmarks.advice_grid import _questions, _unheard

METRIC = {"legal_clauses": "accuracy", "medical_notes": "rouge_l"}


class Watched(RowTrainer):
    """Remembers the weights of each validation, and says at the end what they and their mean are worth."""

    def __init__(self, test: Callable[[RowTrainer], float], *given: Any) -> None:
        self.test = test
        self.seen: list[tuple[float, dict[str, torch.Tensor]]] = []
        super().__init__(*given)

    def evaluate(self, *given: Any, **named: Any) -> dict[str, float]:
        """As always; what learned is copied."""
        found = super().evaluate(*given, **named)
        weights = {name: weight.detach().clone() for name, weight in self._learned().items()}
        self.seen.append((found["eval_loss"], weights))
        return found

    def average(self) -> None:
        """Score instead of choosing."""
        best = [weights for _, weights in sorted(self.seen, key=lambda one: one[0])[:AVERAGED]]
        mean = {name: torch.stack([weights[name] for weights in best]).mean(0) for name in best[0]}
        for title, weights in (("best", best[0]), (f"mean of {AVERAGED}", mean)):
            with torch.no_grad():
                for name, weight in self._learned().items():
                    weight.copy_(weights[name])
            loss = self._validation_loss()
            print(f"  {title}: validation loss {loss:.4f}, test {self.test(self):.1f}", flush=True)

    def _learned(self) -> dict[str, torch.Tensor]:
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}


def compare(task: str, seed: int) -> None:
    """Train with one seed and print both."""
    with tempfile.TemporaryDirectory() as place:
        engine = Engine(Path(place) / "home")
        choice = engine.choose(engine.open_data(task))
        plan = engine.advise(choice, "starter").plan.model_copy(update={"seed": seed})
        split = engine.split(choice)

        def test(trainer: RowTrainer) -> float:
            loaded = replace(trainer.work.loaded, model=trainer.model.eval())
            answers = ask(loaded, _questions(split, loaded, plan.max_length), "Scoring", _unheard, threading.Event())
            return 100 * METRICS[METRIC[task]].aggregate(answers)

        print(f"{task}, seed {seed}", flush=True)
        with patch.object(module, "RowTrainer", partial(Watched, test)):
            module.train(TrainTask(plan, engine.home, Path(place) / "run"), _unheard, threading.Event())
        engine.close()


if __name__ == "__main__":
    for number in sys.argv[2:]:
        compare(sys.argv[1], int(number))
