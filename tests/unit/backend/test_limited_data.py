"""P13 and care for few rows: nothing false is drawn, nothing is trained on nothing, and overfitting is told."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from core.backend.checkpoints import newest
from core.backend.overfitting import Curves
from core.backend.tokenised import tokenise
from core.backend.train import train
from core.dataset.example import Example, Split
from core.errors import DataError, UserError
from core.events import Noted, StateChanged, StepTaken, Validated, decode, encode
from core.strategy.pace import Pace


def _poison(monkeypatch, step, what):
    from core.backend import trainer as module

    plain = module.RowTrainer.compute_loss

    def poisoned(self, *args, **kwargs):
        loss = plain(self, *args, **kwargs)
        return loss * what if self.state.global_step + 1 == step else loss

    monkeypatch.setattr(module.RowTrainer, "compute_loss", poisoned)


@pytest.mark.parametrize("what", [math.nan, math.inf])
def test_a_loss_that_is_no_number_at_step_four_ends_the_run_there(what, make_task, told, monkeypatch):
    monkeypatch.setattr("core.backend.keeper.SAVING_SHARE", 1e9)
    _poison(monkeypatch, 4, what)
    task = make_task(epochs=4)
    with pytest.raises(UserError, match=r"training loss was not a finite number at step 4, .*learning rate") as caught:
        train(task, told, told.stopping)
    assert "learning rate" in caught.value.fix
    # The checkpoint before it is whole, and nothing was reported as 0.0 that was no number.
    assert newest(task.folder)[0].name == "checkpoint-3"
    assert [event.step for event in told.of(StepTaken)] == [1, 2, 3]
    assert all(event.loss and math.isfinite(event.loss) for event in told.of(StepTaken))


def test_what_is_no_number_is_stored_as_nothing_and_drawn_as_nothing():
    step = StepTaken(
        step=1, total_steps=2, epoch=0.5, loss=math.nan, learning_rate=0.1, grad_norm=math.inf, tokens=1, seconds=1.0
    )
    back = decode(json.loads(json.dumps(encode(step))))
    assert (back.loss, back.grad_norm) == (None, None)
    assert decode(encode(Validated(step=1, epoch=0.5, loss=math.nan, best=False))).loss is None


def _plain(row, text):
    return Example(row, (), text, text)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), r"Of 0 training rows none is left: the split holds none"),
        (tuple(_plain(row, "") for row in range(5)), r"Of 5 training rows none is left: 5 have no token to learn"),
    ],
    ids=["no rows", "rows of one token"],
)
def test_rows_that_hold_nothing_are_refused_before_training_with_their_count(rows, said, make_task, told, split):
    with pytest.raises(DataError, match=said):
        train(make_task(rows=Split(rows, split.validation, split.test)), told, told.stopping)
    assert not told.of(StateChanged)


def test_rows_whose_every_label_is_masked_are_refused_with_their_count(make_task, told, split, monkeypatch):
    from core.backend import tokenised

    plain = tokenised.encode_all

    def masked(tokenizer, example, length):
        return [replace(one, prompt_length=len(one.input_ids)) for one in plain(tokenizer, example, length)]

    monkeypatch.setattr(tokenised, "encode_all", masked)
    with pytest.raises(DataError, match="Of 24 training rows none is left: 24 have no token to learn") as caught:
        train(make_task(), told, told.stopping)
    assert "answers" in caught.value.fix
    assert not told.of(StateChanged)


def test_both_reasons_are_counted(make_task, told, split):
    long = tuple(replace(one, answer="very long " * 200) for one in split.train[:3])
    rows = (*long, _plain(90, ""), _plain(91, ""))
    with pytest.raises(DataError, match=r"Of 5 .*: the answers of 3 do not fit into 128 tokens, 2 have no token"):
        train(make_task(rows=Split(rows, split.validation, split.test)), told, told.stopping)


def test_tokenise_counts_what_it_leaves_out(tokenizer, split, told, make_plan):
    rows = (*split.train, _plain(90, ""))
    found = tokenise(_with(tokenizer), Split(rows, split.validation, ()), make_plan(max_length=128), told.stopping)
    assert (found.train.given, found.train.empty, found.train.too_long) == (25, 1, 0)


def test_variants_are_learned_beside_the_rows_and_never_validated_with(tokenizer, split, told, make_plan):
    given, held = (
        [replace(row, answer=f"It says: {row.prompt[-12:]}", label=None) for row in part]
        for part in (split.train, split.validation)
    )
    rows = Split(given, held, ())
    plain = tokenise(_with(tokenizer), rows, make_plan(max_length=128), told.stopping)
    varied = tokenise(_with(tokenizer), rows, make_plan(max_length=128, variants=2), told.stopping)
    assert varied.train.rows[:24] == plain.train.rows
    assert 0 < varied.variants == varied.train.given - 24 <= 48
    assert varied.validation == plain.validation


def _with(tokenizer) -> Any:
    model = type("Model", (), {"config": type("C", (), {"get_text_config": lambda self: None})()})()
    return type("Loaded", (), {"model": model, "tokenizer": tokenizer, "labels": ()})()


def _follow(curves, trained, validated):
    """What is noted while one training loss and one validation loss come at a time."""
    best, notes = math.inf, []
    for step, (train_loss, loss) in enumerate(zip(trained, validated, strict=True), 1):
        curves.stepped(train_loss)
        note = curves.validated(step, loss, best=loss < best)
        best = min(best, loss)
        notes += [] if note is None else [(step, note)]
    return notes


FALLING = [1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]


def test_curves_that_part_are_told_once_with_both_losses_and_what_to_do():
    [(step, note)] = _follow(Curves(), FALLING, [1.0, 0.8, 0.7, 0.75, 0.8, 0.9, 1.0, 1.1])
    assert step == 5
    assert note.severity == "warning"
    assert "since step 3 validation loss rose from 0.700 to 0.800" in note.text
    assert "training loss fell from 0.600 to 0.450" in note.text
    assert "weights of step 3 are kept" in note.text
    assert "fewer epochs" in note.text


@pytest.mark.parametrize(
    ("trained", "validated"),
    [
        (FALLING, FALLING),
        (FALLING, [1.0, 0.8, 0.7, 0.75, 0.72, 0.74, 0.71, 0.75]),  # up and down: chance
        (FALLING, [1.0, 0.8, 0.7, 0.701, 0.702, 0.703, 0.704, 0.705]),  # hardly
        ([1.0, 0.8, 0.6, 0.7, 0.9, 1.1, 1.3, 1.5], [1.0, 0.8, 0.7, 0.9, 1.1, 1.2, 1.3, 1.4]),  # both: it diverges
    ],
    ids=["both fall", "up and down", "hardly", "both rise"],
)
def test_nothing_is_told_where_the_curves_do_not_part(trained, validated):
    assert _follow(Curves(), trained, validated) == []


def test_a_run_that_learns_its_rows_by_heart_says_so(make_task, told, split):
    # Answers that follow from nothing can be learned by heart only.
    rows = tuple(replace(one, answer=f"{(one.row * 7919) % 97} {(one.row * 104729) % 89}") for one in split.train)
    held = tuple(replace(one, answer=f"{(one.row * 7919) % 97} {(one.row * 104729) % 89}") for one in split.validation)
    task = make_task(
        method="full", epochs=40, learning_rate=5e-3, patience=50, schedule="constant", rows=Split(rows, held, ())
    )
    train(task, told, told.stopping)
    warned = [event for event in told.of(Noted) if event.severity == "warning" and "curves part" in event.text]
    assert len(warned) == 1


@pytest.mark.parametrize("rows_per_step", [8, 16])
def test_a_run_on_sixty_rows_gets_a_curve_of_ten_points_or_more(rows_per_step):
    for rows in range(20, 61):  # what is left to train on
        for epochs in range(1, 31):
            pace = Pace.of(rows, rows_per_step, epochs)
            points = len(pace.validations) + 1  # and the one before the first step
            assert points >= min(10, pace.total_steps + 1), (rows, epochs, pace)
