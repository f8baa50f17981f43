"""Events become a view: pure, and the same in one poll as in many."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dataset.choice import DataChoice
from core.events import (
    Accompanied,
    Advanced,
    Averaged,
    CheckpointSaved,
    Evaluated,
    Exported,
    MemoryMeasured,
    Noted,
    Prepared,
    RunState,
    SampleWritten,
    StateChanged,
    StepTaken,
    Validated,
)
from core.store.store import Record
from core.strategy.plan import Plan
from ui import phrases
from ui.present import RunView, follow

PREPARED = Prepared(
    train_rows=40,
    validation_rows=5,
    test_rows=9,
    dropped_rows=1,
    truncated_rows=0,
    trainable_parameters=1000,
    total_parameters=100_000,
    total_steps=8,
    device="CPU, 2 threads",
    precision="fp32",
)


def step(number: int, loss: float | None = 1.0, seconds: float | None = None) -> StepTaken:
    return StepTaken(
        step=number,
        total_steps=8,
        epoch=number / 4,
        loss=loss,
        learning_rate=1e-3,
        grad_norm=0.5,
        tokens=100 * number,
        seconds=float(number) if seconds is None else seconds,
    )


def validated(number: int, loss: float, *, best: bool) -> Validated:
    return Validated(step=number, epoch=number / 4, loss=loss, best=best)


def memory(number: int) -> MemoryMeasured:
    return MemoryMeasured(seconds=float(number), step=number, kind="process", used_gib=0.5 + number, total_gib=8.0)


def records(events, *, job: int = 1, kind: str = "train", attempt: int = 1, start: int = 1) -> list[Record]:
    return [Record(start + n, job, kind, attempt, 1_000.0 + n, event) for n, event in enumerate(events)]


def a_whole_run() -> list[Record]:
    first = [
        StateChanged(state=RunState.PREPARING),
        Advanced(what="Loading the model", done=0, total=0),
        StateChanged(state=RunState.TRAINING),
        PREPARED,
        *(event for n in range(1, 5) for event in (step(n), memory(n))),
        validated(4, 0.9, best=True),
        CheckpointSaved(step=4, folder="checkpoint-4", size_bytes=1000),
        step(5),
        StateChanged(state=RunState.LOST, reason="The worker is gone.", fix="Resume from step 4."),
    ]
    second = [
        StateChanged(state=RunState.PREPARING),
        StateChanged(state=RunState.TRAINING),
        PREPARED,
        *(step(n, 0.8) for n in range(5, 9)),
        validated(8, 0.7, best=True),
        Noted(text="Validation rises.", severity="warning"),
        StateChanged(state=RunState.EVALUATING),
        Evaluated(rows=9, metrics={"accuracy": {"base": 0.1, "tuned": 0.5, "interval": [0.2, 0.6]}}, wins=4),
        StateChanged(state=RunState.DONE),
    ]
    third = [
        StateChanged(state=RunState.EXPORTING),
        Exported(exporter="adapter", folder="/x/y", size_bytes=10, largest_logit_difference=0.0),
        StateChanged(state=RunState.DONE),
    ]
    told = records(first)
    told += records(second, job=2, attempt=2, start=len(told) + 1)
    return told + records(third, job=3, kind="export", start=len(told) + 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(a_whole_run())), max_size=5))
def test_following_in_many_polls_equals_following_in_one(cuts):
    told = a_whole_run()
    view = RunView()
    edges = [0, *sorted(cuts), len(told)]
    for begin, end in itertools.pairwise(edges):
        view = follow(view, told[begin:end])
    assert view == follow(RunView(), told)


def test_a_record_that_comes_twice_counts_once():
    told = a_whole_run()
    view = follow(RunView(), told)
    assert follow(view, told[-5:]) == view


def test_a_resumed_run_holds_every_step_once():
    view = follow(RunView(), a_whole_run())
    assert [at for at, _ in view.loss] == list(range(1, 9))
    assert view.training.attempt == 2


def test_the_best_weights_are_those_of_the_last_best_validation():
    view = follow(RunView(), a_whole_run())
    assert (view.best_step, view.best_loss) == (8, 0.7)


def test_an_export_after_the_run_leaves_the_training_as_it_ended():
    view = follow(RunView(), a_whole_run())
    assert view.training.state == RunState.DONE
    assert view.kind == "export"
    assert view.exported["adapter"].size_bytes == 10
    assert not view.is_live


def test_a_loss_that_was_not_finite_stays_a_gap():
    view = follow(RunView(), records([StateChanged(state=RunState.TRAINING), step(1, None)]))
    assert view.loss == ((1, None),)


def test_a_lost_run_says_what_happened_and_what_to_do():
    view = follow(RunView(), a_whole_run()[: a_whole_run().index(next(r for r in a_whole_run() if r.job_id == 2))])
    title, below, tone = phrases.training_headline(view)
    assert title == "The run was lost at step 5"
    assert "Resume from step 4." in below
    assert tone == "bad"


def test_a_live_run_tells_how_busy_and_how_warm_its_device_is():
    told = [StateChanged(state=RunState.TRAINING), PREPARED, replace(memory(1), utilisation_percent=96.6)]
    view = follow(RunView(), records([*told, replace(memory(2), utilisation_percent=97.2, temperature_celsius=64.0)]))
    assert phrases.device(view) == f"{PREPARED.device}, 97 % busy, 64 °C"
    over = follow(view, records([StateChanged(state=RunState.DONE)], start=9))
    assert phrases.device(over) == PREPARED.device


def test_time_left_is_a_range_until_it_is_steady():
    begin = [StateChanged(state=RunState.TRAINING)]
    early = follow(RunView(), records([*begin, step(1, seconds=1.0), step(2, seconds=3.0)]))
    low, high = phrases.seconds_left(early)
    assert low < high
    long = [StepTaken(**{**_fields(step(n)), "total_steps": 500, "seconds": 2.0 * n}) for n in range(1, 60)]
    steady = follow(RunView(), records([*begin, *long]))
    low, high = phrases.seconds_left(steady)
    assert low == pytest.approx(high)
    assert "about" in phrases.time_left(steady)


def test_the_share_done_never_leaves_zero_to_one():
    told = a_whole_run()
    for end in range(len(told) + 1):
        share = phrases.fraction(follow(RunView(), told[:end]))
        assert share is None or 0 <= share <= 1


def test_every_state_has_its_words():
    for state in RunState:
        assert phrases.STATE_WORDS[state]
        view = follow(RunView(), records([StateChanged(state=state, reason="why", fix="do")]))
        title, _, _ = phrases.training_headline(view, 3)
        assert title.strip()


def _fields(event: StepTaken) -> dict:
    return {name: getattr(event, name) for name in event.__slots__}


def test_the_validation_before_the_first_step_is_no_setback():
    told = [StateChanged(state=RunState.TRAINING), PREPARED, validated(0, 5.4, best=False), step(1)]
    title, below, tone = phrases.training_headline(follow(RunView(), records(told)), 3)
    assert (title, tone) == ("Training has begun", "")
    assert "5.40" in below


def test_the_kept_weights_are_no_place_to_resume_from():
    records = [
        Record(1, 1, "train", 1, 0.0, CheckpointSaved(step=4, folder="checkpoints/checkpoint-4", size_bytes=1)),
        Record(2, 1, "train", 1, 0.0, CheckpointSaved(step=6, folder="best", size_bytes=1)),
    ]
    view = follow(RunView(), records)
    assert view.checkpoint == 4
    assert view.log[-1].text.startswith("Kept the weights of step 6")


def test_a_mean_that_is_kept_says_its_loss_and_of_which_steps_it_is_until_better_weights_come():
    told = records([validated(4, 0.9, best=True), Averaged(steps=[4, 8, 1200], loss=0.5, size_bytes=1000)])
    view = follow(RunView(), told)
    assert phrases.kept(view) == "Best validation loss 0.500: the mean of the weights of steps 4, 8 and 1,200 is kept."
    assert "better than each of them" in view.log[-1].text
    later = follow(view, records([validated(16, 0.4, best=True)], start=9))
    assert phrases.kept(later) == "Best validation loss 0.400 at step 16; those weights are kept."


def _failed(cause, **plan):
    data = DataChoice(name="x", source="x", sha256="0" * 64, format="chat", mapping={})
    failed = StateChanged(state=RunState.FAILED, reason="The memory is full.", cause=cause)
    view = follow(RunView(), [Record(1, 1, "train", 1, 0.0, failed)])
    return view, Plan(data=data, model="starter", **({"method": "lora", "batch_size": 1} | plan))


@pytest.mark.parametrize(
    ("cause", "plan", "button"),
    [
        ("memory", {"batch_size": 8}, "Go on with a smaller batch"),
        ("memory", {}, "Go on with recomputed activations"),
        ("memory", {"gradient_checkpointing": True}, "Go on with QLoRA"),
        ("memory", {"gradient_checkpointing": True, "method": "qlora"}, ""),
        ("", {"batch_size": 8}, ""),
        ("changed", {}, ""),  # nothing was kept
    ],
)
def test_a_failed_run_offers_what_would_help(cause, plan, button):
    assert phrases.going_on_otherwise(*_failed(cause, **plan)) == button


def test_a_run_that_cannot_go_on_offers_a_new_one_from_its_weights():
    view, plan = _failed("changed")
    assert phrases.going_on_otherwise(replace(view, best_step=4), plan) == "Start a new run from these weights"


def test_the_share_of_the_peak_is_told_only_where_the_peak_is_known():
    begin = [StateChanged(state=RunState.TRAINING)]
    steps = [step(n) for n in range(1, 4)]
    unknown = follow(RunView(), records([*begin, PREPARED, *steps]))
    assert phrases.speed(unknown) == "100 tokens per second, 1.00 s a step"
    told = replace(PREPARED, flops_per_token=2e9, peak_flops=1e12)
    assert phrases.speed(follow(RunView(), records([*begin, told, *steps]))).endswith("20 % of its peak FLOPs")


def test_the_power_is_told_where_the_device_has_a_meter():
    told = [StateChanged(state=RunState.TRAINING), PREPARED, replace(memory(1), power_watts=312.4)]
    assert phrases.device(follow(RunView(), records(told))).endswith("312 W")


def test_the_last_samples_are_kept_the_newest_at_the_end():
    told = [SampleWritten(step=n, prompt="p", reference="r", answer=str(n)) for n in range(40)]
    view = follow(RunView(), records(told))
    assert len(view.samples) == 12
    assert view.samples[-1].answer == "39"


def test_a_form_that_was_exported_again_is_the_newest():
    made = [Exported(exporter=name, folder="/x", size_bytes=1) for name in ("adapter", "merged", "adapter")]
    view = follow(RunView(), records(made, kind="export"))
    assert list(view.exported) == ["merged", "adapter"]


def test_that_another_run_is_at_work_beside_this_one_stands_in_its_log_and_is_no_warning():
    view = follow(RunView(), records([Accompanied(run="r1", name="Two")]))
    assert view.log[-1].text == "'Two' is at work beside this one from here on: both take longer."
    assert view.warnings == ()
