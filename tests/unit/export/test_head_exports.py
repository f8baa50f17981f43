"""Models with a classification head: scored as label text is, and exported so that plain libraries load them."""

import json
import subprocess
import sys
import threading
from html import unescape

import pytest
import torch

from core.backend.classes import class_scores
from core.backend.model import load_tuned
from core.backend.train import TrainTask, train
from core.dataset.load import load
from core.errors import UserError
from core.evaluate.answers import EvaluateTask, ask_both
from core.evaluate.as_json import as_json
from core.evaluate.card import card_section
from core.evaluate.compare import evaluate
from core.evaluate.evaluation import read_evaluation
from core.events import Exported
from core.export import fidelity
from core.export.exporters import EXPORTERS, ExportTask, export
from core.strategy.plan import Plan
from tests.unit.export.test_export_models import measure_here
from tests.unit.export.tuned_runs import Run, Told, make_tokenizer
from tests.unit.shapes import save_shape
from ui.scoresheet import strips

CASES = [("bert", "lora"), ("bert", "qlora"), ("roberta", "adapter"), ("llama", "full"), ("llama", "qlora")]


@pytest.fixture(scope="module")
def headed(tmp_path_factory, trained):
    """A function from a kind of model and a method to a finished run with a head, made once each."""
    written = trained("lora")
    made = {}

    def run(kind: str, method: str) -> Run:
        if (kind, method) not in made:
            model = save_shape(kind, tmp_path_factory.mktemp("models") / f"tiny-{kind}", make_tokenizer())
            folder = written.home / "runs" / f"{kind}-{method}"
            folder.mkdir(parents=True)
            plan = Plan(
                data=written.plan.data, model=str(model), method=method, head="class", max_length=96,
                precision="fp32", epochs=3, learning_rate=1e-2, patience=9,
            )  # fmt: skip
            train(TrainTask(plan, written.home, folder), Told(), threading.Event())
            made[kind, method] = Run(plan, written.home, folder)
        return made[kind, method]

    return run


def task_of(run, exporter, out):
    return ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter=exporter, out=out)


def test_a_head_is_scored_as_labels_are_against_the_most_frequent_one(headed, told):
    run = headed("llama", "full")
    evaluation = evaluate(EvaluateTask(plan=run.plan, home=run.home, folder=run.folder), told, threading.Event())
    split = load(run.plan.data, run.home, run.plan.seed)
    assert evaluation.labels == sorted(split.labels)
    assert {row.base for row in evaluation.rows} <= set(split.labels)
    assert len({row.base for row in evaluation.rows}) == 1
    assert evaluation.metrics["accuracy"]["tuned"] > evaluation.metrics["accuracy"]["base"]
    assert all(0 < (row.tuned_confidence or 0) <= 1 for row in evaluation.rows)
    assert evaluation.reliability("tuned")
    assert "no base" in evaluation.stand_in
    assert evaluation.forgetting is None
    assert len(evaluation.linear) == len(evaluation.rows)
    assert "by the most frequent label, " in evaluation.headline
    assert evaluation.stand_in in unescape(strips(evaluation))
    assert evaluation.stand_in in card_section(evaluation)
    assert as_json(evaluation)["stand_in"] == evaluation.stand_in
    assert read_evaluation(run.folder) == evaluation


def test_the_probabilities_of_a_head_are_its_softmax(headed, told):
    run = headed("bert", "lora")
    split = load(run.plan.data, run.home, run.plan.seed)
    task = EvaluateTask(plan=run.plan, home=run.home, folder=run.folder)
    tuned = ask_both(task, split, told, threading.Event()).tuned
    loaded = load_tuned(run.plan, run.folder)
    prompt = split.test[0].prompt.removeprefix(f"{run.plan.data.instruction}\n\n")
    (scores,) = class_scores(loaded.model, loaded.tokenizer, [prompt], 96)
    assert tuned[0].confidence == pytest.approx(max(torch.tensor(scores).exp().tolist()), abs=1e-5)
    assert tuned[0].text == loaded.labels[scores.index(max(scores))]


@pytest.mark.parametrize(("kind", "method"), CASES)
def test_a_head_leaves_in_each_form_it_can_with_the_same_logits(kind, method, headed, told, tmp_path, monkeypatch):
    monkeypatch.setattr(fidelity, "_run", measure_here)
    run = headed(kind, method)
    forms = [name for name in EXPORTERS if not EXPORTERS[name].available(run.plan)]
    assert forms
    assert not any(name.startswith("gguf") for name in forms)
    for form in forms:
        out = tmp_path / form
        export(task_of(run, form, out), told, threading.Event())
        said = told.of(Exported)[-1]
        assert said.fidelity["faithful"], said.fidelity
        named = json.loads((out / "config.json").read_text(encoding="utf-8"))["id2label"]
        assert sorted(named.values()) == ["blue", "green", "red"]
        texts = [path.read_text(encoding="utf-8") for path in out.iterdir() if path.suffix in {".md", ".json"}]
        assert not any(str(run.home) in text or str(tmp_path) in text for text in texts)
        assert not (out / "generation_config.json").exists()


@pytest.mark.parametrize("form", ["adapter", "merged"])
def test_the_lines_on_the_page_load_a_head_in_a_fresh_process_and_name_its_label(
    form, headed, told, tmp_path, monkeypatch
):
    monkeypatch.setattr(fidelity, "_run", measure_here)
    run = headed("bert", "lora")
    out = tmp_path / "out"
    export(task_of(run, form, out), told, threading.Event())
    assert told.of(Exported)[-1].fidelity["faithful"]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "text-classification" in card
    asked = card.partition("## Asking")[2]
    lines = asked.partition("```python\n")[2].partition("```")[0].replace('"..."', '"The door is red, house 9."')
    script = f"folder = {str(out)!r}\n{EXPORTERS[form].loading(run.plan, run.plan.model)}\n{lines}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    shares = json.loads(done.stdout.strip().splitlines()[-1].replace("'", '"'))
    loaded = load_tuned(run.plan, run.folder)
    (scores,) = class_scores(loaded.model, loaded.tokenizer, ["The door is red, house 9."], 96)
    assert list(shares) == list(loaded.labels)
    assert list(shares.values()) == pytest.approx(torch.tensor(scores).exp().tolist(), abs=1e-4)


def test_what_writes_nothing_is_refused_with_a_reason(headed, told, tmp_path):
    with pytest.raises(UserError, match="writes nothing"):
        export(task_of(headed("bert", "lora"), "gguf", tmp_path / "out"), told, threading.Event())
