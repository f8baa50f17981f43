"""What a step minimises: the loss on the answers, or what the plan asks for instead."""

import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from core.backend.model import load_base
from core.backend.objective import Noise, Objective, balanced, lightened
from core.backend.rows import Layout, choose_layout
from core.backend.tokens import encode
from core.backend.train import train
from core.errors import DataError
from core.events import StepTaken, Validated

LAYOUTS = [Layout(joined=True), Layout(joined=False)]


@pytest.fixture(scope="module")
def loaded(tiny):
    return load_base(str(tiny), precision="fp32")


@pytest.fixture
def rows(loaded, split):
    return [encode(loaded.tokenizer, example, 128) for example in split.train[:4]]


def by_hand(model, row, weights, smoothing=0.0) -> float:
    """The weighted sum of the losses of one row's tokens, from the model's plain scores."""
    ids = torch.tensor([row.input_ids])
    with torch.no_grad():
        scores = model(ids).logits[0, :-1].float()
    losses = functional.cross_entropy(scores, ids[0, 1:], reduction="none", label_smoothing=smoothing)
    return float((losses * torch.tensor(weights)).sum())


def token_weights(row, prompt):
    return [prompt] * (row.prompt_length - 1) + [1.0] * (len(row.input_ids) - row.prompt_length)


@pytest.mark.parametrize("layout", LAYOUTS, ids=["joined", "padded"])
@pytest.mark.parametrize(("prompt", "smoothing"), [(0.0, 0.0), (0.25, 0.0), (1.0, 0.0), (0.0, 0.1), (0.5, 0.2)])
def test_each_token_counts_as_much_as_the_plan_says(loaded, rows, layout, prompt, smoothing):
    objective = Objective(prompt_weight=prompt, smoothing=smoothing)
    expected = sum(by_hand(loaded.model, row, token_weights(row, prompt), smoothing) for row in rows)
    with torch.no_grad():
        found = float(objective.loss(layout, loaded.model, rows))
    assert found == pytest.approx(expected, rel=1e-4)
    assert objective.amount(rows) == pytest.approx(sum(sum(token_weights(row, prompt)) for row in rows))


@pytest.mark.parametrize("layout", LAYOUTS, ids=["joined", "padded"])
def test_a_row_that_is_answered_well_counts_less_by_the_square_of_its_doubt(loaded, rows, layout):
    nats = [by_hand(loaded.model, row, token_weights(row, 0.0)) for row in rows]
    expected = sum(loss * (1 - math.exp(-loss)) ** 2 for loss in nats)
    with torch.no_grad():
        found = float(Objective(focal=True).loss(layout, loaded.model, rows))
    assert found == pytest.approx(expected, rel=1e-4)


def test_weighted_labels_count_the_same_together_and_a_row_one_in_the_mean(rows, split, make_plan):
    examples = [replace(one, label="rare" if place == 0 else "common") for place, one in enumerate(split.train[:4])]
    weighted = balanced(rows, examples, make_plan(balance="weighted"))
    assert [row.weight for row in weighted] == pytest.approx([2.0, 2 / 3, 2 / 3, 2 / 3])
    assert balanced(rows, examples, make_plan()) == rows
    assert Objective().amount(weighted) == pytest.approx(
        sum(row.weight * (len(row.input_ids) - row.prompt_length) for row in weighted)
    )


@pytest.mark.parametrize("balance", ["weighted", "focal"])
def test_rows_without_labels_cannot_be_balanced_and_say_so(rows, split, make_plan, balance):
    examples = [replace(one, label=None) for one in split.train[:4]]
    with pytest.raises(DataError, match="carry no labels"):
        balanced(rows, examples, make_plan(balance=balance))


def test_noise_falls_with_the_length_of_a_row_and_is_there_in_training_only(loaded):
    embeddings = torch.nn.Embedding(50, 16)
    noise = Noise(5.0, [4, 100])
    embeddings.register_forward_hook(noise._disturb)
    ids = torch.randint(0, 50, (1, 104))
    plain = torch.nn.functional.embedding(ids, embeddings.weight)
    change = (embeddings.train()(ids) - plain)[0]
    assert 0.8 * 5 / math.sqrt(4 * 16) < float(change[:4].abs().max()) <= 5 / math.sqrt(4 * 16)
    assert 0.8 * 5 / math.sqrt(100 * 16) < float(change[4:].abs().max()) <= 5 / math.sqrt(100 * 16)
    assert torch.equal(embeddings.eval()(ids), plain)


@pytest.mark.parametrize(
    "values",
    [{"prompt_weight": 0.3}, {"label_smoothing": 0.1}, {"embedding_noise": 5.0}, {"balance": "focal"}],
    ids=lambda values: next(iter(values)),
)
def test_a_run_learns_by_each_objective_and_is_judged_by_the_plain_loss(make_task, told, split, values):
    labelled = replace(split, train=tuple(replace(one, label=one.answer) for one in split.train))
    train(make_task(rows=labelled, epochs=3, **values), told, told.stopping)
    validations = told.of(Validated)
    assert validations[-1].loss < validations[0].loss - 0.05
    plain = load_first_loss(make_task, told, labelled)
    assert validations[0].loss == pytest.approx(plain, abs=1e-5)
    assert all(math.isfinite(step.loss) for step in told.of(StepTaken))


def load_first_loss(make_task, told, rows) -> float:
    """The loss before any step of a run without any of these settings."""
    told.events.clear()
    train(make_task(rows=rows, epochs=1, folder="plain"), told, told.stopping)
    return told.of(Validated)[0].loss


def test_a_layout_is_chosen_by_the_plain_loss_whatever_the_weights(loaded, rows):
    heavy = [replace(row, weight=3.0) for row in rows]
    assert choose_layout(loaded.model, heavy).joined == choose_layout(loaded.model, rows).joined


def test_rows_that_a_teacher_wrote_carry_the_weight_of_the_plan(loaded, rows, split, make_plan):
    examples = list(split.train)[: len(rows)]
    light = lightened(rows, examples, make_plan(generated_weight=0.25), {examples[1].row})
    assert [row.weight for row in light] == [0.25 if place == 1 else 1.0 for place in range(len(rows))]
    plain, weighted = Objective(), Objective()
    assert weighted.amount(light) == plain.amount(rows) - 0.75 * plain.amount(rows[1:2])
