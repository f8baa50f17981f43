import json
import threading
from dataclasses import replace

import pytest

from core.backend.model import load_tuned
from core.dataset.load import load
from core.errors import MachineError, Stopped, UserError
from core.events import Advanced, Exported, Noted
from core.export import extras, four_bits
from core.export.exporters import EXPORTERS, ExportTask, export
from core.strategy.model_facts import read_facts
from tests.unit.export.shapes import make_shape
from tests.unit.export.tuned_runs import Told

LAYOUTS = ("gptq", "awq", "compressed")


def needs(name):
    absent = extras.missing(EXPORTERS[name].modules)
    why = f"needs {extras.how_to_install(EXPORTERS[name].extra)}"
    return pytest.param(name, marks=pytest.mark.skipif(bool(absent), reason=why))


def task_of(run, exporter, out):
    return ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter=exporter, out=out)


@pytest.fixture
def installed(monkeypatch):
    """As if the optional packages were there: what is refused before they are loaded can then be seen everywhere."""
    monkeypatch.setattr(four_bits, "check_installed", lambda what, extra, modules: None)


@pytest.mark.slow
@pytest.mark.parametrize("name", [needs(name) for name in LAYOUTS])
def test_rounded_weights_load_in_a_fresh_process_and_answer_as_the_tuned_model_does(trained, tmp_path, capsys, name):
    told, out, run = Told(), tmp_path / "out", trained("full")
    task = task_of(run, name, out)
    export(task, told, threading.Event())
    (said,) = told.of(Exported)
    assert said.fidelity["faithful"], said.fidelity
    assert said.fidelity["same_tokens"] > 0.9
    assert not told.of(Noted)
    blocks = [event for event in told.of(Advanced) if event.what == "Rounding to 4 bits, blocks"]
    assert (blocks[-1].done, blocks[-1].total) == (2, 2)
    names = {path.name for path in out.iterdir()}
    assert {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "README.md"} <= names
    assert not [name for name in names if name.endswith(".py") or name.startswith(".")]
    for path in out.glob("*.json"):
        assert str(tmp_path) not in path.read_text(encoding="utf-8")
        assert "/tmp/" not in path.read_text(encoding="utf-8")
    weights = (out / "model.safetensors").stat().st_size
    assert EXPORTERS[name].size_bytes(task, 4) == pytest.approx(weights, rel=0.15)
    loading, asking = [
        part.split("```")[0] for part in (out / "README.md").read_text(encoding="utf-8").split("```python\n")[1:]
    ]
    names = {}
    exec(compile(loading.replace('folder = "."', f"folder = {str(out)!r}") + asking, "README.md", "exec"), names)
    assert names["output"].shape[1] > 1


@pytest.mark.parametrize("name", [needs("gptq")])
def test_an_export_that_is_stopped_while_it_rounds_leaves_nothing(trained, tmp_path, name):
    stopping, told = threading.Event(), Told()
    told.hook = lambda event: stopping.set() if isinstance(event, Advanced) and "Rounding" in event.what else None
    with pytest.raises(Stopped):
        export(task_of(trained("lora"), name, tmp_path / "out"), told, stopping)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_missing_package_is_named_before_anything_loads(trained, tmp_path, monkeypatch, name):
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda module: None)
    told = Told()
    with pytest.raises(MachineError, match="auto_round") as refusal:
        export(task_of(trained("lora"), name, tmp_path / "out"), told, threading.Event())
    assert refusal.value.fix == f'Install them with: pip install "fewtune[{EXPORTERS[name].extra}]"'
    assert told.events == []


@pytest.mark.usefixtures("installed")
def test_without_the_rows_of_the_training_nothing_is_rounded(trained, tmp_path):
    run, told = trained("lora"), Told()
    gone = run.plan.model_copy(update={"data": run.plan.data.model_copy(update={"source": "nowhere"})})
    with pytest.raises(UserError):
        export(replace(task_of(run, "gptq", tmp_path / "out"), plan=gone), told, threading.Event())
    assert told.events == []


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("method", "head"), [("adapter", "text"), ("lora", "class")])
def test_what_cannot_be_rounded_is_refused_with_the_alternative(trained, tmp_path, method, head):
    run = trained(method)
    task = replace(task_of(run, "awq", tmp_path / "out"), plan=run.plan.model_copy(update={"head": head}))
    with pytest.raises(UserError) as refusal:
        export(task, Told(), threading.Event())
    assert "'adapter'" in refusal.value.fix


@pytest.mark.usefixtures("installed")
def test_a_kind_of_model_that_a_layout_does_not_know_is_refused_before_anything_loads(trained, tmp_path):
    run, told = trained("lora"), Told()
    plan = run.plan.model_copy(update={"model": make_shape("gpt2", tmp_path / "gpt2")})
    with pytest.raises(UserError, match="gpt2") as refusal:
        export(replace(task_of(run, "awq", tmp_path / "out"), plan=plan), told, threading.Event())
    assert "'gptq'" in refusal.value.fix
    assert told.events == []


def test_rounding_learns_from_blocks_of_the_training_rows_alone(trained, tmp_path):
    run = trained("lora")
    loaded = load_tuned(run.plan, run.folder)
    blocks = four_bits.calibration(task_of(run, "gptq", tmp_path), loaded)
    assert len({len(block) for block in blocks}) == 1
    assert len(blocks[0]) == min(four_bits.BLOCK_TOKENS, run.plan.max_length)
    text = "".join(loaded.tokenizer.decode(block) for block in blocks)
    split = load(run.plan.data, run.home, run.plan.seed)
    told = [example for example in split.train if example.turns[-1].content in text]
    assert len(told) > len(split.train) / 2
    assert not [example for example in (*split.test, *split.validation) if example.turns[-1].content in text]


def test_the_same_run_is_rounded_by_the_same_rows_each_time(trained, tmp_path):
    run = trained("lora")
    loaded = load_tuned(run.plan, run.folder)
    task = task_of(run, "gptq", tmp_path)
    assert four_bits.calibration(task, loaded) == four_bits.calibration(task, loaded)


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_forecast_of_a_rounded_model_counts_what_stays_whole(trained, tmp_path, name):
    facts = read_facts(trained("lora").plan.model)
    size = EXPORTERS[name].size_bytes(task_of(trained("lora"), name, tmp_path), 4)
    whole = (facts.parameters - facts.linear_parameters) * 2
    assert whole < size < whole + facts.linear_parameters


def test_the_card_of_a_rounded_model_names_the_library_that_loads_it(trained):
    from core.export.facts import metadata

    head = metadata(trained("lora").plan, EXPORTERS["gptq"])
    assert json.dumps("transformers") in head
