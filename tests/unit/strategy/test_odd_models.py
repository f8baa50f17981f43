"""Whatever is typed as a model is answered at once: numbers, or a refusal with a way out; nothing it brings is run."""

import json
import os
import shutil
import time

import pytest

from core.errors import ModelError
from core.strategy import model_facts
from core.strategy.model_facts import read_facts

AT_ONCE = 5.0
"""Seconds."""
TYPED = (
    "x" * 10_000,
    "owner/" + "y" * 10_000,
    "a\x00b",
    "owner/na\nme",
    "owner/\x1b[31mred",
    "../../../etc/passwd",
    "/etc/passwd",
    "/etc",
    "~/../../etc/shadow",
    "file:///etc/passwd",
    "http://127.0.0.1:1/owner/model",
    "https://huggingface.co/owner/model",
    "C:\\models\\mine",
    "\\\\server\\share\\model",
    "owner/model/extra",
    "owner/..",
    "Qwen/Qwеn3-0.6B",  # with a Cyrillic letter
    "starter ",
    "STАRTER",
    "owner/mo del",
    "owner/model?x=1",
    "owner/model#main",
    "owner/model@main",
    "\u202eredom/renwo",
    "$(touch sentinel)",
    "'; drop table runs; --",
    "/dev/zero",
    "/proc/self",
)


@pytest.fixture
def folder(llama, tmp_path):
    return shutil.copytree(llama, tmp_path / "model")


def refused(place) -> ModelError:
    began = time.monotonic()
    with pytest.raises(ModelError) as caught:
        read_facts(str(place))
    assert time.monotonic() - began < AT_ONCE
    assert caught.value.fix
    return caught.value


@pytest.mark.parametrize("typed", TYPED, ids=range(len(TYPED)))
def test_what_is_no_model_is_refused_at_once_and_the_hub_is_not_asked(typed, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model_facts, "fetch_facts", lambda hub_id: pytest.fail(f"asked the hub for {hub_id!r}"))
    told = refused(typed)
    assert len(str(told)) < 1000
    assert not any(ord(letter) < 32 for letter in str(told))
    assert list(tmp_path.iterdir()) == []


def test_a_path_is_refused_in_the_same_words_whether_or_not_something_is_there(tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    (there / "secret.txt").write_text("x")
    words = {str(refused(place)).replace(str(place), "") for place in (there, tmp_path / "gone", there / "secret.txt")}
    assert len(words) == 1


def test_with_roots_a_model_is_found_under_them_only_and_refused_in_the_words_for_nothing(
    folder, tmp_path, monkeypatch
):
    root, beside = tmp_path / "models", tmp_path / "models-2"
    root.mkdir()
    beside.mkdir()
    inside, outside = root / "tiny", beside / "tiny"
    shutil.copytree(folder, inside)
    shutil.copytree(folder, outside)
    (root / "way-out").symlink_to(outside)
    monkeypatch.setenv(model_facts.ROOTS, os.pathsep.join([str(root), str(tmp_path / "more")]))
    assert read_facts(str(inside)).layers
    gone = str(refused(beside / "gone")).replace(str(beside / "gone"), "")
    for place in (outside, root / "way-out", root / ".." / "models-2" / "tiny"):
        assert str(refused(place)).replace(str(place), "") == gone


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_link_that_leads_in_circles_is_refused(folder, name):
    (folder / name).unlink()
    (folder / name).symlink_to(folder / name)
    refused(folder)


def test_a_folder_that_is_a_circle_is_refused(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    refused(loop)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer_config.json"])
def test_a_pipe_or_a_folder_in_place_of_a_file_does_not_hang(folder, name):
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    if name == "tokenizer_config.json":
        began = time.monotonic()
        read_facts(str(folder))
        assert time.monotonic() - began < AT_ONCE
        return
    refused(folder)
    (folder / name).unlink()
    (folder / name).mkdir()
    refused(folder)


def test_a_huge_configuration_is_refused_unread(folder):
    with (folder / "config.json").open("wb") as file:
        file.truncate(40 * 1024**3)
    assert "32 MiB" in str(refused(folder))


@pytest.mark.parametrize("deep", [5_000, 1_000_000])
def test_a_deep_configuration_is_refused(folder, deep):
    (folder / "config.json").write_text("[" * deep + "]" * deep)
    refused(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"auto_map": {"AutoConfig": "evil.Config"}},
        {"auto_map": None},
        {"model_type": "../../evil"},
        {"num_hidden_layers": 10**400},
        {"num_hidden_layers": 1e400},
        {"vocab_size": "many"},
    ],
)
def test_a_tampered_configuration_is_refused(folder, changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    assert len(str(refused(folder))) < 1500


@pytest.mark.parametrize("suffix", [".bin", ".pt", ".ckpt", ".pkl"])
def test_pickles_only_are_refused_and_never_opened(folder, suffix):
    sentinel = folder / "sentinel"
    (folder / "model.safetensors").unlink()
    (folder / f"pytorch_model{suffix}").write_bytes(f"cos\nsystem\n(S'touch {sentinel}'\ntR.".encode())
    assert "pickled" in str(refused(folder))
    assert not sentinel.exists()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Qwen/Qwen3-0.6", "Qwen/Qwen3-0.6B"),
        ("qwen3-0.6b", "Qwen/Qwen3-0.6B"),
        ("mistralai/Mistral-7B-Instruct-v03", "mistralai/Mistral-7B-Instruct-v0.3"),
    ],
)
def test_a_typo_is_answered_with_the_model_that_was_meant_and_one_that_is_here(typed, meant, monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    told = str(refused(typed))
    assert f"Did you mean {meant}?" in told
    assert "starter" in told


def test_a_gated_model_is_said_to_be_gated_with_the_way_out(monkeypatch):
    import httpx2
    from huggingface_hub.errors import GatedRepoError

    from core.strategy import model_fetch

    def gated(hub_id):
        request = httpx2.Request("HEAD", f"https://huggingface.co/{hub_id}")
        raise GatedRepoError("403", response=httpx2.Response(403, request=request))

    monkeypatch.setattr(model_fetch, "_hub_answers", gated)
    told = str(refused("owner/behind-a-gate"))
    assert "accept its terms" in told
    assert "starter" in told
