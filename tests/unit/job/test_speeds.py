"""What probes kept and earlier runs tell becomes the forecast of a plan; without either there is none."""

import csv
from dataclasses import replace

import psutil
import pytest
from transformers import AutoTokenizer

from core.backend.tokens import encode
from core.engine import Engine
from core.errors import BusyError, Stopped
from core.events import Accompanied, Evaluated, Prepared, RunState, StateChanged, StepTaken, Validated
from core.job.earlier_runs import read_run
from core.job.speeds import Speeds
from core.strategy.lengths import EXTRA
from core.strategy.machine import Gpu, Machine
from core.strategy.model_facts import locate
from core.strategy.speed import Speed

HERE = Machine("A processor", 2, 16.0, 12.0, 50.0, (), "Linux")
ELSEWHERE = Machine("A processor", 2, 16.0, 12.0, 50.0, (Gpu("NVIDIA H200", 139.8, 138.0),), "Linux")


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "home")
    yield engine
    engine.close()


@pytest.fixture
def plan(engine, tmp_path):
    with (tmp_path / "data.csv").open("w", newline="") as file:
        rows = [
            (f"this is text number {number}, and it differs", "card" if number % 2 else "bill") for number in range(60)
        ]
        csv.writer(file).writerows([("text", "label"), *rows])
    choice = engine.choose(engine.open_data(tmp_path / "data.csv"))
    return engine.advise(choice, "starter").plan.model_copy(
        update={"method": "lora", "options": {}, "precision": "fp32"}
    )


def ran(store, plan, *, pace=1000, tokens=400, validating=2.0, scoring=6.0, steps=12, precision="fp32", device="CPU"):
    """Write down a run whose steps of `tokens` tokens went at `pace` tokens a second, but the first two, at half."""
    job = store.add_run(plan.model_dump(mode="json"), "earlier")
    at = 1000.0

    def say(event, seconds=0.0):
        nonlocal at
        at += seconds
        store.append_all(job.id, [(at, event)])

    say(StateChanged(state=RunState.PREPARING))
    say(
        Prepared(
            train_rows=40,
            validation_rows=5,
            test_rows=12,
            dropped_rows=0,
            truncated_rows=0,
            trainable_parameters=1,
            total_parameters=2,
            total_steps=steps,
            device=f"{device}, 2 threads" if device == "CPU" else device,
            precision=precision,
        )
    )
    say(StateChanged(state=RunState.TRAINING), 3.0)
    say(Validated(step=0, epoch=0.0, loss=3.0, best=False), validating)
    spent = 0.0
    for step in range(1, steps + 1):
        took = tokens / pace * (2 if step <= 2 else 1)
        spent += took
        say(
            StepTaken(
                step=step,
                total_steps=steps,
                epoch=step / 6,
                loss=1.0,
                learning_rate=1e-3,
                grad_norm=1.0,
                tokens=step * tokens,
                seconds=spent,
            ),
            took,
        )
    say(Validated(step=steps, epoch=steps / 6, loss=2.0, best=True), validating)
    say(StateChanged(state=RunState.EVALUATING))
    say(Evaluated(rows=12), scoring)
    say(StateChanged(state=RunState.DONE))


def test_without_a_measurement_there_is_no_time(engine, plan):
    assert engine.time_forecast(plan) is None
    assert all(other.seconds is None for other in engine.advise(plan.data, "starter").alternatives)


def test_an_earlier_run_tells_how_long_each_part_takes(engine, plan):
    ran(engine.store, plan)
    speed = Speeds(engine.store).of(plan, HERE)
    assert speed.tokens_per_second == pytest.approx(1000), "the first two steps do not count"
    assert speed.tokens_per_row == pytest.approx(400 * 6 / 40)
    assert speed.load_seconds == pytest.approx(3.0)
    assert speed.validation_row_seconds == pytest.approx(2.0 / 5)
    assert speed.scoring_row_seconds == pytest.approx(6.0 / 12)
    assert (speed.runs, speed.steps) == (1, 10)


def test_a_run_that_shared_its_device_tells_nothing(engine, plan):
    ran(engine.store, plan)
    (row,) = engine.store.runs()
    records = engine.store.overview(row.id, kind="train")
    beside = replace(records[-1], event=Accompanied(run="r1", name="another"))
    assert read_run(row, records) is not None
    assert read_run(row, [*records, beside]) is None


