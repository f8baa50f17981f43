"""Models with a classification head, encoders and decoders, really trained."""

import json

import pytest
import torch
from transformers import AutoConfig, AutoModel

from core.backend.classes import class_scores
from core.backend.model import load_base, load_for, load_tuned
from core.backend.render import render_rows
from core.backend.rows import Layout, class_logits
from core.backend.sameness import decides
from core.backend.tokenised import Part, Rows, tokenise
from core.backend.train import train
from core.dataset.example import Example, Split, Turn
from core.errors import ModelError
from core.events import Averaged, Noted, SampleWritten, StepTaken, Validated
from tests.unit.backend.conftest import COLOURS
from tests.unit.shapes import SHAPES, save_shape

CASES = [("bert", "lora"), ("roberta", "full"), ("distilbert", "qlora"), ("llama", "adapter"), ("bert", "adapter")]
RATES = {"adapter": 3e-2}


def coloured(row: int) -> Example:
    colour = COLOURS[row % 3]
    return Example(row, (Turn("user", f"{colour} house {colour} {'fox' if row % 2 else 'dog'}"),), colour, colour)


@pytest.fixture
def coloured_split() -> Split:
    rows = [coloured(place) for place in range(60)]
    return Split(tuple(rows[:42]), tuple(rows[42:51]), tuple(rows[51:]))


@pytest.fixture(scope="session")
def shapes(tmp_path_factory, tokenizer):
    return {kind: save_shape(kind, tmp_path_factory.mktemp("shapes") / kind, tokenizer) for kind in SHAPES}


@pytest.fixture
def headed(make_task, shapes, coloured_split):
    """A task that trains a head on a tiny model of a kind."""

    def make(kind: str, method: str = "lora", **values):
        model = str(shapes[kind])
        wanted = {
            "model": model,
            "head": "class",
            "epochs": 3,
            "learning_rate": RATES.get(method, 1e-2),
            "patience": 20,
            "rows": coloured_split,
        }
        return make_task(method=method, **(wanted | values))

    return make


@pytest.mark.parametrize(("kind", "method"), CASES)
def test_a_head_is_learned_and_the_best_weights_come_back_with_it(kind, method, headed, told, coloured_split):
    task = headed(kind, method)
    train(task, told, told.stopping)
    validations = told.of(Validated)
    best = min((event for event in validations if event.best), key=lambda event: event.loss)
    assert best.loss < validations[0].loss - (0.005 if method == "adapter" else 0.1)
    assert not told.of(SampleWritten)
    loaded = load_tuned(task.plan, task.folder)
    assert loaded.labels == tuple(sorted(COLOURS))
    rows = tokenise(loaded, coloured_split, task.plan, told.stopping)
    with torch.no_grad():
        nats = float(Layout(joined=False, classes=True).nats(loaded.model, rows.validation.rows))
    kept = [event.loss for event in told.of(Averaged)] or [best.loss]
    assert nats / len(rows.validation.rows) == pytest.approx(kept[-1], abs=2e-3)
    named = json.loads((task.folder / "best" / "config.json").read_text())["id2label"]
    assert tuple(named[str(place)] for place in range(3)) == loaded.labels


def test_a_resumed_head_equals_one_that_was_never_stopped(headed, told, shapes, tmp_path):
    config = AutoConfig.from_pretrained(shapes["bert"], hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)
    torch.manual_seed(5)
    dropping = shapes["bert"].parent / "dropping"
    AutoModel.from_config(config, dtype=torch.float32).save_pretrained(dropping)
    for file in shapes["bert"].glob("tokenizer*"):
        (dropping / file.name).write_bytes(file.read_bytes())
    train(headed("bert", model=str(dropping), folder="whole"), told, told.stopping)
    whole = [event.loss for event in told.of(StepTaken)]
    told.events.clear()
    told.hook = lambda event: told.stopping.set() if isinstance(event, StepTaken) and event.step == 7 else None
    train(headed("bert", model=str(dropping), folder="parts"), told, told.stopping)
    told.hook = None
    told.stopping.clear()
    train(headed("bert", model=str(dropping), folder="parts", resume=True), told, told.stopping)
    assert {event.step: event.loss for event in told.of(StepTaken)} == dict(enumerate(whole, 1))
    best = [(tmp_path / folder / "best" / "adapter_model.safetensors").read_bytes() for folder in ("whole", "parts")]
    assert best[0] == best[1]


