"""Virtual tokens before each row: scored and written in batches as PEFT itself does one row at a time."""

import pytest
import torch

from core.backend.generation import generate
from core.backend.model import load_base
from core.backend.rows import choose_layout
from core.backend.scoring import answer_losses, label_scores
from core.backend.tokens import answer_ids, encode, encode_prompt
from core.backend.virtual import virtual_tokens
from core.strategy.methods import METHODS
from tests.unit.backend.conftest import COLOURS, example

EXAMPLES = [example(row) for row in range(7)]


@pytest.fixture(scope="module", params=["prompt", "prefix"])
def tuned(request, tiny):
    loaded = load_base(str(tiny), precision="fp32")
    torch.manual_seed(5)
    method = METHODS[request.param]
    model = method.prepare(loaded.model, method.options(virtual_tokens=5)).eval()
    with torch.no_grad():
        for weights in model.prompt_encoder.parameters():
            weights.add_(torch.randn_like(weights))
    return model, loaded.tokenizer


def alone(model, ids):
    """Log-probabilities by PEFT's own forward pass, of the real tokens: (tokens, vocabulary)."""
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0, -len(ids) :].log_softmax(-1)


def test_labels_are_scored_as_one_row_at_a_time(tuned):
    model, tokenizer = tuned
    found = label_scores(model, tokenizer, EXAMPLES, COLOURS, 128)
    for one, scores in zip(EXAMPLES, found, strict=True):
        _, prompt, _ = encode_prompt(tokenizer, one.turns, 120)
        for label, score in zip(COLOURS, scores, strict=True):
            tail = answer_ids(tokenizer, one.turns, label)
            told = alone(model, prompt + tail)[len(prompt) - 1 : -1]
            assert score == pytest.approx(float(told.gather(1, torch.tensor(tail)[:, None]).sum()), abs=1e-3)


def test_answers_lose_as_one_row_at_a_time(tuned):
    model, tokenizer = tuned
    assert not choose_layout(model, [encode(tokenizer, EXAMPLES[0], 128)]).joined
    for one, (nats, tokens) in zip(EXAMPLES, answer_losses(model, tokenizer, EXAMPLES, 128), strict=True):
        row = encode(tokenizer, one, 128)
        told = alone(model, row.input_ids)[row.prompt_length - 1 : -1]
        answer = torch.tensor(row.input_ids[row.prompt_length :])
        assert tokens == len(answer)
        assert nats == pytest.approx(-float(told.gather(1, answer[:, None]).sum()), abs=1e-3)


def test_a_batch_of_prompts_of_different_lengths_is_answered_as_each_alone(tuned):
    model, tokenizer = tuned
    written = generate(model, tokenizer, EXAMPLES, 6, max_length=128)
    for one, text in zip(EXAMPLES, written, strict=True):
        _, ids, _ = encode_prompt(tokenizer, one.turns, 122)
        prompt = len(ids)
        for _ in range(6):
            ids = [*ids, int(alone(model, ids)[-1].argmax())]
            if ids[-1] == tokenizer.eos_token_id:
                ids.pop()
                break
        assert text == tokenizer.decode(ids[prompt:], skip_special_tokens=True).strip()


def test_switched_off_there_are_no_virtual_tokens(tuned, tiny):
    model, tokenizer = tuned
    with model.disable_adapter():
        assert virtual_tokens(model) == 0
        off = label_scores(model, tokenizer, EXAMPLES, COLOURS, 128)
    base = load_base(str(tiny), precision="fp32").model.eval()
    plain = label_scores(base, tokenizer, EXAMPLES, COLOURS, 128)
    assert torch.allclose(torch.tensor(off), torch.tensor(plain), atol=1e-5)
