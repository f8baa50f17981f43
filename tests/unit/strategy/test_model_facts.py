import contextlib
import json
import shutil
import socket
import threading

import pytest

from core.errors import ModelError
from core.strategy import model_facts
from core.strategy.architectures import FAMILIES
from core.strategy.model_facts import STARTER_FOLDER, locate, read_facts

GIB = 1024**3


@pytest.fixture
def folder(llama, tmp_path):
    """A copy of a real model folder, to be damaged."""
    return shutil.copytree(llama, tmp_path / "model")


def edit(folder, name="config.json", **changes):
    path = folder / name
    values = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(values | changes))


def refusal(place) -> str:
    with pytest.raises(ModelError) as caught:
        read_facts(str(place))
    assert caught.value.fix
    return str(caught.value)


@pytest.mark.parametrize("kind", [kind for kind, family in FAMILIES.items() if not family.encoder])
def test_parameters_and_layers_are_those_of_the_real_model(kind, save_model):
    from transformers import AutoModelForCausalLM

    folder = save_model(kind)
    facts = read_facts(str(folder))
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert facts.parameters == sum(weights.numel() for weights in model.parameters())
    block = {"gpt2": "transformer.h.0.", "gpt_neox": "gpt_neox.layers.0."}.get(kind, "model.layers.0.")
    named = dict(model.named_parameters())
    matrices = {tuple(sorted(w.shape)) for name, w in named.items() if name.startswith(block) and w.dim() == 2}
    assert {tuple(sorted((linear.inputs, linear.outputs))) for linear in facts.linears} == matrices
    stored = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    assert facts.weights_gib * GIB == pytest.approx(stored, rel=0.1)


@pytest.mark.parametrize("tied", [True, False])
def test_shared_embeddings_are_counted_once(tied, save_model):
    facts = read_facts(str(save_model("llama", tie_word_embeddings=tied)))
    other = read_facts(str(save_model("llama", tie_word_embeddings=not tied)))
    assert facts.tied == tied
    assert abs(facts.parameters - other.parameters) == facts.vocabulary * facts.hidden


def test_biases_of_a_configuration_count(save_model):
    plain = read_facts(str(save_model("llama"))).parameters
    assert read_facts(str(save_model("llama", attention_bias=True, mlp_bias=True))).parameters > plain


def test_the_starter_is_found_by_its_name():
    assert locate("starter") == STARTER_FOLDER


