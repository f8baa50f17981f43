"""What the weight of generated rows does to training, from the rows in a file to the losses of the steps."""

import csv

import pytest
import torch

from core.backend.model import load_base
from core.backend.objective import Objective, lightened
from core.backend.rows import Layout
from core.backend.tokens import encode
from core.backend.train import TrainTask, train
from core.dataset.files.source import open_source
from core.dataset.load import choose, load
from core.dataset.provenance import COLUMN, HUMAN, Generated
from core.events import Prepared, StepTaken, Validated
from tests.unit.backend.conftest import COLOURS

HUMAN_ROWS, MADE_ROWS = 48, 30


@pytest.fixture
def choice(tmp_path):
    """A file of rows by people, and behind them rows that a teacher wrote."""
    human = [
        (f"Name the colour of the {COLOURS[n % 3]} thing {n * n}.", COLOURS[n % 3], HUMAN) for n in range(HUMAN_ROWS)
    ]
    origin = Generated("rules", (), "0" * 16).cell
    made = [
        (f"What is painted {COLOURS[n % 3]} beside wall {n}?", COLOURS[(n + 1) % 3], origin) for n in range(MADE_ROWS)
    ]
    path = tmp_path / "data.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label", COLUMN), *human, *made])
    return choose(open_source(path, tmp_path / "home"))


@pytest.fixture
def trained(make_plan, tmp_path, told, choice):
    """Train in whole-set steps, so that each step sees all rows; gives the losses of steps and of validations."""

    def run(weight: float, *, generated: bool = True) -> tuple[list[float], list[float]]:
        told.events.clear()
        plan = make_plan(epochs=5, batch_size=128, learning_rate=1e-3).model_copy(
            # A plan takes no 0, which a step of generated rows alone would be divided by; here no step is such a one.
            update={"data": choice.model_copy(update={"generated": generated}), "generated_weight": weight}
        )
        train(TrainTask(plan, tmp_path / "home", tmp_path / f"run {weight} {generated}"), told, told.stopping)
        (prepared,) = told.of(Prepared)
        split = load(plan.data, tmp_path / "home", plan.seed)
        assert prepared.train_rows == len(split.train)
        assert split.generated == (MADE_ROWS if generated else 0)
        return [step.loss for step in told.of(StepTaken)], [one.loss for one in told.of(Validated)]

    return run


def test_with_weight_0_training_is_that_on_human_rows_alone(trained):
    weightless, alone, full = trained(0.0), trained(1.0, generated=False), trained(1.0)
    assert len(weightless[0]) == len(alone[0]) == 5
    for ours, theirs in zip(weightless, alone, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)
    assert abs(full[0][-1] - alone[0][-1]) > 1e-4, "with their whole weight the generated rows do count"
    assert abs(full[1][-1] - alone[1][-1]) > 1e-4


@pytest.mark.parametrize("joined", [True, False], ids=["joined", "padded"])
@pytest.mark.parametrize("weight", [0.0, 0.05, 0.25, 0.5])
def test_the_gradient_of_generated_rows_scales_as_their_weight(tiny, split, make_plan, weight, joined):
    loaded, objective = load_base(str(tiny), precision="fp32"), Objective()
    examples = list(split.train)[:6]
    rows = [encode(loaded.tokenizer, example, 128) for example in examples]
    plan = make_plan().model_copy(update={"generated_weight": weight})
    made = {example.row for example in examples[4:]}

    def gradient(some):
        loaded.model.zero_grad()
        objective.loss(Layout(joined=joined), loaded.model, some).backward()
        return torch.cat([p.grad.flatten() for p in loaded.model.parameters() if p.grad is not None])

    human, generated = gradient(rows[:4]), gradient(rows[4:])
    light = lightened(rows, examples, plan, made)
    torch.testing.assert_close(gradient(light), human + weight * generated, rtol=1e-4, atol=1e-5)
    expected = objective.amount(rows[:4]) + weight * objective.amount(rows[4:])
    assert objective.amount(light) == pytest.approx(expected)
