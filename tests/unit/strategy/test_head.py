"""Which plans can have a classification head, and what encoders are made of."""

import json

import pytest
from transformers import AutoConfig, AutoModel
from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

from core.dataset.choice import DataChoice
from core.dataset.example import Example, Split, Turn
from core.errors import DataError, SettingsError
from core.strategy.advise import advise
from core.strategy.architectures import FAMILIES
from core.strategy.complete_plan import complete_plan
from core.strategy.head import check_labels, learned
from core.strategy.memory import forecast
from core.strategy.methods import METHODS
from core.strategy.model_facts import read_facts
from core.strategy.plan import Plan
from core.strategy.start_from import unlike
from tests.unit.strategy.conftest import SIZES
from tests.unit.strategy.memory_probe import Case, kept_bytes, predicted, saved, this_machine

ENCODERS = [kind for kind, family in FAMILIES.items() if family.encoder]
LABELLED = {"name": "d", "source": "s", "sha256": "0" * 64, "format": "labelled_text", "mapping": {}}


@pytest.fixture(scope="module")
def save_encoder(tmp_path_factory):
    def save(kind: str, **changes):
        sizes = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 88} if kind == "distilbert" else {}
        folder = tmp_path_factory.mktemp(kind)
        config = AutoConfig.for_model(kind, **{**SIZES, **sizes, "type_vocab_size": 1}, **changes)
        model = AutoModel.from_config(config, **({} if kind == "distilbert" else {"add_pooling_layer": False}))
        model.save_pretrained(folder)
        return folder, model

    return save


@pytest.fixture(scope="module")
def bert(save_encoder):
    return str(save_encoder("bert")[0])


def problems(**values):
    with pytest.raises(SettingsError) as caught:
        complete_plan({"data": LABELLED, "method": "lora"} | values)
    return caught.value.problems


@pytest.mark.parametrize("kind", ENCODERS)
def test_parameters_layers_and_room_are_those_of_the_real_encoder(kind, save_encoder):
    folder, model = save_encoder(kind)
    facts = read_facts(str(folder))
    named = dict(model.named_parameters())
    assert facts.parameters == sum(weights.numel() for weights in named.values())
    layers = {name.partition(".layer.0.")[2]: weights for name, weights in named.items() if ".layer.0." in name}
    wide = {name.removesuffix(".weight"): tuple(w.shape) for name, w in layers.items() if w.dim() == 2}
    assert {linear.name: (linear.outputs, linear.inputs) for linear in facts.linears} == wide
    padded = kind in {"roberta", "xlm-roberta", "camembert"}
    assert facts.context == SIZES["max_position_embeddings"] - 2 * padded


def test_the_families_with_a_head_are_those_of_transformers():
    assert {kind for kind, family in FAMILIES.items() if family.classes} == {
        kind for kind in FAMILIES if kind in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES
    }


@pytest.mark.parametrize("kind", ["bert", "distilbert"])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_step_of_an_encoder_keeps_what_was_forecast(kind, method):
    case = Case(kind, method, head="class", batch=4, length=64)
    with saved(case) as folder:
        assert predicted(case, folder)[1] == pytest.approx(kept_bytes(case, folder), rel=0.15)


def test_a_head_spares_the_scores_of_words_and_the_layer_that_gives_them(save_model):
    folder = str(save_model("llama", tie_word_embeddings=False))
    facts = read_facts(folder)
    text = Plan(data=DataChoice(**LABELLED), model=folder, method="full")
    told = [forecast(plan, facts, this_machine()).parts for plan in (text, text.model_copy(update={"head": "class"}))]
    assert told[1]["logits"] == 0
    saved_weights = facts.vocabulary * facts.hidden
    assert learned(text, facts) - learned(text.model_copy(update={"head": "class"}), facts) == saved_weights


def test_all_that_is_wrong_with_a_head_is_said_at_once(save_model):
    granite = str(save_model("granite"))
    found = problems(
        head="class",
        model=granite,
        data=LABELLED | {"format": "chat"},
        prompt_weight=0.5,
        options={"init": "pissa"},
    )
    assert "no labels" in found["head"]
    assert "granite" in found["head"]
    assert {"prompt_weight", "options.init"} <= set(found)


def test_an_encoder_that_shall_write_is_told_to_take_a_head(bert):
    assert "class" in problems(model=bert)["head"]
    assert complete_plan({"data": LABELLED, "method": "lora", "model": bert, "head": "class"}).head == "class"


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if not method.heads])
def test_a_method_without_heads_names_those_that_have_them(name, bert):
    assert "LoRA" in problems(model=bert, method=name, head="class")["method"]


def test_rows_without_labels_or_with_one_label_alone_are_refused(bert):
    plan = Plan(data=DataChoice(**LABELLED), model=bert, method="lora", head="class")

    def row(number, label):
        return Example(number, (Turn("user", "x"),), label or "", label)

    with pytest.raises(DataError, match="row 3"):
        check_labels(plan, Split((row(1, "a"), row(2, "b")), (row(3, None),), ()))
    with pytest.raises(DataError, match="same label"):
        check_labels(plan, Split((row(1, "a"),), (row(2, "a"),), ()))


def test_an_encoder_is_advised_a_head_and_no_chat_template_is_missed(bert):
    rows = [Example(at, (Turn("user", f"text {at}"),), "ab"[at % 2], "ab"[at % 2]) for at in range(90)]
    split = Split(rows[:60], rows[60:70], rows[70:])
    advice = advise(split, DataChoice(**LABELLED), read_facts(bert), this_machine())
    assert advice.plan.head == "class"
    assert not any("base model" in said for said in advice.cautions)


def test_a_plan_of_before_there_were_heads_is_the_same_plan(bert):
    plan = Plan(data=DataChoice(**LABELLED), model=bert, method="lora")
    old = json.loads(plan.model_dump_json())
    del old["head"]
    assert Plan(**old) == plan
    assert unlike(Plan(**old), plan) == {}
    assert "head" in unlike(plan, plan.model_copy(update={"head": "class"}))
