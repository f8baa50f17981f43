"""A home with small runs of the starter model that were really trained."""

import threading
from functools import partial
from pathlib import Path

from core.backend.train import TrainTask, train
from core.engine import Engine
from core.events import RunState, StateChanged


def train_small(home: Path, source: str | Path, name: str, rows: int = 48) -> str:
    """One epoch of LoRA on a few rows of `source`; returns the run's id."""
    engine = Engine(home, launcher="thread")
    try:
        choice = engine.choose(engine.open_data(source))
        raw = engine.advise(choice, "starter").plan.model_dump()
        raw |= {"method": "lora", "options": {"rank": 8}, "epochs": 1, "learning_rate": 2e-3}
        raw["data"] |= {"train_rows": rows}
        plan = engine.read_plan(raw)
        engine.save_draft({"data": choice.model_dump(mode="json"), "model": "starter"})
        job = engine.store.add_run(plan.model_dump(mode="json"), name)
        folder = engine.store.run_folder(job.run_id)
        say = partial(engine.store.append, job.id)
        say(StateChanged(state=RunState.PREPARING))
        train(TrainTask(plan, home, folder, resume=False), say, threading.Event())
        for state in (RunState.EVALUATING, RunState.DONE):
            say(StateChanged(state=state))
        return job.run_id
    finally:
        engine.close()