def test_sharded_weights_are_read_through_their_index(save_model, llama):
    from transformers import AutoModelForCausalLM

    folder = save_model("llama")
    model = AutoModelForCausalLM.from_pretrained(folder)
    for path in folder.glob("*.safetensors"):
        path.unlink()
    model.save_pretrained(folder, max_shard_size="40KB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    assert read_facts(str(folder)).weights_gib == pytest.approx(read_facts(str(llama)).weights_gib, rel=0.01)
    next(folder.glob("*.safetensors")).unlink()
    assert "missing" in refusal(folder)


@pytest.mark.parametrize("place", ["/nowhere/at/all", "./nowhere", "~/nowhere", "a/b/c", "..\\model", "../../nowhere"])
def test_a_path_that_does_not_exist_is_refused_without_asking_the_hub(place, monkeypatch):
    monkeypatch.setattr(model_facts, "fetch_facts", lambda hub_id: pytest.fail(f"asked the hub for {hub_id}"))
    assert "no model folder" in refusal(place)


@pytest.mark.parametrize("name", ["", "a b", "owner/na..me", "-x", "owner/"])
def test_an_impossible_hub_id_is_refused_without_asking_the_hub(name, monkeypatch):
    monkeypatch.setattr(model_facts, "fetch_facts", lambda hub_id: pytest.fail(f"asked the hub for {hub_id}"))
    with pytest.raises(ModelError):
        locate(name)


def test_a_hub_model_that_cannot_be_fetched_names_the_way_out(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    said = refusal("nobody-at-all/no-such-model")
    assert "could not be fetched" in said
    assert "starter" in said


def test_a_hub_that_hangs_up_is_asked_once_and_not_for_half_a_minute(monkeypatch):
    import huggingface_hub.constants

    with socket.create_server(("127.0.0.1", 0)) as server:
        calls = []

        def hang_up():
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    calls.append(caller.recv(4096))
                    caller.close()

        threading.Thread(target=hang_up, daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        assert "could not be fetched" in refusal("nobody-at-all/no-such-model")
    assert len(calls) == 1
    assert b"/nobody-at-all/no-such-model/resolve/main/config.json" in calls[0]


def test_a_cached_hub_model_is_read_and_remembered(llama, monkeypatch):
    asked = []
    monkeypatch.setattr(model_facts, "fetch_facts", lambda hub_id: asked.append(hub_id) or llama)
    facts = [read_facts("owner/cached-model") for _ in range(2)]
    assert facts[0] is facts[1]
    assert asked == ["owner/cached-model"]
    assert facts[0].model == "owner/cached-model"
    assert facts[0].title == "cached-model"


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_a_model_that_brings_code_is_refused(folder, name):
    edit(folder, name, auto_map={"AutoModelForCausalLM": "evil.Model"})
    assert "its own code" in refusal(folder)


def test_pickled_weights_are_refused(folder):
    for path in folder.glob("*.safetensors"):
        path.rename(folder / "pytorch_model.bin")
    assert "pickled" in refusal(folder)


def test_a_folder_without_weights_is_refused(folder):
    (folder / "model.safetensors").unlink()
    assert "no weights" in refusal(folder)


def test_a_folder_without_a_configuration_is_refused(tmp_path):
    assert "no model folder" in refusal(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"num_hidden_layers": 10_000_000},
        {"hidden_size": -1},
        {"vocab_size": 0},
        {"num_attention_heads": True},
        {"intermediate_size": 1e99},
        {"hidden_size": "32"},
        {"num_hidden_layers": None},
    ],
)
def test_absurd_numbers_are_refused_with_the_number(folder, change):
    edit(folder, **change)
    name, value = next(iter(change.items()))
    said = refusal(folder)
    assert name in said
    assert repr(value) in said


@pytest.mark.parametrize("kind", ["mixtral", "clip", None, 7, "llama2"])
def test_an_unknown_family_is_refused_with_those_that_are_known(folder, kind):
    edit(folder, model_type=kind)
    assert "qwen3" in refusal(folder)


def test_a_quantised_model_is_refused(folder):
    edit(folder, quantization_config={"quant_method": "gptq"})
    assert "quantised" in refusal(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a":' * 5000 + "1" + "}" * 5000, "\xff"])
def test_a_configuration_that_is_no_json_object_is_refused(folder, text):
    (folder / "config.json").write_bytes(text.encode("latin-1"))
    assert "config.json" in refusal(folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "LFS"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
        (b"", "safetensors"),
        (b"\xff" * 64, "safetensors"),
        (b"\x10" + b"\x00" * 7 + b'{"a":{"dtype":1}' + b"\x00" * 9, "damaged"),
    ],
)
def test_a_weight_file_that_is_something_else_is_named(folder, content, said):
    (folder / "model.safetensors").write_bytes(content)
    assert said in refusal(folder)


def test_a_cut_off_weight_file_is_refused_with_its_size(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert f"{path.stat().st_size:,}" in refusal(folder)


def test_weights_that_lack_layers_are_refused(folder):
    edit(folder, num_hidden_layers=3)
    assert "incomplete" in refusal(folder)


def test_a_chat_template_is_noticed_wherever_it_is_kept(folder):
    assert not read_facts(str(folder)).has_chat_template
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    assert read_facts(str(folder)).has_chat_template
    (folder / "chat_template.jinja").unlink()
    edit(folder, "tokenizer_config.json", chat_template="{{ messages }}")
    assert read_facts(str(folder)).has_chat_template
