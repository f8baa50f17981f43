"""Adapters and merged models of the shapes that people bring, by every way of training, each in a fresh process."""

import json
import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from core.backend.model import load_tuned
from core.dataset.load import load
from core.events import Exported
from core.export import fidelity
from core.export.exporters import EXPORTERS, ExportTask, export
from core.export.facts import public_name
from core.export.verify import last_logits, measure
from core.strategy.model_facts import locate
from tests.unit.export.shapes import SHAPES, make_shape
from tests.unit.export.tuned_runs import Told, make_runs

ROOT = Path(__file__).resolve().parents[3]
METHODS = ("lora", "qlora", "full", "adapter")
"""What only Fewtune's own package loads comes last: by then the others were loaded without it."""
IDS = [5, 9, 40, 77, 120]
ASK = f"""
import json, sys
import torch
from safetensors.torch import save_file
said = {{}}
for name, place in json.load(open("places.json")).items():
    assert "core" not in sys.modules or place["ours"]
    if place["ours"]:
        sys.path.insert(0, {str(ROOT)!r})
    names = {{"folder": place["folder"]}}
    exec(place["lines"], names)
    with torch.no_grad():
        said[name] = names["model"](input_ids=torch.tensor([{IDS}])).logits[0].float().contiguous()
    assert names["tokenizer"]("red").input_ids
save_file(said, "said.safetensors")
"""
AUTO = """
from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer
model = AutoPeftModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
tokenizer = AutoTokenizer.from_pretrained(folder)
"""
TASK = """
task: colours
dataset_path: json
dataset_kwargs: {data_files: {test: ROWS}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{prompt}}"
doc_to_choice: [red, green, blue]
doc_to_target: answer
target_delimiter: ""
metric_list: [{metric: acc}]
"""
SCORE = """
import json, sys
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager
tasks = TaskManager(include_path=".", include_defaults=False)
scores = {}
for name, given in json.load(open("models.json")).items():
    made = simple_evaluate("hf", model_args=given, tasks=["colours"], task_manager=tasks, device="cpu", batch_size=8,
                           apply_chat_template=True)
    scores[name] = made["results"]["colours"]["acc,none"]
json.dump(scores, open("scores.json", "w"))
"""


@pytest.fixture(scope="module")
def shaped(tmp_path_factory, trained):
    """A function from a shape and a method to a finished run."""
    made = {"llama": trained}

    def run(shape, method):
        if shape not in made:
            made[shape] = make_runs(tmp_path_factory, make_shape(shape, tmp_path_factory.mktemp(shape) / shape))
        return made[shape](method)

    return run


def task_of(run, exporter, out):
    return ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter=exporter, out=out)


def measure_here(folder, stopping):
    """The export's own check, in this process: below, each is loaded in a fresh one with the lines that people copy."""
    (folder / "answer.json").write_text(json.dumps({"difference": measure(folder)}), encoding="utf-8")
    return ""


def run_fresh(script, folder):
    """Run it in a process that finds nothing of ours beside it and asks no hub."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"), "1") | {"HF_HOME": str(folder / "hub")}
    words = [sys.executable, "-I", "-c", script]
    done = subprocess.run(words, cwd=folder, env=environment | offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["lora", "qlora"])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "llama"])
def test_a_merged_model_of_any_shape_is_the_tuned_one(shaped, tmp_path, shape, method):
    run, told = shaped(shape, method), Told()
    export(task_of(run, "merged", tmp_path / "out"), told, threading.Event())
    (said,) = told.of(Exported)
    assert said.fidelity["faithful"], said.fidelity
    assert said.largest_logit_difference < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_every_form_of_every_method_answers_in_a_fresh_process_as_the_tuned_model(shaped, tmp_path, monkeypatch, shape):
    monkeypatch.setattr(fidelity, "_run", measure_here)
    places, tuned = {}, {}
    for method in METHODS:
        run = shaped(shape, method)
        base = str(locate(run.plan.model))
        forms = [name for name in ("adapter", "merged") if not EXPORTERS[name].available(run.plan)]
        for name in forms:
            folder = tmp_path / f"{method}-{name}"
            export(task_of(run, name, folder), Told(), threading.Event())
            # The starter is stored in 16 bits, and was tuned in 32.
            lines = EXPORTERS[name].loading(run.plan, base).replace('dtype="auto"', 'dtype="float32"')
            places[folder.name] = {"folder": str(folder), "lines": lines, "ours": method == "adapter"}
            tuned[folder.name] = last_logits(load_tuned(run.plan, run.folder).model, IDS, "cpu", len(IDS))
    places = {"lora-auto": places["lora-adapter"] | {"lines": AUTO}, **places}
    tuned["lora-auto"] = tuned["lora-adapter"]
    (tmp_path / public_name(run.plan.model)).symlink_to(base)  # where peft looks for what the adapter names
    (tmp_path / "places.json").write_text(json.dumps(places), encoding="utf-8")
    run_fresh(ASK, tmp_path)
    said = load_file(tmp_path / "said.safetensors")
    untuned = last_logits(AutoModelForCausalLM.from_pretrained(base, dtype="float32").eval(), IDS, "cpu", len(IDS))
    assert set(said) == set(tuned)
    for name, logits in said.items():
        assert (logits - tuned[name]).abs().max() < 1e-3, name
        assert (logits - untuned).abs().max() > 1e-2, name


@pytest.mark.slow
@pytest.mark.skipif(find_spec("lm_eval") is None, reason='lm-eval is not installed here: pip install "lm-eval[hf]"')
def test_lm_eval_scores_a_merged_model_and_an_adapter_as_what_they_are(shaped, tmp_path, monkeypatch):
    monkeypatch.setattr(fidelity, "_run", measure_here)
    for method, name in (("full", "merged"), ("lora", "merged"), ("lora", "adapter")):
        export(task_of(shaped("starter", method), name, tmp_path / f"{method}-{name}"), Told(), threading.Event())
    plan = shaped("starter", "full").plan
    split = load(plan.data, shaped("starter", "full").home, plan.seed)
    rows = [{"prompt": row.turns[-1].content, "answer": row.answer} for row in split.test]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "colours.yaml").write_text(TASK.replace("ROWS", str(tmp_path / "rows.jsonl")), encoding="utf-8")
    base = str(locate(plan.model))
    models = {name: f"pretrained={tmp_path / name},dtype=float32" for name in ("full-merged", "lora-merged")}
    models |= {"base": f"pretrained={base},dtype=float32"}
    models |= {"lora-adapter": f"pretrained={base},peft={tmp_path / 'lora-adapter'},dtype=float32"}
    (tmp_path / "models.json").write_text(json.dumps(models), encoding="utf-8")
    run_fresh(SCORE, tmp_path)
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert scores["full-merged"] > max(0.9, scores["base"])
    assert scores["lora-merged"] == scores["lora-adapter"]