def test_only_runs_of_the_same_kind_on_the_same_device_tell_anything(engine, plan):
    speeds = Speeds(engine.store)
    for other in ({"method": "adapter"}, {"options": {"targets": "attention"}}, {"gradient_checkpointing": True}):
        ran(engine.store, plan.model_copy(update=other))
    ran(engine.store, plan, device="NVIDIA H200")
    ran(engine.store, plan, precision="bf16")
    assert speeds.of(plan, HERE) is None
    assert speeds.of(plan, ELSEWHERE).device == "NVIDIA H200"
    ran(engine.store, plan.model_copy(update={"options": {"rank": 8}, "learning_rate": 1e-5}))
    assert speeds.of(plan, HERE).runs == 1


def test_several_runs_are_told_together_and_the_nearest_batch_counts(engine, plan):
    for pace in (5000, 900, 1000, 1200):
        ran(engine.store, plan, pace=pace)
    ran(engine.store, plan.model_copy(update={"batch_size": plan.batch_size * 4}), pace=3000)
    speeds = Speeds(engine.store)
    speed = speeds.of(plan, HERE)
    assert (speed.runs, speed.tokens_per_second) == (3, pytest.approx(1000)), "the newest three"
    assert (speed.slow, speed.fast) == (pytest.approx(900), pytest.approx(1200))
    bigger = plan.model_copy(update={"batch_size": plan.batch_size * 8})
    assert speeds.of(bigger, HERE).tokens_per_second == pytest.approx(3000)


def test_a_run_of_other_rows_is_scaled_by_their_tokens(engine, plan):
    other = plan.model_copy(update={"data": plan.data.model_copy(update={"instruction": "Name the kind."})})
    ran(engine.store, other, tokens=200)
    forecast = Speeds(engine.store).forecast(plan, HERE, lambda: engine.split(plan.data))
    assert forecast.basis == "as an earlier run on this computer went, on other rows"
    train = engine.split(plan.data).train
    tokenizer = AutoTokenizer.from_pretrained(locate(plan.model))
    exact = sum(len(encode(tokenizer, row, plan.max_length).input_ids) for row in train)
    tokens = forecast.parts["training"] * 1000 / plan.epochs
    assert exact <= tokens <= exact + EXTRA * len(train)


def test_a_run_too_short_to_tell_and_a_plan_of_another_version_are_passed_over(engine, plan):
    ran(engine.store, plan, steps=4)
    job = engine.store.add_run({"model": "starter", "method": "gone"}, "old")
    engine.store.append(job.id, StateChanged(state=RunState.FAILED))
    assert Speeds(engine.store).of(plan, HERE) is None


def test_what_a_probe_measured_is_kept_and_gives_way_to_a_later_run(engine, plan):
    speeds = Speeds(engine.store)
    probed = Speed(
        steps=8,
        tokens_per_second=700.0,
        slow=600.0,
        fast=800.0,
        batch_size=plan.batch_size,
        tokens_per_row=60.0,
        rows="",
        device="CPU, 2 threads",
        watts=70.0,
        at=5000.0,
    )
    speeds.keep(plan, HERE, probed)
    assert Speeds(engine.store).of(plan, HERE) == probed
    assert speeds.of(plan, ELSEWHERE) is None
    ran(engine.store, plan)  # older than the probe by the clock of its log
    assert speeds.of(plan, HERE).tokens_per_second == 700.0
    assert speeds.of(plan, HERE).scoring_row_seconds == pytest.approx(0.5), "which a probe does not measure"
    speeds.keep(plan, HERE, Speed(**{name: getattr(probed, name) for name in Speed.__slots__} | {"at": 10.0}))
    later = speeds.of(plan, HERE)
    assert (later.tokens_per_second, later.watts) == (pytest.approx(1000), 70.0)


def test_the_engine_measures_keeps_and_forecasts(engine, plan):
    speed = engine.begin_probe(plan).answer(240)
    assert speed.steps >= 8
    forecast = engine.time_forecast(plan, price_per_hour=2.0)
    assert forecast.tokens_per_second == speed.tokens_per_second
    assert forecast.low_seconds <= forecast.total_seconds <= forecast.high_seconds
    assert forecast.cost[1] == pytest.approx(forecast.high_seconds / 1800)
    assert forecast.peak_gib == speed.peak_gib
    assert not (engine.home / "probes").exists()
    assert engine.runs() == [], "a probe is no run"


def test_a_stop_ends_a_probe_at_once_and_keeps_nothing(engine, plan):
    inquiry = engine.begin_probe(plan)
    process = psutil.Process(inquiry._process.pid)
    inquiry.stop()
    with pytest.raises(Stopped):
        inquiry.answer(20)
    assert not process.is_running()
    assert engine.time_forecast(plan) is None


def test_nothing_is_measured_beside_a_run(engine, plan):
    engine.store.add_run(plan.model_dump(mode="json"), "goes on")
    with pytest.raises(BusyError):
        engine.begin_probe(plan)
