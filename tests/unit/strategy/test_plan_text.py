import pytest

from core.engine import Engine
from core.errors import DataError
from core.strategy.plan_text import command_line, differences, plan_yaml, read_plan_yaml
from ui.command.parser import build_parser
from ui.command.train import make_plan


@pytest.fixture
def engine(tmp_path):
    made = Engine(tmp_path / "home", launcher="thread")
    yield made
    made.close()


@pytest.fixture
def advised(engine):
    return engine.advise(engine.choose(engine.open_data("legal_clauses")), "starter").plan


def test_a_plan_comes_back_from_its_yaml_as_it_was(engine, advised):
    plan = advised.model_copy(update={"name": "Äpfel: „eins“, #2", "epochs": 3})
    assert engine.read_plan(read_plan_yaml(plan_yaml(plan))) == plan


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs: [1, 2", "line"),
        ("just words", "no plan"),
        ("- a\n- b", "no plan"),
        ("!!python/object/apply:os.system ['true']", "not valid YAML"),
        ("x" * 1_000_001, "too long"),
        ("[" * 5000, "nested too deeply|not valid"),
    ],
)
def test_what_is_no_plan_is_refused_in_a_sentence(text, said):
    with pytest.raises(DataError, match=said):
        read_plan_yaml(text)


def test_what_differs_is_named_with_both_values(advised):
    other = advised.model_copy(
        update={
            "epochs": 3,
            "options": advised.options | {"rank": 4},
            "data": advised.data.model_copy(update={"test_share": 0.3}),
            "name": "another name",
        }
    )
    found = {change.name: (change.before, change.after) for change in differences(advised, other)}
    assert found == {"epochs": (str(advised.epochs), "3"), "rank": ("16", "4"), "test_share": ("0.2", "0.3")}
    assert differences(advised, advised) == []


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"epochs": 2, "learning_rate": 0.0005, "gradient_checkpointing": True},
        {"schedule": "linear", "name": "it's my run"},
    ],
)
def test_the_command_line_gives_the_same_plan(engine, advised, change):
    plan = advised.model_copy(update=change)
    words = command_line(plan, advised)
    import shlex

    given = build_parser().parse_args(shlex.split(words)[1:])
    assert make_plan(engine, given) == plan.model_copy(update={"name": ""})


def test_the_command_line_names_another_method_and_its_settings(engine, advised):
    lora = engine.read_plan(advised.model_dump() | {"method": "lora", "options": {"rank": 4}, "epochs": 2})
    words = command_line(lora, advised)
    assert "--method lora" in words
    assert "epochs=2" in words
