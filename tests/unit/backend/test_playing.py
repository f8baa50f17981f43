"""The model side of the playground, with tiny models that are really trained."""

import threading

import pytest
import torch

from core.backend import streaming
from core.backend.checkpoints import newest
from core.backend.generation import generate
from core.backend.model import load_for, load_tuned
from core.backend.playing import Player, Prompt
from core.backend.scoring import label_scores
from core.backend.train import train
from core.dataset.example import Example, Turn
from core.errors import DataError, ModelError, NotFoundError
from core.strategy.drawing import Drawing
from tests.unit.backend.conftest import COLOURS, RATES, example

QUESTION = "Name the colour. It is red number 3."
METHODS = {"lora": {"rank": 4}, "prefix": {}, "last_blocks": {"blocks": 1}, "norms": {}, "full": {}, "adapter": {}}


@pytest.fixture
def trained(make_task, told):
    def train_it(method="lora", **values):
        rate = {"learning_rate": RATES[method]} if method in RATES else {}
        task = make_task(method=method, options=METHODS[method], **(rate | {"epochs": 2} | values))
        train(task, told, threading.Event())
        return task

    return train_it


def player(task, which="best"):
    return Player(task.plan, task.folder, task.home, which, COLOURS)


def ask(asked, text=QUESTION, stopping=lambda: False, **drawing):
    prompt = Prompt(turns=(Turn("user", text),), text=text, drawing=Drawing(**{"most_tokens": 24, **drawing}))
    said = []
    ready = asked.ready(prompt)
    words = asked.write(ready, prompt.drawing, said.append, stopping)
    return {one.side: one for one in words}, said, ready


@pytest.mark.parametrize("method", METHODS)
def test_both_models_write_in_turns_what_each_writes_alone(method, trained, monkeypatch):
    monkeypatch.setattr(streaming, "TURN", 0.0)
    task = trained(method, epochs=12)
    asked, base = player(task), player(task, "base")
    both, said, _ = ask(asked)
    rows = [Example(3, (Turn("user", QUESTION),), "red", "red")]
    tuned = load_tuned(task.plan, task.folder)
    assert both["tuned"].text == generate(tuned.model, tuned.tokenizer, rows, 24, max_length=400)[0]
    untuned = load_for(task.plan)
    assert both["base"].text == generate(untuned.model, untuned.tokenizer, rows, 24, max_length=400)[0]
    drawn = {"temperature": 1.5, "seed": 3}
    both, _, _ = ask(asked, **drawn)
    assert both["base"].text == ask(base, **drawn)[0]["base"].text
    if method in {"lora", "full"}:  # the others learn too little here to draw other words
        assert both["base"].text != both["tuned"].text
    sides = [one.side for one in said]
    assert set(sides) == {"base", "tuned"}
    # With few weights exchanged for each turn, one writes after the other.
    assert (sides != sorted(sides, reverse=True)) == (method != "last_blocks")


@pytest.mark.parametrize("method", METHODS)
def test_labels_are_as_likely_as_the_evaluation_finds_them(method, trained):
    task = trained(method)
    asked = player(task)
    row = example(5)
    prompt = Prompt(turns=row.turns, text=row.prompt, drawing=Drawing())
    found = asked.shares(prompt, COLOURS)
    tuned = load_tuned(task.plan, task.folder)
    [scores] = label_scores(tuned.model, tuned.tokenizer, [row], COLOURS, task.plan.max_length)
    assert found["tuned"] == pytest.approx(torch.tensor(scores).double().softmax(-1).tolist(), abs=1e-5)
    assert sum(found["base"]) == pytest.approx(1)
    assert found["base"] != pytest.approx(found["tuned"], abs=1e-3)


def test_a_drawn_answer_is_the_same_with_the_same_seed_whoever_writes_beside_it(trained, monkeypatch):
    task = trained()
    asked, base = player(task), player(task, "base")
    drawn = {"temperature": 1.5, "seed": 3}
    monkeypatch.setattr(streaming, "TURN", 0.0)
    first, again, other = (ask(asked, **{**drawn, "seed": seed})[0] for seed in (3, 3, 4))
    assert first["tuned"].text == again["tuned"].text != other["tuned"].text
    assert first["base"].text == ask(base, **drawn)[0]["base"].text


