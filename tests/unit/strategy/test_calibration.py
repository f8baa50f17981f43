"""Forecasts learn from what runs held: their logs are written through the store's own doors."""

import pytest

from core.events import MemoryMeasured, Prepared, RunState, StateChanged, StepTaken
from core.store.store import Store
from core.strategy.calibration import EXACT, FEWEST_STEPS, Experience
from core.strategy.memory import forecast
from core.strategy.plan import Plan


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def plan(choice, llama) -> Plan:
    return Plan(data=choice, model=str(llama), method="lora", max_length=64, batch_size=8, accumulation=2)


def prepared(device: str, precision: str) -> Prepared:
    return Prepared(
        train_rows=90, validation_rows=10, test_rows=0, dropped_rows=0, truncated_rows=0, trainable_parameters=1,
        total_parameters=2, total_steps=9, device=device, precision=precision,
    )  # fmt: skip


def step(number: int, tokens: int) -> StepTaken:
    return StepTaken(
        step=number,
        total_steps=9,
        epoch=0.1,
        loss=1.0,
        learning_rate=1e-4,
        grad_norm=1.0,
        tokens=tokens,
        seconds=number,
    )


def memory(gib: float, **changes) -> MemoryMeasured:
    return MemoryMeasured(
        **{"seconds": 1.0, "step": 1, "kind": "process", "used_gib": gib, "total_gib": 24.0} | changes
    )


def write_run(
    store, plan, peak, *, device="CPU, 2 threads", precision="fp32", steps=FEWEST_STEPS, row=64, ends=RunState.DONE
):
    """A run whose every forward pass had rows of `row` tokens, and which held `peak` GiB."""
    job = store.add_run(plan.model_dump(mode="json"), "a run")
    store.append(job.id, StateChanged(state=RunState.PREPARING))
    store.append(job.id, prepared(device, precision))
    store.append(job.id, StateChanged(state=RunState.TRAINING))
    each = plan.rows_per_step * row
    for number in range(1, steps + 1):
        store.append(job.id, step(number, each * number))
        store.append(job.id, memory(peak if number == 2 else peak / 2))
    store.append(job.id, StateChanged(state=RunState.EVALUATING))
    store.append(job.id, memory(10 * peak))
    if ends is not None:
        store.append(job.id, StateChanged(state=ends))
    return job


def exact(told) -> float:
    return sum(told.parts[name] for name in EXACT)


def held_with(told, factor) -> float:
    return exact(told) + factor * (told.total_gib - exact(told))


def test_two_runs_that_held_less_than_forecast_correct_the_third(store, plan, small, machine):
    plain = forecast(plan, small, machine)
    experience = Experience(store)
    write_run(store, plan, held_with(plain, 0.8))
    assert experience.forecast(plan, small, machine) == plain
    write_run(store, plan, held_with(plain, 0.9))
    told = experience.forecast(plan, small, machine)
    assert told.parts["weights"] == plain.parts["weights"]
    assert told.parts["activations"] == pytest.approx(0.85 * plain.parts["activations"])
    assert told.total_gib == pytest.approx(held_with(plain, 0.85)) == pytest.approx(sum(told.parts.values()))
    assert told.low_gib <= told.total_gib <= told.high_gib < plain.high_gib
    assert told.cause.startswith("corrected by what 2 runs on this machine measured: x0.85; ")


def test_the_median_counts_and_not_the_run_that_is_out_of_line(store, plan, small, machine):
    plain = forecast(plan, small, machine)
    for factor in (1.1, 1.2, 1.9):
        write_run(store, plan, held_with(plain, factor))
    assert Experience(store).forecast(plan, small, machine).total_gib == pytest.approx(held_with(plain, 1.2))


@pytest.mark.parametrize(
    "other",
    [{"device": "NVIDIA H200"}, {"precision": "bf16"}, {"steps": FEWEST_STEPS - 1}],
)
def test_a_run_of_another_kind_or_of_too_few_steps_teaches_nothing(store, plan, small, machine, other):
    plain = forecast(plan, small, machine)
    for _ in range(3):
        write_run(store, plan, 2 * plain.total_gib, **other)
    assert Experience(store).forecast(plan, small, machine) == plain


def test_another_method_or_family_teaches_nothing(store, plan, small, machine, save_model):
    for other in ({"method": "full", "options": {}}, {"model": str(save_model("qwen2"))}, {"model": "gone/away"}):
        for _ in range(2):
            write_run(store, plan.model_copy(update=other), 3.0)
    assert Experience(store).forecast(plan, small, machine) == forecast(plan, small, machine)


def test_rows_that_were_short_are_not_taken_for_a_forecast_that_was_too_high(store, plan, small, machine):
    longer = plan.model_copy(update={"max_length": 64, "batch_size": 512})
    short = forecast(longer.model_copy(update={"max_length": 16}), small, machine)
    for _ in range(2):
        write_run(store, longer, short.total_gib, row=16)
    assert Experience(store).forecast(longer, small, machine).total_gib == pytest.approx(
        forecast(longer, small, machine).total_gib
    )


def test_a_run_that_goes_on_counts_already(store, plan, small, machine):
    plain = forecast(plan, small, machine)
    write_run(store, plan, held_with(plain, 1.3))
    experience = Experience(store)
    assert len(experience.held()) == 1
    write_run(store, plan, held_with(plain, 1.3), ends=None)
    assert experience.forecast(plan, small, machine).total_gib == pytest.approx(held_with(plain, 1.3))


def test_on_a_gpu_the_allocator_counts_and_not_what_others_hold(store, plan, small, gpu_machine):
    plain = forecast(plan.model_copy(update={"precision": "fp32"}), small, gpu_machine)
    card = gpu_machine.gpus[0].name
    loose = plain.total_gib - exact(plain) - plain.parts["runtime"]
    for _ in range(2):
        job = store.add_run(plan.model_copy(update={"precision": "fp32"}).model_dump(mode="json"), "a run")
        store.append(job.id, StateChanged(state=RunState.PREPARING))
        store.append(job.id, prepared(card, "fp32"))
        for number in range(1, 4):
            store.append(job.id, step(number, number * plan.rows_per_step * 64))
        store.append(job.id, memory(100.0, kind="gpu", reserved_gib=exact(plain) + 1.5 * loose))
        store.append(job.id, StateChanged(state=RunState.DONE))
    told = Experience(store).forecast(plan.model_copy(update={"precision": "fp32"}), small, gpu_machine)
    assert told.parts["runtime"] == plain.parts["runtime"]
    assert told.parts["logits"] == pytest.approx(1.5 * plain.parts["logits"])


def test_a_plan_of_another_version_is_passed_over(store, plan, small, machine):
    job = store.add_run({"steps": 5}, "old")
    store.append(job.id, StateChanged(state=RunState.FAILED))
    assert Experience(store).held() == []
