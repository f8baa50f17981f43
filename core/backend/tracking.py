"""Experiment trackers by the Trainer's own callbacks. What a tracker raises costs a warning, never the run."""

import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from core.events import Emit, Noted
from core.strategy.trackers import TRACKERS

PROJECT = "fewtune"


class Tracking(TrainerCallback):
    """Hands what the Trainer says to one tracker, and lets go of it when it fails."""

    def __init__(self, name: str, home: Path, folder: Path, emit: Emit) -> None:
        """`home` is where a tracker keeps its files unless its own variables say otherwise, `folder` is the run's."""
        self._tracker = TRACKERS[name]
        self._emit = emit
        self._place = _settle(name, home, folder, os.environ)
        self._callback: TrainerCallback | None = None
        self._let_go = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ANN401
        """Open the tracker's own run, and say where to look."""

        def begin() -> None:
            self._callback = INTEGRATION_TO_CALLBACK[self._tracker.name]()
            self._callback.on_train_begin(args, state, control, **given)
            look = self._tracker.look.format(place=self._place)
            self._emit(Noted(text=f"{self._tracker.title} hears of this run. To look at it: {look}"))

        self._try(begin)

    def on_log(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ANN401
        """Pass on a step's figures."""
        self._try(lambda: self._callback and self._callback.on_log(args, state, control, **given))

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **given: Any) -> None:  # noqa: ANN401
        """Pass on a validation's loss."""
        self.on_log(args, state, control, logs=dict(metrics or {}), **given)

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:  # noqa: ANN401
        """Close the tracker's run."""
        self._try(lambda: self._callback and self._callback.on_train_end(args, state, control, **given))

    def _try(self, act: Any) -> None:  # noqa: ANN401
        if self._let_go:
            return
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a tracker is somebody else's program and network; the run goes on
            self._let_go = True
            told = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            self._emit(
                Noted(
                    text=f"{self._tracker.title} failed and hears no more of this run, which goes on: {told}",
                    severity="warning",
                )
            )


def _settle(name: str, home: Path, folder: Path, env: MutableMapping[str, str]) -> str:
    """Where the tracker keeps its files; set in `env` unless the operator's own variable says it."""
    if name == "tensorboard":
        # In the run's folder, so that it goes on after a resume and goes away with the run.
        env["TENSORBOARD_LOGGING_DIR"] = str(folder / "tensorboard")
        return env["TENSORBOARD_LOGGING_DIR"]
    if name == "mlflow":
        env.setdefault("MLFLOW_EXPERIMENT_NAME", PROJECT)
        return env.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{(home / 'mlflow.db').as_posix()}")
    if name == "trackio":
        return env.setdefault("TRACKIO_DIR", str(home / "trackio"))
    env.setdefault("WANDB_PROJECT", PROJECT)
    if not env.get("WANDB_API_KEY"):
        # Without a key it would ask for one at a terminal that nobody watches.
        env.setdefault("WANDB_MODE", "offline")
    env.setdefault("WANDB_DIR", str(home))
    return str(Path(env["WANDB_DIR"]) / "wandb")