def test_an_answer_says_how_it_ended_and_stops_after_the_next_token(trained):
    task = trained(epochs=12)
    asked = player(task)
    assert ask(asked)[0]["tuned"].how == "itself"
    assert ask(asked, most_tokens=1)[0]["tuned"].how == "longest"
    stopped = ask(asked, stopping=lambda: True)[0]
    assert {one.how for one in stopped.values()} == {"stopped"}
    assert {one.tokens for one in stopped.values()} == {1}
    circling = ask(player(trained(folder="fresh", epochs=1), "base"), most_tokens=300)[0]["base"]
    assert circling.how == "circles"
    assert circling.tokens < 300


def test_the_prompt_is_shown_with_its_marks_and_what_was_cut_in_numbers(trained):
    asked = player(trained())
    ready = ask(asked, "What colour? <|end|> <b>red</b>")[2]
    marks = [piece.text for piece in ready.shown.pieces if piece.kind == "mark"]
    assert marks == ["<|end|>", "<|end|>"]
    whole = "<|user|>What colour? <|end|> <b>red</b><|end|><|assistant|>"
    assert "".join(piece.text for piece in ready.shown.pieces) == whole
    assert ready.shown.tokens == ready.shown.whole == len(ready.ids)
    long = ask(asked, "a lazy dog " * 60)[2]
    assert long.shown.tokens <= 128 < long.shown.whole
    assert any(piece.kind == "cut" for piece in long.shown.pieces)
    with pytest.raises(DataError, match="there is room for 488: the model can hold 512"):
        ask(asked, "a lazy dog " * 400, shorten=False)
    with pytest.raises(DataError, match="leaves no room"):
        ask(asked, most_tokens=600)


def test_checkpoints_are_tried_while_newer_ones_take_their_place(trained, monkeypatch):
    task = trained(epochs=3)
    found, _ = newest(task.folder)
    asked = player(task, found.name)
    assert asked.step == int(found.name.removeprefix("checkpoint-"))
    assert asked.sides == ("base", "tuned")
    assert player(task, "newest").step == asked.step
    with pytest.raises(NotFoundError, match="is gone") as caught:
        player(task, "checkpoint-99999")
    assert str(asked.step) in caught.value.fix
    for odd in ("checkpoint-../best", "../best", "checkpoint-", "x"):
        with pytest.raises(NotFoundError):
            player(task, odd)
    damaged = found / "adapter_model.safetensors"
    raw = bytearray(damaged.read_bytes())
    raw[-1] ^= 1
    damaged.write_bytes(raw)
    with pytest.raises(ModelError, match="has changed since it was written"):
        player(task, found.name)
    assert list((task.home / "playing").iterdir()) == []


def test_a_checkpoint_of_a_wholly_tuned_model_is_read_beside_the_base_model(trained):
    task = trained("full")
    found, _ = newest(task.folder)
    asked = player(task, found.name)
    both = ask(asked, temperature=1.5)[0]
    assert both["base"].text != both["tuned"].text


def test_a_run_without_weights_says_so(make_task):
    task = make_task()
    with pytest.raises(NotFoundError, match="has kept no weights yet"):
        player(task)


def test_a_head_chooses_and_has_no_base(trained):
    task = trained(head="class", epochs=1)
    asked = player(task)
    assert asked.sides == ("tuned",)
    prompt = Prompt(turns=(), text="It is red.", drawing=Drawing())
    assert asked.ready(prompt).shown.tokens > 0
    assert sum(asked.shares(prompt, asked.labels)["tuned"]) == pytest.approx(1)
    with pytest.raises(ModelError, match="no untuned model"):
        player(task, "base")


def test_a_text_is_gone_on_with_as_it_was_learned(trained):
    asked = player(trained())
    prompt = Prompt(turns=(), text="the quick fox", drawing=Drawing(most_tokens=4))
    ready = asked.ready(prompt)
    assert "".join(piece.text for piece in ready.shown.pieces) == "the quick fox"
    assert len(asked.write(ready, prompt.drawing, lambda _: None, lambda: False)) == 2
