"""Plain text: all of it is learned, none of it is asked."""

import copy
import threading
from dataclasses import replace

import pytest

from core.backend.tokens import encode
from core.backend.train import train
from core.dataset.example import Example, Split
from core.evaluate.compare import EvaluateTask, evaluate
from core.events import Advanced, Prepared, Validated


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
    plain, begun = encode(tokenizer, text(1), 512), encode(beginning, text(1), 512)
    assert tokenizer.decode(plain.input_ids[:-1]) == text(1).answer
    assert plain.input_ids[-1] == tokenizer.eos_token_id
    assert begun.input_ids == [beginning.bos_token_id, *plain.input_ids]
    assert plain.prompt_length == begun.prompt_length == 1
    assert not plain.truncated


def test_a_long_text_keeps_its_beginning_and_counts_as_shortened(tokenizer):
    whole, cut = encode(tokenizer, text(2), 512), encode(tokenizer, text(2), 10)
    assert cut.input_ids == whole.input_ids[:10]
    assert cut.truncated


def test_plain_text_is_learned_and_scored_by_how_surprising_it_is(make_task, told, texts, monkeypatch):
    task = make_task(rows=texts, method="lora", epochs=2, max_length=64)
    train(task, told, told.stopping)
    prepared, validations = told.of(Prepared)[0], told.of(Validated)
    assert (prepared.train_rows, prepared.dropped_rows) == (24, 0)
    assert validations[-1].loss < validations[0].loss - 0.1

    monkeypatch.setattr("core.evaluate.compare.load", lambda choice, home, seed: texts)
    monkeypatch.setattr("core.backend.scoring.generate", lambda *_, **__: pytest.fail("nobody asked anything"))
    found = evaluate(EvaluateTask(plan=task.plan, home=task.home, folder=task.folder), told, threading.Event())
    assert set(found.metrics) == {"perplexity"} == {found.primary}
    assert found.metrics["perplexity"]["tuned"] < found.metrics["perplexity"]["base"]
    assert found.headline.startswith("Better by")
    assert [row.tuned for row in found.rows] == [""] * 8
    scoring = [event for event in told.of(Advanced) if event.what.startswith("Scoring")]
    assert scoring[-1].done == scoring[-1].total == 8


def test_a_text_cut_while_it_is_read_is_told(make_task, told, texts):
    long = replace(texts, train=tuple(replace(one, answer=one.answer * 20) for one in texts.train))
    train(make_task(rows=long, method="lora", epochs=1, max_length=64), told, told.stopping)
    assert told.of(Prepared)[0].truncated_rows == 24
