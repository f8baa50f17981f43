"""A settings class draws its own form; holds for methods that nobody has written yet."""

import gradio as gr
import pytest

from core.strategy.methods import METHODS, read_options
from core.strategy.plan import Plan
from ui import forms

PLAIN = [name for name in Plan.model_fields if name not in {"data", "model", "method", "options", "name", "start_from"}]


@pytest.mark.parametrize("name", METHODS)
def test_every_option_of_a_method_gets_a_control_with_title_and_help(name):
    options = METHODS[name].options
    with gr.Blocks():
        controls = forms.form(options, options().model_dump())
    assert list(controls) == list(options.model_fields)
    for field, control in controls.items():
        assert control.label == options.model_fields[field].title
        assert control.info


@pytest.mark.parametrize("name", METHODS)
def test_an_untouched_form_reads_back_as_the_same_options(name):
    options = METHODS[name].options()
    with gr.Blocks():
        controls = forms.form(type(options), options.model_dump())
    values = [control.value for control in controls.values()]
    read = forms.read(tuple(controls), values)
    assert read_options(name, read) == options
    assert forms.differing(options.model_dump(), read) == {}


def test_every_setting_of_a_plan_gets_a_control():
    defaults = {name: Plan.model_fields[name].default for name in PLAIN}
    with gr.Blocks():
        controls = forms.form(Plan, defaults, PLAIN)
    assert forms.differing(defaults, forms.read(PLAIN, [control.value for control in controls.values()])) == {}


def test_no_number_is_refused_before_we_can_name_all_that_is_wrong():
    with gr.Blocks():
        control = forms.control("learning_rate", Plan.model_fields["learning_rate"], 2e-4)
    assert isinstance(control, gr.Number)
    assert control.minimum is None
    assert control.maximum is None


def test_what_is_wrong_with_a_value_stands_at_its_field_and_nowhere_else():
    wrong = {"epochs": "Input should be less than or equal to 100"}
    with gr.Blocks():
        controls = forms.form(Plan, {"epochs": 1000, "seed": 7}, ("epochs", "seed"), wrong)
    assert "less than or equal to 100." in controls["epochs"].info
    assert "ft-wrong" in controls["epochs"].elem_classes
    assert "Input should" not in controls["seed"].info
    marked, plain = forms.marks(Plan, ("epochs", "seed"), wrong)
    assert marked["info"] == controls["epochs"].info
    assert plain["info"] == controls["seed"].info
    assert "value" not in marked, "what was typed stays"


def test_only_what_differs_from_the_advice_is_kept():
    advised = {"epochs": 5, "learning_rate": 2e-4, "precision": "auto", "flag": False}
    chosen = {"epochs": 5.0, "learning_rate": 1e-4, "precision": "auto", "flag": True}
    assert forms.differing(advised, chosen) == {"learning_rate": 1e-4, "flag": True}


def test_an_empty_number_is_nothing_and_typed_digits_are_a_number():
    assert forms.read(("a", "b", "c"), ("", " 32 ", "all-linear")) == {"a": None, "b": 32, "c": "all-linear"}
