"""A real worker process whose work is play: it obeys the values in the run's plan and needs no training library."""

import os
import time

from core.errors import DataError, Stopped
from core.events import CheckpointSaved, Noted, RunState, StateChanged, StepTaken
from core.job.worker import main

LIBRARY_BUG = "tensors are on different planets"


def train(job, store, emit, stopping):
    """`prepare` seconds, `steps` of `pause` seconds each, then `score` seconds; `deaf` work hears no stop."""
    plan = store.run(job.run_id).plan
    deaf = plan.get("deaf", False)
    emit(Noted(text="preparing"))
    time.sleep(plan.get("prepare", 0))
    emit(StateChanged(state=RunState.TRAINING))
    steps, began = plan.get("steps", 5), time.monotonic()
    for number in range(1, steps + 1):
        stopping.wait_while_paused()
        if stopping.is_set() and not deaf:
            raise Stopped
        time.sleep(plan.get("pause", 0))
        emit(step_taken(number, steps, time.monotonic() - began))
        if number % plan.get("save_every", 1000) == 0 or stopping.takes_wish_to_save():
            emit(CheckpointSaved(step=number, folder=f"checkpoint-{number}", size_bytes=1))
    go_wrong(plan.get("wrong", ""))
    emit(StateChanged(state=RunState.EVALUATING))
    time.sleep(plan.get("score", 0))
    emit(Noted(text="scored"))


def go_wrong(how):
    """End in one of the ways in which work goes wrong."""
    if how == "data":
        raise DataError("Row 3 of train.csv is empty.", "Remove the row.")
    if how == "library":
        raise RuntimeError(LIBRARY_BUG)
    if how == "exit":
        os._exit(3)


def export(job, store, emit, stopping):
    """Export nothing."""
    emit(StateChanged(state=RunState.EXPORTING))


def step_taken(number, total, seconds):
    """A step as the training would report it."""
    return StepTaken(
        step=number,
        total_steps=total,
        epoch=number / total,
        loss=1.0 / number,
        learning_rate=1e-3,
        grad_norm=1.0,
        tokens=10 * number,
        seconds=seconds,
    )


WORK = {"train": train, "export": export}

if __name__ == "__main__":
    main(work=WORK)
