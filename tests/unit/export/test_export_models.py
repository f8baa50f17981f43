import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from core.backend.model import load_tuned
from core.dataset.choice import DataChoice
from core.errors import MachineError, NotFoundError, Stopped, UserError
from core.events import Advanced, Exported, Noted
from core.export import fidelity
from core.export.exporters import EXPORTERS, ExportTask, export
from core.export.verify import last_logits, load_export, measure
from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from tests.unit.export.tuned_runs import VARIANTS, Told

DATA = DataChoice(name="d", source="s", sha256="0" * 64, format="chat", mapping={})
CAN = [
    (method, exporter)
    for method in METHODS
    for exporter in EXPORTERS
    if not EXPORTERS[exporter].extra and not EXPORTERS[exporter].available(Plan(data=DATA, model="m", method=method))
]
PLAIN = [method for method, exporter in CAN if exporter == "adapter" and method != "adapter"]
"""Whose adapter needs nothing but transformers and peft."""


def task_of(run, exporter, out):
    return ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter=exporter, out=out)


def measure_here(folder, stopping):
    """Load the export in this process: a fresh one costs seconds, and two tests below pay for it."""
    (folder / "answer.json").write_text(json.dumps({"difference": measure(folder)}), encoding="utf-8")
    return ""


@pytest.fixture
def in_this_process(monkeypatch):
    monkeypatch.setattr(fidelity, "_run", measure_here)


def nothing_is_left(parent):
    return not list(parent.glob(".*"))


def texts(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix in {".md", ".json"}}


def test_a_merged_model_says_in_a_fresh_process_what_the_tuned_one_says(trained, told, tmp_path):
    export(task_of(trained("lora"), "merged", tmp_path / "out"), told, threading.Event())
    (said,) = told.of(Exported)
    assert said.largest_logit_difference < 1e-4
    assert said.folder == str(tmp_path / "out")
    assert said.size_bytes == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    assert not told.of(Noted)
    assert nothing_is_left(tmp_path)


@pytest.mark.slow
def test_a_bottleneck_adapter_loads_in_a_fresh_process(trained, told, tmp_path):
    export(task_of(trained("adapter"), "adapter", tmp_path / "out"), told, threading.Event())
    assert told.of(Exported)[0].largest_logit_difference < 1e-4
    assert "bottleneck.register()" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    """A function from a method and an exporter to the folder and what was said, made once each."""
    made = {}

    def make(method, exporter, **options):
        key = f"{method}-{exporter}-{options}"
        if key not in made:
            told, out = Told(), tmp_path_factory.mktemp("exports") / f"{method}-{exporter}"
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(fidelity, "_run", measure_here)
                export(task_of(trained(method, **options), exporter, out), told, threading.Event())
            made[key] = out, told
        return made[key]

    return make


def all_of(pairs):
    """The methods as they are, and with the settings that change what is written."""
    more = [(method, exporter, options) for method, options in VARIANTS for exporter in ("adapter", "merged")]
    return [(method, exporter, {}) for method, exporter in pairs] + more


@pytest.mark.parametrize(("method", "exporter", "options"), all_of(CAN), ids=str)
def test_every_export_is_the_tuned_model_and_not_the_base(trained, exported, method, exporter, options):
    run = trained(method, **options)
    out, told = exported(method, exporter, **options)
    assert told.of(Exported)[0].largest_logit_difference < 2e-3
    assert not told.of(Noted)
    with_base = load_tuned(run.plan, run.folder)
    tuned = with_base.model
    request = {"exporter": exporter, "export": str(out), "device": "cpu", "base": run.plan.model}
    request |= dict.fromkeys(("bottleneck", "head"), False) | {"dtype": "float32"}
    request["quantisation"] = fidelity._quantisation(with_base)
    loaded = load_export(request)
    ids = [5, 9, 40, 77, 120]
    said = last_logits(loaded, ids, "cpu", 5)
    assert torch.allclose(said, last_logits(tuned, ids, "cpu", 5), atol=2e-3)
    if hasattr(tuned, "disable_adapter"):
        with tuned.disable_adapter():
            assert not torch.allclose(said, last_logits(tuned, ids, "cpu", 5), atol=1e-2)


