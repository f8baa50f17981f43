import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from safetensors.torch import load_file

from core.backend.checkpoints import newest
from core.backend.model import load_base, load_tuned
from core.backend.rows import choose_layout
from core.backend.tokens import encode
from core.backend.train import train
from core.dataset.example import Split
from core.errors import DataError, NotFoundError, Stopped, UserError
from core.events import (
    CheckpointSaved,
    MemoryMeasured,
    Noted,
    Prepared,
    RunState,
    StateChanged,
    StepTaken,
    Validated,
)
from core.strategy.memory.step import LEARNED_AT_ONCE
from core.strategy.methods import METHODS
from tests.unit.backend.conftest import RATES


def _weights(folder):
    return next(load_file(path) for path in (folder / "best").glob("*.safetensors"))


def _losses(told):
    return [event.loss for event in told.of(StepTaken)]


@pytest.mark.parametrize("method", METHODS)
def test_each_method_trains_and_keeps_its_best_weights(method, make_task, told, split):
    task = make_task(method=method, epochs=4, learning_rate=RATES.get(method, 5e-3))
    train(task, told, told.stopping)
    validations = told.of(Validated)
    assert validations[-1].loss < validations[0].loss - (0.005 if method in RATES else 0.1)
    loaded = load_tuned(task.plan, task.folder)
    rows = [encode(loaded.tokenizer, one, 128) for one in split.validation]
    with torch.no_grad():
        nats = float(choose_layout(loaded.model, rows).nats(loaded.model, rows))
    tokens = sum(len(row.input_ids) - row.prompt_length for row in rows)
    best = min((event for event in validations if event.best), key=lambda event: event.loss)
    assert nats / tokens == pytest.approx(best.loss, abs=2e-3)


def test_a_batch_that_is_divided_into_several_passes_is_learned_from_as_one(make_task, told, monkeypatch):
    train(make_task(epochs=1, batch_size=8), told, told.stopping)
    whole = _losses(told)
    told.events.clear()
    monkeypatch.setitem(LEARNED_AT_ONCE, "CPU", 40)
    train(make_task(epochs=1, batch_size=8), told, told.stopping)
    assert _losses(told) == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("method", ["lora", "adapter"])
def test_without_its_adapter_a_tuned_model_is_the_base_model(method, make_task, told, tiny):
    task = make_task(method=method, epochs=1)
    train(task, told, told.stopping)
    tuned, base = load_tuned(task.plan, task.folder).model, load_base(str(tiny), precision="fp32").model.eval()
    ids = torch.tensor([[5, 6, 7, 8, 9, 10]])
    with torch.no_grad():
        adapted, plain = tuned(ids).logits, base(ids).logits
        with tuned.disable_adapter():
            assert torch.equal(tuned(ids).logits, plain)
    assert not torch.allclose(adapted, plain)


def test_a_run_tells_its_story_in_order(make_task, told):
    task = make_task(epochs=2, batch_size=4, accumulation=2)
    train(task, told, told.stopping)
    prepared, steps = told.of(Prepared)[0], told.of(StepTaken)
    assert (prepared.train_rows, prepared.validation_rows, prepared.test_rows) == (24, 8, 8)
    assert prepared.total_steps == 6
    assert 0 < prepared.trainable_parameters < prepared.total_parameters
    assert prepared.precision == "fp32"
    assert "thread" in prepared.device
    kinds = [type(event) for event in told.events]
    training = told.events.index(StateChanged(state=RunState.TRAINING))
    assert kinds.index(Prepared) < training < kinds.index(Validated) < kinds.index(StepTaken)
    assert [event.step for event in steps] == [1, 2, 3, 4, 5, 6]
    assert steps[-1].epoch == pytest.approx(2.0)
    assert all(one.tokens < other.tokens and one.seconds <= other.seconds for one, other in pairwise(steps))
    validated = [event.step for event in told.of(Validated)]
    assert validated[0] == 0
    assert validated[-1] == 6
    assert len(set(validated)) == len(validated)
    assert told.of(MemoryMeasured)[0].used_gib > 0


