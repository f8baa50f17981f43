"""Labels read as a tree after each prompt score as each would alone, on every shape of model."""

import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM

from core.backend import scoring
from core.backend.label_tree import Tree
from core.backend.model import load_base
from core.backend.rows import ATTENTION, shared_length
from core.backend.scoring import label_scores
from core.backend.tokens import answer_ids, prompt_ids
from core.dataset.example import Example, Turn
from tests.unit.export.shapes import make_shape
from tests.unit.export.tuned_runs import make_tokenizer

LABELS = ("red", "dark red", "dark", "dark red and green", "green")
ROWS = [Example(i, (Turn("user", f"It is {'very ' * (i % 7)}colour {i}."),), "red") for i in range(16)]


@pytest.fixture(scope="module", params=["qwen2", "gpt2", "mistral", "starter"])
def loaded(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    where = make_mistral(folder) if request.param == "mistral" else make_shape(request.param, folder)
    found = load_base(where, precision="fp32")
    found.model.eval()
    if request.param != "starter":
        with torch.no_grad():  # random weights are all but indifferent; larger ones have opinions
            for weights in found.model.parameters():
                weights.mul_(3)
    return found


def make_mistral(folder):
    """A model whose attention sees the last six tokens only."""
    tokenizer = make_tokenizer()
    config = MistralConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, sliding_window=6,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    torch.manual_seed(5)
    MistralForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def alone(loaded, example, label):
    """The label's log-likelihood, from one plain forward pass over prompt and label."""
    prompt = prompt_ids(loaded.tokenizer, example.turns)
    tail = answer_ids(loaded.tokenizer, example.turns, label)
    with torch.no_grad():
        told = loaded.model(torch.tensor([prompt + tail])).logits[0].log_softmax(-1)
    return float(sum(told[len(prompt) + at - 1, token] for at, token in enumerate(tail)))


def test_labels_score_as_each_would_alone(loaded):
    found = label_scores(loaded.model, loaded.tokenizer, ROWS, LABELS, max_length=128)
    for example, scores in zip(ROWS, found, strict=True):
        assert scores == pytest.approx([alone(loaded, example, label) for label in LABELS], abs=2e-4)


def test_passes_of_few_tokens_score_the_same(loaded, monkeypatch):
    whole = label_scores(loaded.model, loaded.tokenizer, ROWS, LABELS, max_length=128)
    told = []
    monkeypatch.setattr(scoring, "READ_AT_ONCE", 60)
    parts = label_scores(loaded.model, loaded.tokenizer, ROWS, LABELS, max_length=128, on_advance=told.append)
    for one, other in zip(whole, parts, strict=True):
        assert one == pytest.approx(other, abs=2e-4)
    assert told[-1] == len(ROWS)


def test_what_all_prompts_begin_with_is_read_once_and_labels_score_the_same(loaded):
    rows = [Example(i, (Turn("user", f"Name the colour of what follows.\n\n{i} fruits."),), "red") for i in range(16)]
    prompts = scoring._prompts(loaded.tokenizer, rows, LABELS, 128)
    told = []
    watch = loaded.model.register_forward_pre_hook(lambda _m, _a, given: told.append(given), with_kwargs=True)
    try:
        found = label_scores(loaded.model, loaded.tokenizer, rows, LABELS, max_length=128)
    finally:
        watch.remove()
    for example, scores in zip(rows, found, strict=True):
        assert scores == pytest.approx([alone(loaded, example, label) for label in LABELS], abs=2e-4)
    if "row_masks" in told[-1]:  # all shapes but the one that sees a few tokens only
        shared = told[-1]["shared_length"]
        assert shared >= 5
        assert told[-1]["input_ids"].shape[1] == sum(prompt.asked.tokens for prompt in prompts) - 15 * shared


@pytest.mark.parametrize(
    ("prompts", "shared"),
    [
        ([[1, 2, 3], [1, 2, 4], [1, 2]], 1),
        ([[1, 2, 3], [1, 2, 3]], 2),
        ([[1, 2, 3], [4, 2, 3]], 0),
        ([[1, 2, 3]], 0),
        ([[7], [7, 8]], 0),
    ],
)
def test_a_common_beginning_leaves_each_prompt_a_token_of_its_own(prompts, shared):
    assert shared_length(prompts) == shared


def test_a_model_with_another_attention_scores_the_same_from_a_cache(loaded):
    joined = label_scores(loaded.model, loaded.tokenizer, ROWS[:4], LABELS, max_length=128)
    loaded.model.set_attn_implementation("eager")
    try:
        cached = label_scores(loaded.model, loaded.tokenizer, ROWS[:4], LABELS, max_length=128)
    finally:
        loaded.model.set_attn_implementation(ATTENTION)
    for one, other in zip(joined, cached, strict=True):
        assert one == pytest.approx(other, abs=2e-4)


def test_labels_that_begin_alike_are_read_once():
    tree = Tree([[5, 6, 9], [5, 6, 7, 9], [5, 9], [8, 9]])
    assert tree.tokens == [5, 6, 7, 8]
    assert tree.depths == [0, 1, 2, 0]
    assert tree.sight.int().tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]]


def test_what_a_label_is_made_of_depends_on_nothing_before_the_last_mark(loaded):
    """The seam between prompt and label is looked at from the last mark on, and once for all prompts that share it."""
    prompts = scoring._prompts(loaded.tokenizer, ROWS, LABELS, 128)
    for example, prompt in zip(ROWS, prompts, strict=True):
        assert prompt.tails == [answer_ids(loaded.tokenizer, example.turns, label) for label in LABELS]
    if loaded.tokenizer.chat_template:
        assert len({id(prompt.tree) for prompt in prompts}) == 1
