import json
import re
import threading

import pytest

from core.dataset.example import Turn
from core.errors import MachineError, Stopped, UserError
from core.events import Advanced, Exported
from core.export import extras, gguf
from core.export.exporters import EXPORTERS, ExportTask, export
from core.export.gguf_convert import splitting
from core.export.ollama import take_apart, written_template
from tests.unit.export.shapes import CHAT, SHAPES, make_shape
from tests.unit.export.tuned_runs import Told, make_runs, make_tokenizer

needs_gguf = pytest.mark.skipif(bool(extras.missing(gguf.MODULES)), reason=f"needs {extras.how_to_install('gguf')}")
HELD = [Turn("user", "One?"), Turn("assistant", "Two."), Turn("user", "Three?")]
LED = [Turn("system", "Be brief."), *HELD]


@pytest.fixture(scope="module")
def shaped(tmp_path_factory, tiny_model, trained):
    """A function from a shape and a method to a finished run."""
    made = {"llama": trained}

    def run(shape, method):
        if shape not in made:
            made[shape] = make_runs(tmp_path_factory, make_shape(shape, tmp_path_factory.mktemp(shape) / shape))
        return made[shape](method)

    return run


def task_of(run, exporter, out):
    return ExportTask(plan=run.plan, home=run.home, folder=run.folder, exporter=exporter, out=out)


@needs_gguf
@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "method", "exporter"),
    [
        *((shape, "lora", "gguf") for shape in SHAPES),
        *(("starter", method, "gguf_f16") for method in ("qlora", "full")),
        ("starter", "full", "gguf_q4"),
    ],
)
def test_a_gguf_file_answers_as_the_tuned_model_does(shaped, tmp_path, shape, method, exporter):
    told, out = Told(), tmp_path / "out"
    export(task_of(shaped(shape, method), exporter, out), told, threading.Event())
    (said,) = told.of(Exported)
    fidelity = said.fidelity
    assert "prompt" not in fidelity["problem"], fidelity
    if exporter != "gguf_q4":
        assert fidelity["faithful"], fidelity
        assert fidelity["same_tokens"] > 0.95
        assert abs(fidelity["exported"]["loss"] - fidelity["tuned"]["loss"]) < 0.02
    names = {path.name for path in out.iterdir()}
    (weights,) = [name for name in names if name.endswith(".gguf")]
    assert names == {weights, "Modelfile", "README.md", "fewtune.json", "SHA256SUMS"} | (names & {"LICENSE.txt"})
    assert set(said.checksums) == names - {"SHA256SUMS"}
    assert f"FROM ./{weights}\n" in (out / "Modelfile").read_text(encoding="utf-8")
    data = (out / weights).read_bytes()
    assert str(tmp_path).encode() not in data
    assert b"/tmp/" not in data


@needs_gguf
def test_an_export_that_is_stopped_while_it_converts_leaves_nothing(trained, tmp_path):
    stopping, told = threading.Event(), Told()
    told.hook = lambda event: stopping.set() if isinstance(event, Advanced) and "Q8_0" in event.what else None
    with pytest.raises(Stopped):
        export(task_of(trained("lora"), "gguf", tmp_path / "out"), told, stopping)
    assert list(tmp_path.iterdir()) == []


@needs_gguf
def test_a_kind_of_model_that_the_converter_does_not_know_is_refused_before_anything_loads(
    trained, tmp_path, monkeypatch
):
    monkeypatch.setattr(gguf, "known_shapes", lambda: {"SomethingElse"})
    told = Told()
    with pytest.raises(UserError, match="LlamaForCausalLM"):
        export(task_of(trained("lora"), "gguf", tmp_path / "out"), told, threading.Event())
    assert told.events == []