def test_the_tokens_counted_are_those_of_the_rows(make_task, told, split, tokenizer):
    train(make_task(epochs=1), told, told.stopping)
    real = sum(len(encode(tokenizer, one, 128).input_ids) for one in split.train)
    assert told.of(StepTaken)[-1].tokens == real


def test_accumulation_does_not_change_the_loss(make_task, told):
    other = type(told)()
    train(make_task(epochs=1, batch_size=8), told, told.stopping)
    train(make_task(epochs=1, batch_size=2, accumulation=4, folder="other"), other, other.stopping)
    assert _losses(told) == pytest.approx(_losses(other), abs=1e-4)


def test_the_same_plan_twice_gives_the_same_losses_and_weights(make_task, told):
    other = type(told)()
    options = {"dropout": 0.1}
    first, second = make_task(options=options, folder="a"), make_task(options=options, folder="b")
    train(first, told, told.stopping)
    train(second, other, other.stopping)
    assert _losses(told) == _losses(other)
    mine, theirs = _weights(first.folder), _weights(second.folder)
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_bf16_products_give_almost_the_same_losses(make_task, told):
    other = type(told)()
    train(make_task(epochs=1), told, told.stopping)
    train(make_task(epochs=1, precision="bf16", folder="other"), other, other.stopping)
    assert _losses(told) == pytest.approx(_losses(other), abs=0.05)
    assert _losses(told) != _losses(other)


def test_recomputing_activations_changes_no_loss(make_task, told):
    for method in ("lora", "adapter"):
        one, other = type(told)(), type(told)()
        train(make_task(epochs=1, method=method, folder=f"{method}1"), one, one.stopping)
        train(
            make_task(epochs=1, method=method, gradient_checkpointing=True, folder=f"{method}2"), other, other.stopping
        )
        assert _losses(one) == pytest.approx(_losses(other), abs=1e-4)


def test_a_stop_ends_within_a_step_and_keeps_the_best_weights(make_task, told):
    task = make_task(epochs=20)

    def stop(event):
        if isinstance(event, StepTaken) and event.step == 9:
            told.stopping.set()

    told.hook = stop
    train(task, told, told.stopping)
    assert told.of(StepTaken)[-1].step <= 10
    assert load_tuned(task.plan, task.folder)
    assert newest(task.folder)[0].name == f"checkpoint-{told.of(StepTaken)[-1].step}"


def test_a_stop_before_the_first_validation_keeps_the_weights_of_that_moment(make_task, told):
    task = make_task(epochs=40, patience=50)
    told.hook = lambda event: told.stopping.set() if isinstance(event, StepTaken) else None
    train(task, told, told.stopping)
    assert told.of(StepTaken)[-1].step <= 2
    assert (task.folder / "best").is_dir()
    assert any("before the first validation" in event.text for event in told.of(Noted))


def test_a_stop_while_preparing_leaves_nothing(make_task, told):
    task = make_task()
    told.stopping.set()
    with pytest.raises(Stopped):
        train(task, told, told.stopping)
    with pytest.raises(NotFoundError):
        load_tuned(task.plan, task.folder)


def test_training_ends_early_when_nothing_gets_better(make_task, told):
    task = make_task(epochs=40, learning_rate=0.08, patience=2, schedule="constant")
    train(task, told, told.stopping)
    validated = told.of(Validated)
    assert told.of(StepTaken)[-1].step < 40 * 3
    assert not any(event.best for event in validated[-2:])
    kept = json.loads((task.folder / "best" / "manifest.json").read_text())["facts"]
    assert kept["step"] == max(event.step for event in validated if event.best)