@pytest.mark.parametrize("balance", ["weighted", "focal"])
def test_rare_labels_and_smoothing_are_weighed_as_with_written_labels(balance, headed, told, coloured_split):
    plain = headed("llama", balance=balance, label_smoothing=0.1)
    train(plain, told, told.stopping)
    losses = [event.loss for event in told.of(Validated)]
    assert min(losses) < losses[0] - 0.05
    few = Split(coloured_split.train[:40] + coloured_split.train[40:41], coloured_split.validation, ())
    rows = tokenise(load_for(plain.plan, few.labels), few, plain.plan, told.stopping).train.rows
    weights = {row.label: row.weight for row in rows}
    assert (len(set(weights.values())) > 1) == (balance == "weighted")


@pytest.mark.parametrize("kind", SHAPES)
def test_a_rows_scores_do_not_depend_on_its_neighbours(kind, shapes):
    loaded = load_base(str(shapes[kind]), labels=("a", "b"), precision="fp32")
    loaded.model.eval()
    texts = ["red", "green house with a lazy dog and a quick fox", "", "blue house"]
    together = class_scores(loaded.model, loaded.tokenizer, texts, 64)
    alone = [class_scores(loaded.model, loaded.tokenizer, [text], 64)[0] for text in texts]
    assert torch.allclose(torch.tensor(together), torch.tensor(alone), atol=1e-5)
    assert torch.tensor(together).exp().sum(1).tolist() == pytest.approx([1.0] * 4)


def test_a_long_text_keeps_its_beginning_and_roberta_loses_two_positions(shapes, headed, told):
    loaded = load_base(str(shapes["roberta"]), labels=("a", "b"))
    long = Example(1, (Turn("user", "fox " * 600),), "a", "a")
    split = Split((long,), (long,), ())
    plan = headed("roberta", max_length=512).plan
    (row,) = tokenise(loaded, split, plan, told.stopping).train.rows
    assert (len(row.input_ids), row.truncated) == (254, True)
    assert class_logits(loaded.model, [row]).shape == (1, 2)


def test_a_validation_label_that_no_training_row_has_is_left_out_and_told(headed, told, coloured_split):
    strange = Example(99, (Turn("user", "a black house"),), "black", "black")
    split = Split(coloured_split.train, (*coloured_split.validation, strange), coloured_split.test)
    train(headed("llama", rows=split, epochs=1), told, told.stopping)
    assert any("1 validation rows carry a label" in event.text for event in told.of(Noted))


def test_an_encoders_row_is_shown_as_its_head_reads_it(shapes):
    asked = Example(4, (Turn("user", "Name the colour.\n\nred house"),), "red", "red")
    (row,) = render_rows(str(shapes["bert"]), [asked], 64, "Name the colour.")
    assert row.learned == 0
    assert "".join(piece.text for piece in row.pieces if piece.kind == "prompt") == "red house"
    assert {piece.kind for piece in row.pieces} == {"mark", "prompt"}


def test_an_encoder_without_a_head_is_refused(shapes):
    with pytest.raises(ModelError, match="writes nothing"):
        load_base(str(shapes["bert"]))


def test_what_decides_a_run_that_writes_is_what_it_was_before_there_were_heads(make_plan):
    nothing = Rows(Part([], 0, 0, 0), Part([], 0, 0, 0))
    assert "head" not in decides(make_plan(), nothing, "")
    assert decides(make_plan(head="class"), nothing, "")["head"] == "class"