def test_a_missing_extra_says_how_to_install_it(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(extras.importlib.util, "find_spec", lambda name: None)
    told = Told()
    with pytest.raises(MachineError, match="auto_round, gguf") as refusal:
        export(task_of(trained("lora"), "gguf", tmp_path / "out"), told, threading.Event())
    assert refusal.value.fix == 'Install them with: pip install "fewtune[gguf]"'
    assert told.events == []


@pytest.mark.parametrize("name", [name for name in EXPORTERS if EXPORTERS[name].extra])
def test_an_extra_that_an_exporter_names_is_one_that_can_be_installed(name):
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert EXPORTERS[name].extra in project["optional-dependencies"]


# -- the template -----------------------------------------------------------------------------------------------------


def renderer(template, bos="<s>", eos="</s>"):
    tokenizer = make_tokenizer()
    tokenizer.add_special_tokens({"bos_token": bos, "eos_token": eos})

    def render(turns, *, opened):
        messages = [{"role": turn.role, "content": turn.content} for turn in turns]
        return tokenizer.apply_chat_template(
            messages, chat_template=template, tokenize=False, add_generation_prompt=opened
        )

    return render


STARTER = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|> ' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
WITH_DEFAULT = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are kind.<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
FOLDED = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {{ m['content'] }} [/INST]"
    "{% else %}{{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)
BY_PLACE = (
    "{% for m in messages %}{{ loop.index }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}answer: {% endif %}"
)


def ollama(template, turns):
    """What Ollama makes of a template, for the few words of its language that are used here."""
    system = "".join(turn.content for turn in turns if turn.role == "system")
    head = re.compile(r"{{ if not \.System }}(.*?){{ end }}", flags=re.DOTALL)
    template = head.sub(lambda found: "" if system else found[1], template)
    loop = re.search(r"{{ range \.Messages }}(.*?){{ end }}{{ end }}", template, flags=re.DOTALL)
    blocks = re.findall(r'eq \.Role "(\w+)" }}(.*?)(?={{ else|\Z)', loop[1], flags=re.DOTALL)
    said = "".join(dict(blocks).get(turn.role, "").replace("{{ .Content }}", turn.content) for turn in turns)
    return template[: loop.start()] + said + template[loop.end() :]


@pytest.mark.parametrize("template", [STARTER, WITH_DEFAULT, CHAT])
@pytest.mark.parametrize("turns", [HELD[:1], HELD, LED, LED[:2]])
def test_ollama_writes_prompts_as_the_chat_template_does(template, turns):
    render = renderer(template)
    written, remarks = written_template(render)
    assert not remarks
    assert ollama(written, turns) == render(turns, opened=True)


def test_a_template_that_knows_no_system_turns_is_written_without_them():
    written, remarks = written_template(renderer(FOLDED))
    assert "without system turns" in remarks[0]
    assert ollama(written, HELD) == renderer(FOLDED)(HELD, opened=True)


def test_a_template_that_depends_on_the_place_of_a_turn_serves_single_questions():
    assert take_apart(renderer(BY_PLACE)) is None
    written, remarks = written_template(renderer(BY_PLACE))
    assert written == "1: {{ .Prompt }}\nanswer: "
    assert "each question is asked by itself" in remarks[0]


def test_a_known_way_to_cut_texts_is_recognised_and_others_are_not():
    own = json.loads(make_tokenizer().backend_tokenizer.to_str())
    assert splitting(own) == "gpt-2"
    assert splitting(own | {"pre_tokenizer": {"type": "Whitespace"}}) == ""
    assert splitting(own | {"normalizer": {"type": "Lowercase"}}) == ""


def test_a_rounded_model_that_loses_too_much_says_so_with_the_cause():
    from core.export.answers import AnswersReference
    from core.export.exporter import Tolerance

    reference = AnswersReference.__new__(AnswersReference)
    reference._tolerance = Tolerance(0.1, "4 bits")
    right = [{"same_text": True, "same_ids": True}]
    assert reference._cause(right, 0.05) == ""
    assert "Rounding to 4 bits costs 0.30 nats" in reference._cause(right, 0.3)
    assert "chat template differs" in reference._cause([{"same_text": False, "same_ids": True}], 0.0)
    assert "other tokens" in reference._cause([{"same_text": True, "same_ids": False}], 0.0)
