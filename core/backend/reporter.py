"""The only place where a callback of the Trainer becomes an event."""

import threading
from typing import Any

from transformers import TrainerCallback

from core.backend.pace import Clock, Pace
from core.events import Emit, StepTaken
from core.store.steering import Steering


class Reporter(TrainerCallback):
    """Says each step, asks for validations, and obeys what people wish: to wait, to save, to stop."""

    def __init__(
        self, emit: Emit, stopping: threading.Event, pace: Pace, clock: Clock, steering: Steering | None = None
    ) -> None:
        self._emit = emit
        self._stopping = stopping
        self._pace = pace
        self._clock = clock
        self._steering = steering or Steering()
        self.step = 0
        """Optimizer steps so far; the memory monitor reads it from another thread."""
        self.trainer: Any = None
        """Set once the trainer exists; it counts the tokens, and its keeper compares the losses."""

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401
        """Wait as long as someone wants a pause, and let the clock run."""
        if self._steering.is_paused:
            self._clock.pause()
            self._steering.wait_while_paused()
        self._clock.run()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401
        """Ask for a last checkpoint when someone wants to stop, else for a validation when it is time."""
        self.step = state.global_step
        if self._stopping.is_set():
            control.should_training_stop = True
            control.should_save = not self._steering.at_once
            control.should_evaluate = False
            return
        if self._pace.is_validation(state.global_step):
            control.should_evaluate = True
        if self._steering.takes_wish_to_save():
            control.should_save = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:  # noqa: ANN401
        """Report the step."""
        if not logs or "loss" not in logs:
            return
        self.trainer.keeper.curves.stepped(logs["loss"])
        self._emit(
            StepTaken(
                step=state.global_step,
                total_steps=state.max_steps,
                epoch=float(state.epoch or 0.0),
                loss=logs["loss"],
                learning_rate=logs["learning_rate"],
                grad_norm=logs.get("grad_norm"),
                tokens=self.trainer.tokens_seen,
                seconds=self._clock.seconds,
            )
        )
