"""A home with finished runs, written through the real store: pages can be looked at without training first."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core.dataset.choice import DataChoice
from core.engine import Engine
from core.evaluate.compare import compare
from core.evaluate.evaluation import Evaluation, write_evaluation
from core.evaluate.general import Forgetting
from core.evaluate.metrics.metric import Answer
from core.events import (
    CheckpointSaved,
    Evaluated,
    Event,
    Exported,
    MemoryMeasured,
    Noted,
    Prepared,
    RunState,
    StateChanged,
    StepTaken,
    Validated,
)
from core.export.checksums import write_sums

TOTAL = 120
EVERY = 10


def seed(home: Path, *, source: str | Path = "legal_clauses", name: str = "Legal clauses, first try") -> str:
    """A finished, scored and exported run on `source`; its data are the draft, too. Returns the run's id."""
    engine = Engine(home, launcher="thread")
    try:
        choice = engine.choose(engine.open_data(source))
        return _seed(engine, choice, name)
    finally:
        engine.close()


def _seed(engine: Engine, choice: DataChoice, name: str) -> str:
    plan = engine.advise(choice, "starter").plan
    engine.save_draft({"data": choice.model_dump(mode="json"), "model": "starter"})
    job = engine.store.add_run(plan.model_dump(mode="json"), name)
    evaluation = an_evaluation(engine, choice)
    scored = Evaluated(
        rows=len(evaluation.rows),
        metrics=evaluation.metrics,
        wins=evaluation.wins,
        losses=evaluation.losses,
        ties=evaluation.ties,
    )
    ending = [StateChanged(state=RunState.EVALUATING), scored, StateChanged(state=RunState.DONE)]
    for event in [*training(), *ending]:
        engine.store.append(job.id, event)
    folder = engine.store.run_folder(job.run_id)
    write_evaluation(evaluation, folder)
    (folder / "best").mkdir(parents=True, exist_ok=True)
    exporting = engine.store.add_job(job.run_id, "export", {"exporter": "adapter", "out": str(folder / "exports")})
    exported = Exported(
        exporter="adapter", folder=str(folder / "exports"), size_bytes=1_300_000, largest_logit_difference=0.0
    )
    steps = [RunState.PREPARING, RunState.EXPORTING]
    for event in [*(StateChanged(state=state) for state in steps), exported, StateChanged(state=RunState.DONE)]:
        engine.store.append(exporting.id, event)
    return job.run_id


def training() -> list[Event]:
    """What a run of 120 steps says that overfits a little after step 80."""
    events: list[Event] = [
        StateChanged(state=RunState.PREPARING),
        StateChanged(state=RunState.TRAINING),
        Prepared(
            train_rows=450,
            validation_rows=50,
            test_rows=300,
            dropped_rows=0,
            truncated_rows=2,
            trainable_parameters=311_296,
            total_parameters=5_030_000,
            total_steps=TOTAL,
            device="CPU, 2 threads",
            precision="fp32",
        ),
    ]
    for step in range(1, TOTAL + 1):
        loss = 0.25 + 3.2 * math.exp(-step / 26) + 0.22 * math.sin(step * 1.7) * math.exp(-step / 60)
        rate = 2e-3 * min(1, step / 6) * (0.5 + 0.5 * math.cos(math.pi * step / TOTAL))
        events.append(
            StepTaken(
                step=step,
                total_steps=TOTAL,
                epoch=step / 24,
                loss=loss,
                learning_rate=rate,
                grad_norm=0.4 + 1.5 * math.exp(-step / 20) + 0.1 * math.cos(step),
                tokens=step * 700,
                seconds=step * 0.9,
            )
        )
        used = 0.62 + 0.25 * (1 - math.exp(-step / 12))
        events.append(MemoryMeasured(seconds=step * 0.9, step=step, kind="process", used_gib=used, total_gib=24.0))
        if step % EVERY == 0:
            best = step <= 80
            value = 0.55 + 2.6 * math.exp(-step / 30) + (0 if best else (step - 80) * 0.006)
            events.append(Validated(step=step, epoch=step / 24, loss=value, best=best))
            if best:
                events.append(CheckpointSaved(step=step, folder=f"checkpoint-{step}", size_bytes=3_700_000))
    events.append(
        Noted(text="No better for 4 validations: the model begins to learn its rows by heart.", severity="warning")
    )
    return events