def test_a_loss_that_is_no_number_ends_the_run_with_its_step(make_task, told, monkeypatch):
    from core.backend import trainer as module

    plain = module.RowTrainer.compute_loss

    def poisoned(self, *args, **kwargs):
        loss = plain(self, *args, **kwargs)
        return loss * math.nan if self.state.global_step == 4 else loss

    monkeypatch.setattr(module.RowTrainer, "compute_loss", poisoned)
    task = make_task(epochs=4)
    with pytest.raises(UserError, match="at step 5"):
        train(task, told, told.stopping)
    assert [event.step for event in told.of(StepTaken)] == [1, 2, 3, 4]
    assert all(math.isfinite(event.loss) for event in told.of(StepTaken))
    assert load_tuned(task.plan, task.folder)


def test_a_huge_learning_rate_is_named_as_the_cause(make_task, told):
    task = make_task(epochs=4, method="full", warmup_share=0)
    task = replace(task, plan=task.plan.model_copy(update={"learning_rate": 1e20}))
    with pytest.raises(UserError, match="learning rate of 1e\\+20") as caught:
        train(task, told, told.stopping)
    assert "1e+19" in caught.value.fix


def test_rows_whose_answers_do_not_fit_are_refused_with_counts(make_task, told, split):
    endless = tuple(replace(one, answer="very long " * 200) for one in split.train)
    task = make_task(rows=Split(endless, split.validation, split.test))
    with pytest.raises(DataError, match="Of 24 training rows none is left"):
        train(task, told, told.stopping)
    assert not told.of(StateChanged)


def test_without_validation_rows_nothing_is_trained(make_task, told, split):
    with pytest.raises(DataError, match="Of 0 validation rows"):
        train(make_task(rows=Split(split.train, (), split.test)), told, told.stopping)


def test_rows_left_out_and_shortened_are_counted(make_task, told, split):
    from tests.unit.backend.conftest import example

    some = (*split.train[:20], replace(split.train[20], answer="x " * 300), *(example(i, long=True) for i in (50, 51)))
    train(make_task(rows=Split(some, split.validation, split.test), epochs=1), told, told.stopping)
    prepared = told.of(Prepared)[0]
    assert (prepared.train_rows, prepared.dropped_rows, prepared.truncated_rows) == (22, 1, 2)


def test_a_resumed_run_equals_one_that_was_never_stopped(make_task, told):
    options = {"dropout": 0.1}
    whole = type(told)()
    train(make_task(options=options, epochs=3, folder="whole"), whole, whole.stopping)

    def stop(event):
        if isinstance(event, StepTaken) and event.step == 4:
            told.stopping.set()

    told.hook = stop
    train(make_task(options=options, epochs=3), told, told.stopping)
    stopped_at = told.of(StepTaken)[-1].step
    later = type(told)()
    task = make_task(options=options, epochs=3, resume=True)
    train(task, later, later.stopping)
    assert later.of(StepTaken)[0].step == stopped_at + 1
    assert _losses(told) + _losses(later) == _losses(whole)
    rates = [event.learning_rate for event in told.of(StepTaken) + later.of(StepTaken)]
    assert rates == [event.learning_rate for event in whole.of(StepTaken)]
    mine, theirs = _weights(task.folder), _weights(task.folder.parent / "whole")
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_resume_under_another_plan_is_refused_with_the_differences(make_task, told):
    train(make_task(epochs=1), told, told.stopping)
    with pytest.raises(UserError, match=r"learning_rate: 0\.005 when it was written, 0\.001 now"):
        train(make_task(epochs=1, learning_rate=1e-3, resume=True), told, told.stopping)


def test_a_resume_without_checkpoints_starts_anew_and_says_so(make_task, told):
    train(make_task(epochs=1, resume=True), told, told.stopping)
    assert any("starts anew" in event.text for event in told.of(Noted))
    assert told.of(StepTaken)[0].step == 1


def test_nothing_saved_holds_arguments_or_pickled_models(make_task, told):
    task = make_task(epochs=1)
    train(task, told, told.stopping)
    names = {path.name for path in task.folder.rglob("*")}
    assert "training_args.bin" not in names
    assert "adapter_model.safetensors" in names
    assert not any(name.startswith(".") for name in names)
    assert {event.folder for event in told.of(CheckpointSaved)} >= {"best"}
