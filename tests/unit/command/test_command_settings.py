import pytest

from core.strategy.methods import METHODS
from core.strategy.plan import Plan
from ui.command.settings import FIXED, read_settings

RAW = {
    "data": {"source": "x", "test_share": 0.2},
    "method": "lora",
    "options": {"rank": 16, "dropout": 0.0},
    "epochs": 3,
}


def test_a_setting_goes_to_the_plan_or_to_the_method_or_to_the_data():
    wishes = read_settings(["epochs=2", "rank=8", "test_share=0.3"], "lora")
    assert (wishes.plan, wishes.options, wishes.data) == ({"epochs": 2}, {"rank": 8}, {"test_share": 0.3})
    assert wishes.applied_to(RAW) == RAW | {
        "epochs": 2,
        "options": {"rank": 8, "dropout": 0.0},
        "data": {"source": "x", "test_share": 0.3},
    }


def test_an_unknown_setting_is_answered_with_the_one_that_was_probably_meant():
    wishes = read_settings(["learning_rat=1e-4"], "lora")
    assert "learning_rate" in wishes.problems["learning_rat"]


def test_all_mistakes_are_listed_at_once():
    wishes = read_settings(["rnak=8", "epochs", "=3", "warmth=1"], "lora")
    assert set(wishes.problems) == {"rnak", "epochs", "--set", "warmth"}


@pytest.mark.parametrize("key", sorted(FIXED))
def test_what_has_an_argument_of_its_own_is_no_setting(key):
    assert key in read_settings([f"{key}=1"], "lora").problems


@pytest.mark.parametrize("name", METHODS)
def test_every_option_of_every_method_can_be_set_by_its_name(name):
    for option in METHODS[name].options.model_fields:
        wishes = read_settings([f"options.{option}=1"], name)
        assert not wishes.problems
        assert option in wishes.options
    shadowed = set(METHODS[name].options.model_fields) & set(Plan.model_fields)
    assert not shadowed, "an option of a plan field's name can be reached under options. only"


def test_text_stays_text_and_everything_else_is_read_as_json():
    wishes = read_settings(["name=007", "instruction=null", "alpha=null", "epochs=1e1", "precision=bf16"], "lora")
    assert wishes.plan == {"name": "007", "epochs": 10.0, "precision": "bf16"}
    assert wishes.data == {"instruction": "null"}
    assert wishes.options == {"alpha": None}


def test_a_value_may_hold_an_equals_sign():
    assert read_settings(["instruction=a=b"], "lora").data == {"instruction": "a=b"}