def seed_adapter(home: Path, run_id: str) -> None:
    """Give the run an exported adapter whose files are there, with one large enough to be uploaded by itself."""
    engine = Engine(home, launcher="thread")
    folder = engine.store.run_folder(run_id) / "exports" / "adapter"
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(bytes(range(256)) * 5000)
    (folder / "adapter_config.json").write_text("{}", encoding="utf-8")
    (folder / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n# Legal clauses\n", encoding="utf-8")
    job = engine.store.add_job(run_id, "export", {"exporter": "adapter", "out": str(folder)})
    said = Exported(
        exporter="adapter",
        folder=str(folder),
        size_bytes=1_280_000,
        largest_logit_difference=0.0,
        checksums=write_sums(folder),
    )
    states = [StateChanged(state=state) for state in (RunState.PREPARING, RunState.EXPORTING)]
    for event in [*states, said, StateChanged(state=RunState.DONE)]:
        engine.store.append(job.id, event)
    engine.close()


def seed_ranks(home: Path, wrong: Mapping[int, int]) -> None:
    """Finished and scored runs of the advised plan by rank, each wrong on one row of so many; it is the draft, too."""
    engine = Engine(home, launcher="thread")
    try:
        choice = engine.choose(engine.open_data("legal_clauses"))
        plan = engine.advise(choice, "starter").plan
        engine.save_draft({"data": choice.model_dump(mode="json"), "model": "starter"})
        for rank, every in wrong.items():
            ranked = plan.model_copy(update={"options": plan.options | {"rank": rank}})
            job = engine.store.add_run(ranked.model_dump(mode="json"), f"Legal clauses, rank {rank}")
            for event in [*training(), StateChanged(state=RunState.EVALUATING), StateChanged(state=RunState.DONE)]:
                engine.store.append(job.id, event)
            write_evaluation(an_evaluation(engine, choice, every), engine.store.run_folder(job.run_id))
    finally:
        engine.close()


def seed_study(home: Path, *ranks: int) -> str:
    """A study of ranks whose runs `seed_ranks` made; returns its id."""
    engine = Engine(home, launcher="thread")
    try:
        values = [str(rank) for rank in ranks]
        return engine.studies.begin(engine.studies.plan("rank", engine.runs()[0].plan, values)).id
    finally:
        engine.close()


def seed_unsure(home: Path, source: str | Path) -> str:
    """A finished run whose model answers as its base does; returns its id."""
    run = seed(home, source=source, name=f"Unsure: {Path(source).stem}")
    engine = Engine(home, launcher="thread")
    try:
        split = engine.split(engine.run(run).plan.data)
        wrong = split.labels[0]
        answers = [
            Answer(it.answer, it.answer if at % 2 else wrong, nats=2.0, tokens=3) for at, it in enumerate(split.test)
        ]
        write_evaluation(compare(split, answers, answers, seed=7), engine.store.run_folder(run))
    finally:
        engine.close()
    return run


def an_evaluation(engine: Engine, choice: DataChoice, every: int = 5) -> Evaluation:
    """Made-up answers to the real held-out rows: base right on a tenth, tuned wrong on one row of `every`."""
    split = engine.split(choice)
    labels = list(split.labels)
    base, tuned = [], []
    for index, example in enumerate(split.test):
        other = labels[(index * 7) % len(labels)] if labels else "something else"
        sure = (0.15 + index % 5 / 20, 0.55 + index % 9 / 20) if labels else (None, None)
        before, after = (example.answer if index % 10 == 0 else other), (example.answer if index % every else other)
        base.append(Answer(example.answer, before, nats=12.0 + index % 3, tokens=3, confidence=sure[0]))
        tuned.append(Answer(example.answer, after, nats=1.5 + index % 4, tokens=3, confidence=sure[1]))
    linear = [example.answer if index % 20 else labels[0] for index, example in enumerate(split.test) if labels]
    return replace(
        compare(split, base, tuned, seed=7),
        linear={str(example.row): answer for example, answer in zip(split.test, linear, strict=bool(labels))},
        forgetting=Forgetting(
            texts=128, version="seeded", base=1.51, tuned=1.62, interval=(0.08, 0.14), p_value=0.0002
        ),
    )
