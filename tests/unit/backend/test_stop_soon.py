"""P6 while rows are scored: a stop waits for one batch at most, and what was trained is kept."""

from core.backend import trainer
from core.backend.checkpoints import newest
from core.backend.train import train
from core.events import StepTaken, Validated


def test_a_stop_during_a_validation_ends_it_after_the_batch_in_progress(make_task, told, monkeypatch):
    scored = []

    def one_by_one(rows):
        for row in rows:
            if told.of(StepTaken) and len(scored) == 2:
                told.stopping.set()
            if told.of(StepTaken):
                scored.append(row)
            yield [row]

    monkeypatch.setattr(trainer, "by_size", one_by_one)
    task = make_task(epochs=4)
    train(task, told, told.stopping)
    assert len(scored) == 3
    steps = told.of(StepTaken)[-1].step
    assert newest(task.folder)[0].name == f"checkpoint-{steps}"
    # Half a validation is none: only that before the first step was told.
    assert [event.step for event in told.of(Validated)] == [0]
    assert (task.folder / "best").is_dir()
