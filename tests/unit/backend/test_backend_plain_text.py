"""Plain text: all of it is learned, none of it is asked."""

import copy
import threading
from dataclasses import replace
from itertools import pairwise

import pytest

from core.backend.model import load_base
from core.backend.rows import padded_losses
from core.backend.scoring import answer_losses
from core.backend.tokens import encode_all
from core.backend.train import train
from core.dataset.example import Example, Split
from core.evaluate.compare import EvaluateTask, evaluate
from core.events import Advanced, Noted, Prepared, Validated


def text(row: int) -> Example:
    return Example(row, (), f"The quick fox number {row} jumps over a lazy dog. " * (1 + row % 3))


@pytest.fixture
def texts() -> Split:
    rows = [text(i) for i in range(40)]
    return Split(tuple(rows[:24]), tuple(rows[24:32]), tuple(rows[32:]))


@pytest.fixture
def beginning(tokenizer):
    other = copy.deepcopy(tokenizer)
    other.bos_token = "<|user|>"
    return other


def test_the_loss_is_on_all_of_a_text_and_its_end(tokenizer, beginning):
    (plain,), (begun,) = encode_all(tokenizer, text(1), 512), encode_all(beginning, text(1), 512)
    assert tokenizer.decode(plain.input_ids[:-1]) == text(1).answer
    assert plain.input_ids[-1] == tokenizer.eos_token_id
    assert begun.input_ids == [beginning.bos_token_id, *plain.input_ids]
    assert plain.prompt_length == begun.prompt_length == 1
    assert not plain.truncated


@pytest.mark.parametrize("length", [2, 3, 10, 17, 511, 512])
def test_every_token_of_a_long_text_is_learned_once_in_windows(tokenizer, length):
    (whole,) = encode_all(tokenizer, text(2), 512)
    windows = encode_all(tokenizer, text(2), length)
    learned = [token for window in windows for token in window.input_ids[window.prompt_length :]]
    assert learned == whole.input_ids[1:]
    assert all(1 < len(window.input_ids) <= length for window in windows)
    assert all(before.input_ids[-1] == after.input_ids[0] for before, after in pairwise(windows))


def test_plain_text_is_learned_and_scored_by_how_surprising_it_is(make_task, told, texts, monkeypatch):
    task = make_task(rows=texts, method="lora", epochs=2, max_length=64)
    train(task, told, told.stopping)
    prepared, validations = told.of(Prepared)[0], told.of(Validated)
    assert (prepared.train_rows, prepared.dropped_rows) == (24, 0)
    assert validations[-1].loss < validations[0].loss - 0.1

    monkeypatch.setattr("core.evaluate.compare.load", lambda choice, home, seed: texts)
    monkeypatch.setattr("core.backend.scoring.generate", lambda *_, **__: pytest.fail("nobody asked anything"))
    found = evaluate(EvaluateTask(plan=task.plan, home=task.home, folder=task.folder), told, threading.Event())
    assert set(found.metrics) == {"perplexity", "bits_per_byte"}
    assert found.primary == "perplexity"
    assert found.metrics["perplexity"]["tuned"] < found.metrics["perplexity"]["base"]
    assert found.headline.startswith("Better by")
    assert [row.tuned for row in found.rows] == [""] * 8
    scoring = [event for event in told.of(Advanced) if event.what.startswith("Scoring")]
    assert scoring[-1].done == scoring[-1].total == 8


def test_a_long_text_is_learned_and_scored_whole(make_task, told, texts, monkeypatch):
    rows = [replace(one, answer=one.answer * 12) for one in (*texts.train, *texts.validation, *texts.test)]
    long = Split(tuple(rows[:24]), tuple(rows[24:32]), tuple(rows[32:]))
    task = make_task(rows=long, method="lora", epochs=1, max_length=64)
    train(task, told, told.stopping)
    prepared = told.of(Prepared)[0]
    assert prepared.train_rows > 4 * 24
    assert prepared.truncated_rows == 0
    (note,) = [event.text for event in told.of(Noted) if "windows" in event.text]
    assert f"24 texts are learned in {prepared.train_rows:,} windows of at most 64 tokens" in note

    monkeypatch.setattr("core.evaluate.compare.load", lambda choice, home, seed: long)
    found = evaluate(EvaluateTask(plan=task.plan, home=task.home, folder=task.folder), told, threading.Event())
    assert len(found.rows) == 8
    assert found.metrics["perplexity"]["tuned"] < found.metrics["perplexity"]["base"]
    scoring = [event for event in told.of(Advanced) if event.what.startswith("Scoring")]
    assert scoring[-1].done == scoring[-1].total == 8


def test_the_loss_of_a_long_text_is_that_of_all_its_tokens(tiny, tokenizer):
    model = load_base(str(tiny), precision="fp32").model.eval()
    nats, tokens = answer_losses(model, tokenizer, [text(2)], 16)[0]
    by_window = [padded_losses(model, [window]).sum() for window in encode_all(tokenizer, text(2), 16)]
    assert nats == pytest.approx(float(sum(by_window)), rel=1e-4)
    assert tokens == len(encode_all(tokenizer, text(2), 512)[0].input_ids) - 1