def test_adapters_load_with_plain_transformers_and_peft_where_nothing_of_ours_is(trained, exported, tmp_path):
    ids, places = [5, 9, 40, 77, 120], {}
    runs = {f"{method} {options}": (method, options) for method, options in [*((m, {}) for m in PLAIN), *VARIANTS]}
    for name, (method, options) in runs.items():
        out, base = exported(method, "adapter", **options)[0], trained(method, **options).plan.model
        kind = options.get("quantisation", "nf4") if METHODS[method].quantised else ""
        double = options.get("double_quantisation", True)
        places[name] = {"out": str(out), "base": base, "kind": kind, "double": double}
    (tmp_path / "places.json").write_text(json.dumps(places), encoding="utf-8")
    script = f"""
import json, torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
said = {{}}
for method, place in json.load(open("places.json")).items():
    kind, more = place["kind"], {{}}
    if kind == "int8":
        more["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    elif kind:
        more["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type=kind, bnb_4bit_use_double_quant=place["double"]
        )
    base = AutoModelForCausalLM.from_pretrained(place["base"], dtype="float32", **more)
    base = base.dequantize() if more else base
    model = PeftModel.from_pretrained(base, place["out"]).eval()
    with torch.no_grad():
        said[method] = model(input_ids=torch.tensor([{ids}])).logits[0, -5:].contiguous()
save_file(said, "said.safetensors")
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, env=environment, check=True, timeout=240)
    said = load_file(tmp_path / "said.safetensors")
    for name, (method, options) in runs.items():
        run = trained(method, **options)
        tuned = load_tuned(run.plan, run.folder).model
        assert torch.allclose(said[name], last_logits(tuned, ids, "cpu", 5), atol=2e-3), name


@pytest.mark.parametrize(("method", "exporter"), CAN)
def test_an_export_is_clean(trained, exported, method, exporter):
    out, _ = exported(method, exporter)
    names = {path.name for path in out.iterdir()}
    assert {"README.md", "tokenizer.json", "LICENSE.txt"} <= names
    assert not names & {"training_args.bin", "optimizer.pt", "trainer_state.json"}
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pkl"))]
    for name, text in texts(out).items():
        for place in (trained(method).plan.model, str(trained(method).home), str(out), "/work", "/tmp", "/home"):
            assert place not in text, f"{name} names {place}"


def test_the_adapter_names_its_base_without_the_folder(exported):
    out, _ = exported("lora", "adapter")
    config = json.loads((out / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "tiny-llama"


@pytest.mark.parametrize(("method", "exporter"), CAN)
def test_the_readmes_own_lines_load_and_ask_the_export(trained, exported, method, exporter, capsys):
    run = trained(method)
    out, _ = exported(method, exporter)
    readme = (out / "README.md").read_text(encoding="utf-8")
    loading, asking = [part.split("```")[0] for part in readme.split("```python\n")[1:]]
    loading = loading.replace('folder = "."', f"folder = {str(out)!r}")
    loading = loading.replace("\"the folder of the base model 'tiny-llama'\"", repr(run.plan.model))
    names = {}
    exec(compile(loading + asking, "README.md", "exec"), names)
    assert names["output"].shape[1] > 1


def test_generation_with_the_export_ends_where_training_ended_answers(trained, exported):
    run = trained("lora")
    out, _ = exported("lora", "merged")
    ends = json.loads((out / "generation_config.json").read_text(encoding="utf-8"))["eos_token_id"]
    assert load_tuned(run.plan, run.folder).tokenizer.eos_token_id in ends


@pytest.mark.parametrize(
    ("method", "exporter"),
    [("adapter", "merged"), ("prefix", "merged"), ("full", "adapter"), ("last_blocks", "adapter")],
)
def test_what_cannot_be_is_refused_with_the_alternative_before_anything_loads(
    trained, told, tmp_path, method, exporter
):
    with pytest.raises(UserError) as refusal:
        export(task_of(trained(method), exporter, tmp_path / "out"), told, threading.Event())
    assert refusal.value.fix.startswith("Choose '")
    assert told.events == []
    assert not (tmp_path / "out").exists()


def test_somebody_elses_folder_is_never_touched(trained, told, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UserError, match="not empty"):
        export(task_of(trained("lora"), "merged", out), told, threading.Event())
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("name", ["file", "inside"])
def test_a_file_and_the_runs_own_weights_are_no_place_for_an_export(trained, told, tmp_path, name):
    run = trained("lora")
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    out = {"file": file, "inside": run.folder / "best" / "export"}[name]
    with pytest.raises(UserError, match=r"file|inside"):
        export(task_of(run, "merged", out), told, threading.Event())


@pytest.mark.usefixtures("in_this_process")
def test_an_earlier_export_is_replaced_whole(trained, told, tmp_path):
    run, out = trained("lora"), tmp_path / "out"
    export(task_of(run, "merged", out), told, threading.Event())
    export(task_of(run, "adapter", out), told, threading.Event())
    assert (out / "adapter_model.safetensors").is_file()
    assert not (out / "model.safetensors").exists()
    assert nothing_is_left(tmp_path)


def test_too_little_disk_is_said_with_the_numbers_and_nothing_is_written(trained, told, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("core.export.place.shutil.disk_usage", lambda _: usage._replace(free=2**20))
    with pytest.raises(MachineError, match=r"takes 0\.03 GiB and 0\.00 GiB are free"):
        export(task_of(trained("lora"), "merged", tmp_path / "out"), told, threading.Event())
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_weights_has_nothing_to_export(trained, told, tmp_path):
    task = replace(task_of(trained("lora"), "merged", tmp_path / "out"), folder=tmp_path / "empty")
    with pytest.raises(NotFoundError):
        export(task, told, threading.Event())


@pytest.mark.parametrize("when", ["Merging", "Checking the export in a fresh process"])
def test_a_stop_leaves_nothing_behind(trained, told, tmp_path, when):
    stopping = threading.Event()
    told.hook = lambda event: stopping.set() if isinstance(event, Advanced) and event.what == when else None
    with pytest.raises(Stopped):
        export(task_of(trained("lora"), "merged", tmp_path / "out"), told, stopping)
    assert list(tmp_path.iterdir()) == []
    assert not told.of(Exported)


def test_an_unfaithful_export_is_named_as_one(trained, told, tmp_path, monkeypatch):
    def run(folder, stopping):
        request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
        request |= {"exporter": "merged", "export": request["base"]}  # the base model in the export's place
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        return measure_here(folder, stopping)

    monkeypatch.setattr(fidelity, "_run", run)
    export(task_of(trained("lora"), "merged", tmp_path / "out"), told, threading.Event())
    (note,) = told.of(Noted)
    assert note.severity == "warning"
    assert "not quite the tuned model" in note.text
    assert told.of(Exported)[0].largest_logit_difference > 1e-2


def test_an_export_that_cannot_be_loaded_is_said_to_be_unproven(trained, told, tmp_path, monkeypatch):
    monkeypatch.setattr(fidelity, "_run", lambda folder, stopping: "OSError: no such file")
    export(task_of(trained("lora"), "merged", tmp_path / "out"), told, threading.Event())
    assert "no such file" in told.of(Noted)[0].text
    assert told.of(Exported)[0].largest_logit_difference is None


@pytest.mark.usefixtures("in_this_process")
def test_an_export_needs_no_data_that_went_away(trained, told, tmp_path):
    run = trained("lora")
    gone = run.plan.model_copy(update={"data": run.plan.data.model_copy(update={"source": "nowhere"})})
    export(replace(task_of(run, "merged", tmp_path / "out"), plan=gone), told, threading.Event())
    assert told.of(Exported)[0].largest_logit_difference < 1e-4


@pytest.mark.parametrize("name", [name for name in EXPORTERS if not EXPORTERS[name].extra])
def test_every_exporter_knows_its_size_before_it_writes(trained, told, tmp_path, name, monkeypatch):
    monkeypatch.setattr(fidelity, "_run", lambda folder, stopping: "not asked")
    task = task_of(trained("lora"), name, tmp_path / "out")
    export(task, told, threading.Event())
    weights = sum(path.stat().st_size for path in (tmp_path / "out").glob("*.safetensors"))
    assert EXPORTERS[name].size_bytes(task, 4) == pytest.approx(weights, rel=0.05)
