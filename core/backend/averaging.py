"""The mean of the weights that validated best, taken where it validates better still.

Weights along one training lie around a better point than the last or the best of them: Izmailov et al., SWA (arXiv
1803.05407), section 3. That held-out rows decide whether the mean is taken is from Wortsman et al., Model soups (arXiv
2203.05482), section 3.2.
"""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from core.backend import weights
from core.backend.checkpoints import examine, facts, write_folder
from core.strategy.disk import AVERAGED, LARGEST_SHARE

FOLDER = "near"
"""In the run's folder; gone when training has ended."""
_FILE = "learned.safetensors"


class Averaging:
    """Keeps the weights of the best validations of a run on disk, until their mean is asked for."""

    def __init__(self, run: Path, model: Any, *, wanted: bool = True) -> None:  # noqa: ANN401 - peft has no types
        """`run` is the run's folder; nothing is kept where no mean is `wanted`."""
        learned = sum(each.numel() for each in model.parameters() if each.requires_grad)
        self.applies = wanted and 0 < learned <= LARGEST_SHARE * sum(each.numel() for each in model.parameters())
        self._folder = run / FOLDER

    def validated(self, model: Any, step: int, loss: float) -> None:  # noqa: ANN401
        """Keep the weights of this validation where it is among the best; of equal ones the earlier are better."""
        if not self.applies or step == 0:
            return
        better = [kept for kept in self._kept() if kept[:2] < (loss, step) and kept[1] != step]
        if len(better) >= AVERAGED:
            return
        place = self._folder / f"step-{step}"
        write_folder(place, lambda into: weights.save(_learned(model), into / _FILE), {"step": step, "loss": loss})
        for _, _, worse in self._kept()[AVERAGED:]:
            shutil.rmtree(worse, ignore_errors=True)

    def put_mean(self, model: Any) -> list[int]:  # noqa: ANN401
        """Put the mean into the model; the steps that it is of, none where fewer than all are there and whole."""
        kept = self._kept() if self.applies else []
        if len(kept) < AVERAGED or any(examine(place) is not None for _, _, place in kept):
            return []
        parts = [load_file(place / _FILE) for _, _, place in kept]
        with torch.no_grad():
            for name, weight in _learned(model).items():
                weight.copy_(torch.stack([part[name].to(weight.device) for part in parts]).mean(0))
        return sorted(step for _, step, _ in kept)

    def forget(self) -> None:
        """Give the room on the disk back."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _kept(self) -> list[tuple[float, int, Path]]:
        """Loss, step and folder of what is kept, the best first."""
        found = []
        for place in self._folder.glob("step-*"):
            with contextlib.suppress(OSError, json.JSONDecodeError, KeyError):  # damaged: as if it were not there
                known = facts(place)
                found.append((float(known["loss"]), int(known["step"]), place))
        return sorted(found)[: AVERAGED + 1]


def _learned(model: Any) -> dict[str, torch.Tensor]:  # noqa: ANN401
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
