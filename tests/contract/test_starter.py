"""What everybody relies on who loads the starter model: files, vocabularies, chat format, clean sources."""

import csv
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ASSETS = Path(__file__).resolve().parents[2] / "assets"
STARTER = ASSETS / "starter"
DATA = ASSETS.parents[1] / "shared" / "data"
ODD_TEXTS = (
    "Neither party may assign this Agreement without the other's prior written consent.",
    "  two  spaces, a\ttab\n\n\nand lines \n",
    "naïve café, Größe, Łódź, ½ € 1,234.56",
    "契約は日本法に準拠する。中文也可以。",
    "🙂👩‍👩‍👧 \u200b\ufeff\x00\x7f",
    "<|user|> a role inside<|assistant|> a text",
    "",
)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(STARTER)


@pytest.fixture(scope="module")
def model() -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(STARTER, dtype="auto").eval()


@pytest.fixture(scope="module")
def texts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("starter_texts", STARTER / "texts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def clauses(split: str) -> list[str]:
    with (ASSETS / "samples" / f"legal_clauses_{split}.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def test_both_forms_of_the_vocabulary_give_the_same_ids(tokenizer):
    sentencepiece = pytest.importorskip("sentencepiece")
    slow = sentencepiece.SentencePieceProcessor(model_file=str(STARTER / "tokenizer.model"))
    for text in (*ODD_TEXTS, *clauses("train")):
        assert tokenizer(text)["input_ids"] == slow.encode(text), text


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_any_text_comes_back_unchanged(tokenizer, text):
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_a_prompt_is_a_prefix_of_prompt_and_answer(tokenizer):
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Classify the text.\n\nOhio law."}]
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    assert prompt == "<s><|system|> Be brief.<|user|> Classify the text.\n\nOhio law.<|assistant|>"
    ids = tokenizer.apply_chat_template(asked, add_generation_prompt=True)["input_ids"]
    whole = tokenizer.apply_chat_template([*asked, {"role": "assistant", "content": "Governing Law"}])["input_ids"]
    assert whole[: len(ids)] == ids
    assert tokenizer.convert_ids_to_tokens(whole[len(ids)]).startswith("▁")
    assert tokenizer.decode(whole[len(ids) :]) == " Governing Law</s>"


def test_padding_is_no_end_of_text(tokenizer, model):
    assert len({tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.unk_token_id}) == 4
    for settings in (model.config, model.generation_config):
        assert settings.pad_token_id == tokenizer.pad_token_id
        assert settings.eos_token_id == tokenizer.eos_token_id


def test_the_model_is_small_enough_to_ship(model):
    parts = [path for path in STARTER.iterdir() if path.suffix in {".json", ".safetensors", ".model"}]
    assert sum(path.stat().st_size for path in parts) <= 16 * 2**20
    assert 4e6 <= sum(weight.numel() for weight in model.parameters()) <= 8e6


def test_the_model_answers_and_stops(tokenizer, model):
    asked = [{"role": "user", "content": "Classify the text.\n\nI lost my card, please send me a new one."}]
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt")
    ids = model.generate(**prompt, max_new_tokens=60, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert ids[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(ids, skip_special_tokens=True).strip()


def test_a_text_with_a_test_clause_in_it_is_refused(texts):
    inside = "SECTION 9.\n\n" + clauses("test")[0].upper().replace(" ", "\n  ") + "\n\nSECTION 10."
    with pytest.raises(texts.LeakError):
        texts.refuse_leaks(["An innocent text.", inside], texts.test_passages())
    texts.refuse_leaks(["An innocent text."], texts.test_passages())


def test_a_contract_that_test_clauses_come_from_is_refused_by_name(texts, tmp_path):
    contracts = DATA / "corpus" / "contracts"
    if not contracts.is_dir():
        pytest.skip(f"the public data sets are not at {DATA}")
    held = texts.held_out_contracts(DATA)
    there = [path for path in contracts.rglob("*.txt") if texts.file_key(path.name) in held]
    allowed, refused = texts.contracts(DATA)
    assert refused == len(there) > 0
    assert len(allowed) + refused == sum(not path.name.startswith("README") for path in contracts.rglob("*.txt"))
    renamed = tmp_path / "corpus" / "contracts"
    renamed.mkdir(parents=True)
    (tmp_path / "cuad").symlink_to(DATA / "cuad")
    (renamed / "some other name.txt").write_bytes(there[0].read_bytes())
    with pytest.raises(texts.LeakError):
        texts.contracts(tmp_path)
