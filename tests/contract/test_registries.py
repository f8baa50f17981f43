"""What holds for every entry of every registry, those that nobody has written yet included."""

import re

import pytest
from pydantic import BaseModel

from core.augment.filter.funnel import CHECKS as FILTER_CHECKS
from core.augment.teachers import TEACHERS
from core.dataset.conversions import CONVERSIONS
from core.dataset.files.source import SAMPLES
from core.dataset.formats import FORMATS
from core.dataset.health import CHECKS
from core.errors import NotFoundError, SettingsError
from core.evaluate.metrics import METRICS
from core.export.exporters import EXPORTERS
from core.job.launchers import LAUNCHERS
from core.registry import Registry
from core.strategy.methods import METHODS, read_options
from core.study.kinds import KINDS

REGISTRIES = (FORMATS, CONVERSIONS, SAMPLES, METHODS, LAUNCHERS, METRICS, EXPORTERS, KINDS, TEACHERS, FILTER_CHECKS)
ENTRIES = [(registry, name) for registry in REGISTRIES for name in registry]


@pytest.mark.parametrize(
    ("registry", "name"), ENTRIES, ids=lambda value: value if isinstance(value, str) else value.kind
)
def test_an_entry_has_a_plain_name_and_a_title(registry: Registry, name: str):
    entry = registry[name]
    assert entry.name == name
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert entry.title.strip()


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_a_wrong_name_is_answered_with_the_right_one(registry: Registry):
    name = next(iter(registry))
    with pytest.raises(NotFoundError, match=re.escape(repr(name))):
        registry[name + "x"]


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_of_a_method_explains_itself_and_has_a_default(name):
    options: type[BaseModel] = METHODS[name].options
    assert options.model_config.get("frozen")
    assert options.model_config.get("extra") == "forbid"
    for field_name, field in options.model_fields.items():
        assert field.title, f"{field_name} has no title"
        assert field.description, f"{field_name} has no help"
        assert not field.is_required(), f"{field_name} has no default"
    options()


@pytest.mark.parametrize("name", METHODS)
def test_a_methods_options_survive_a_round_trip(name):
    options = read_options(name, {})
    assert read_options(name, options.model_dump(mode="json")) == options


@pytest.mark.parametrize("name", METHODS)
def test_an_unknown_setting_of_a_method_is_refused_by_name(name):
    with pytest.raises(SettingsError) as caught:
        read_options(name, {"no_such_setting": 1})
    assert "options.no_such_setting" in caught.value.problems


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_says_what_it_looks_for_and_names_its_findings(name):
    check = CHECKS[name]
    assert check.about.strip()
    assert check.finds
    assert all(re.fullmatch(r"[a-z][a-z-]*", finding) for finding in check.finds)
