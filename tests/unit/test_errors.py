import pytest

from core.errors import NotFoundError, SettingsError, UserError
from core.registry import Registry


class Part:
    def __init__(self, name):
        self.name = name


def test_an_error_is_what_happened_and_what_to_do():
    error = UserError("18.2 GiB are needed and 7.9 GiB are free.", fix="Choose 4-bit LoRA.")
    assert str(error) == "18.2 GiB are needed and 7.9 GiB are free. Choose 4-bit LoRA."
    assert error.as_json() == {
        "error": {"what": "18.2 GiB are needed and 7.9 GiB are free.", "fix": "Choose 4-bit LoRA.", "problems": {}}
    }


def test_wrong_settings_are_told_all_at_once():
    error = SettingsError({"epochs": "must be at least 1", "options.rank": "must be at least 1"})
    assert "epochs" in error.what
    assert "options.rank" in error.what
    assert set(error.problems) == {"epochs", "options.rank"}


def test_a_registry_keeps_its_order_and_suggests_the_right_name():
    registry = Registry("tuning method", [Part("qlora"), Part("lora"), Part("full")])
    assert list(registry) == ["qlora", "lora", "full"]
    with pytest.raises(NotFoundError) as caught:
        registry["lorra"]
    assert str(caught.value) == "There is no tuning method called 'lorra'. Did you mean 'lora'?"


def test_a_name_that_resembles_nothing_is_answered_with_the_list():
    with pytest.raises(NotFoundError, match="Choose one of: lora, full"):
        Registry("tuning method", [Part("lora"), Part("full")])["zzz"]


def test_two_entries_of_one_name_are_a_bug():
    with pytest.raises(ValueError, match="lora"):
        Registry("tuning method", [Part("lora"), Part("lora")])
