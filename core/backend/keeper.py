"""What a run keeps: the weights with the lowest validation loss, and checkpoints to go on from."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from core.backend import bottleneck, weights
from core.backend.checkpoints import rotate, write_folder
from core.backend.overfitting import Curves
from core.events import Averaged, CheckpointSaved, Emit, Validated
from core.strategy.methods.targets import task_of

SAVING_SHARE = 0.05
"""At most this share of the time goes into checkpoints."""


class Keeper:
    """Remembers the best validation, saves its weights at once, and counts the validations since."""

    def __init__(self, folder: Path, emit: Emit, patience: int, tokenizer: PreTrainedTokenizerBase) -> None:
        self._folder = folder
        self._emit = emit
        self._patience = patience
        self._tokenizer = tokenizer
        self.decides: dict[str, Any] = {}
        """What must be the same when a later attempt goes on from here."""
        self.first_loss: float | None = None
        """Of the validation before any step."""
        self.best_loss: float | None = None
        self.best_step = 0
        """0 where no weights are kept yet."""
        self.curves = Curves()
        """Told the training losses by whoever takes the steps."""
        self._misses = 0
        self._saved_at = time.monotonic()
        self._saving_took = 0.0

    @property
    def patience_is_out(self) -> bool:
        """Whether so many validations in a row were no better that training should end."""
        return self._misses >= self._patience

    def validated(self, model: Any, step: int, epoch: float, loss: float) -> None:  # noqa: ANN401
        """Take in a validation loss; the weights are saved before anybody is told that they are the best.

        The validation before the first step is only the start of the curve: nothing is trained yet that could be kept.
        """
        best = step > 0 and (self.best_loss is None or loss < self.best_loss)
        if step == 0:
            self.first_loss = loss
        elif best:
            self.best_loss, self._misses = loss, 0
            self.keep(model, step)
        else:
            self._misses += 1
        self._emit(Validated(step=step, epoch=epoch, loss=loss, best=best))
        parting = self.curves.validated(step, loss, best=best)
        if parting is not None:
            self._emit(parting)

    def keep(self, model: Any, step: int) -> None:  # noqa: ANN401
        """Save the weights of this moment as the run's best."""
        size = self._write(model, {"step": step, "loss": self.best_loss})
        self.best_step = step
        self._emit(CheckpointSaved(step=step, folder="best", size_bytes=size))

    def keep_mean(self, model: Any, steps: list[int], loss: float) -> None:  # noqa: ANN401
        """Save weights that are the mean of those of `steps` as the run's best; their validation loss is `loss`."""
        self.best_loss = loss
        size = self._write(model, {"step": self.best_step, "loss": loss, "mean_of": steps})
        self._emit(Averaged(steps=steps, loss=loss, size_bytes=size))

    def _write(self, model: Any, facts: dict[str, Any]) -> int:  # noqa: ANN401
        facts |= {"decides": self.decides}
        return write_folder(self._folder / "best", lambda folder: self.write_best(model, folder), facts)

    def write_best(self, model: Any, folder: Path) -> None:  # noqa: ANN401
        """Write weights that can be loaded again: a PEFT folder, a model, or what changed of it; with the tokenizer."""
        weights.write(model, folder)
        configs = getattr(model, "peft_config", None)
        if configs is None:
            self._tokenizer.save_pretrained(str(folder))
        base = model if configs is None else model.get_base_model()
        if task_of(base) == "SEQ_CLS":
            base.config.save_pretrained(str(folder))  # it names the labels
        if configs and any(config.peft_type.value == bottleneck.NAME for config in configs.values()):
            bottleneck.write_readme(folder, str(base.config._name_or_path), head=task_of(base) == "SEQ_CLS")

    def checkpoint_is_due(self) -> bool:
        """Whether saving again would still take only a small share of the time."""
        return self._saving_took <= SAVING_SHARE * (time.monotonic() - self._saved_at)

    def checkpoint(self, target: Path, step: int, fill: Callable[[Path], None]) -> None:
        """Write a checkpoint to go on from, and delete those that it makes needless."""
        began = time.monotonic()
        size = write_folder(target, fill, {"decides": self.decides, "progress": self._progress()})
        rotate(self._folder)
        self._saved_at = time.monotonic()
        self._saving_took = self._saved_at - began
        name = target.relative_to(self._folder).as_posix()
        self._emit(CheckpointSaved(step=step, folder=name, size_bytes=size))

    def go_on_from(self, progress: dict[str, Any]) -> None:
        """Remember what a checkpoint knew."""
        self.first_loss = progress["first_loss"]
        self.best_loss = progress["best_loss"]
        self.best_step = progress["best_step"]
        self._misses = progress["misses"]

    def forget_best(self) -> None:
        """Let the next validation be the best, because the weights of the best so far cannot be used."""
        self.best_loss, self.best_step, self._misses = None, 0, 0

    def _progress(self) -> dict[str, Any]:
        return json.loads(
            json.dumps(
                {
                    "first_loss": self.first_loss,
                    "best_loss": self.best_loss,
                    "best_step": self.best_step,
                    "misses": self._misses,
                }
            )
        )
