import threading
from collections import Counter

import pytest
import torch

from core.backend.generation import circle, generate
from core.backend.model import load_base
from core.backend.scoring import answer_losses, label_scores
from core.backend.tokens import answer_ids, encode, prompt_ids, stop_ids
from core.errors import Stopped

LABELS = ("red", "green", "blue", "dark blue and green")


@pytest.fixture(scope="module")
def loaded(tiny):
    loaded = load_base(str(tiny), precision="fp32")
    loaded.model.eval()
    with torch.no_grad():  # random weights are all but indifferent; larger ones have opinions
        for weights in loaded.model.parameters():
            weights.mul_(3)
    return loaded


@pytest.fixture(scope="module")
def rows():
    from core.dataset.example import Example, Turn

    return [Example(i, (Turn("user", f"It is {'very ' * (i % 5)}colour {i}."),), "red") for i in range(24)]


def _naive(loaded, example, answer) -> tuple[float, int]:
    prompt = prompt_ids(loaded.tokenizer, example.turns)
    tail = answer_ids(loaded.tokenizer, example.turns, answer)
    with torch.no_grad():
        logits = loaded.model(torch.tensor([prompt + tail])).logits[0].log_softmax(-1)
    return float(sum(logits[len(prompt) + i - 1, token] for i, token in enumerate(tail))), len(tail)


def test_label_scores_equal_scoring_each_label_by_itself(loaded, rows):
    told = []
    scores = label_scores(loaded.model, loaded.tokenizer, rows, LABELS, max_length=128, on_advance=told.append)
    for example, row in zip(rows, scores, strict=True):
        assert row == pytest.approx([_naive(loaded, example, label)[0] for label in LABELS], abs=1e-4)
    assert told[-1] == len(rows)


def test_many_labels_are_scored_part_by_part(loaded, rows, monkeypatch):
    whole = label_scores(loaded.model, loaded.tokenizer, rows[:3], LABELS, max_length=128)
    monkeypatch.setattr("core.backend.scoring.TOKENS_AT_ONCE", 60)
    parts = label_scores(loaded.model, loaded.tokenizer, rows[:3], LABELS, max_length=128)
    for one, other in zip(whole, parts, strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_answer_losses_equal_scoring_one_by_one(loaded, rows):
    losses = answer_losses(loaded.model, loaded.tokenizer, rows, max_length=128)
    for example, (nats, tokens) in zip(rows, losses, strict=True):
        score, length = _naive(loaded, example, example.answer)
        assert (nats, tokens) == (pytest.approx(-score, abs=1e-4), length)


def test_batched_generation_equals_one_by_one(loaded, rows):
    together = generate(loaded.model, loaded.tokenizer, rows, max_new_tokens=8, max_length=128)
    alone = [generate(loaded.model, loaded.tokenizer, [row], max_new_tokens=8, max_length=128)[0] for row in rows]
    assert together == alone
    assert len(set(together)) > 1


def test_generation_ends_at_the_end_token(loaded, rows):
    prompt = torch.tensor([prompt_ids(loaded.tokenizer, rows[0].turns)])
    text = generate(loaded.model, loaded.tokenizer, rows[:1], max_new_tokens=30, max_length=256)[0]
    with torch.no_grad():
        for _ in range(30):
            token = loaded.model(prompt).logits[0, -1].argmax()
            if int(token) in stop_ids(loaded.tokenizer, loaded.model):
                break
            prompt = torch.cat([prompt, token[None, None]], dim=1)
    written = loaded.tokenizer.decode(prompt[0, len(prompt_ids(loaded.tokenizer, rows[0].turns)) :])
    assert text == loaded.tokenizer.decode(loaded.tokenizer.encode(written), skip_special_tokens=True).strip()


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        ([5, 6, *[7, 8, 9] * 8], 5),
        ([5, *[7] * 24], 2),
        ([1, *range(100, 110), *range(100, 110), *range(100, 110)], 11),
        ([5, *[7] * 23], None),
        ([*[7, 8, 9] * 8, 4], None),
        (list(range(100)), None),
        ([], None),
    ],
)
def test_an_answer_goes_round_in_circles_when_a_passage_fills_its_end(ids, kept):
    assert circle(ids) == kept


def test_an_answer_that_goes_round_is_ended_told_and_keeps_the_passage_once(loaded, rows):
    """A model that was never trained goes round sooner or later."""
    told, unended = [], []
    wishes = {"max_length": 512, "on_circle": told.append, "on_unended": unended.append}
    texts = generate(loaded.model, loaded.tokenizer, rows[:4], 300, **wishes)
    assert told
    assert set(told) <= set(unended) <= set(range(4))
    whole = [len(loaded.tokenizer(text)["input_ids"]) for text in texts]
    assert min(whole) < 250


def test_the_models_own_penalty_on_repetition_holds(loaded, rows):
    settings = loaded.model.generation_config
    plain = generate(loaded.model, loaded.tokenizer, rows[:4], 40, max_length=512)
    settings.repetition_penalty = 50.0  # a score that is divided by it is next to nothing
    try:
        penalised = generate(loaded.model, loaded.tokenizer, rows[:4], 40, max_length=512)
    finally:
        settings.repetition_penalty = None
    assert [most_repeated(loaded, text) for text in penalised] < [most_repeated(loaded, text) for text in plain]
    assert generate(loaded.model, loaded.tokenizer, rows[:4], 40, max_length=512) == plain


def most_repeated(loaded, text: str) -> int:
    """How often the most frequent token of `text` stands in it."""
    return max(Counter(loaded.tokenizer(text)["input_ids"]).values())


@pytest.mark.parametrize("work", [label_scores, answer_losses, generate])
def test_a_stop_ends_scoring_before_the_next_batch(loaded, rows, work):
    stopping = threading.Event()
    stopping.set()
    wishes = {"max_new_tokens": 4} if work is generate else {"labels": LABELS} if work is label_scores else {}
    with pytest.raises(Stopped):
        work(loaded.model, loaded.tokenizer, rows, **wishes, max_length=128, stopping=stopping)


def test_a_long_prompt_is_shortened_alike_for_every_label(loaded, rows):
    from core.dataset.example import Example, Turn

    long = Example(1, (Turn("user", "word " * 200),), "red")
    scores = label_scores(loaded.model, loaded.tokenizer, [long], LABELS, max_length=64)
    assert len(scores[0]) == len(LABELS)
    assert encode(loaded.tokenizer, long, 64).truncated
