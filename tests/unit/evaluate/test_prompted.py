"""The untuned starter model is asked, with examples and without; what does not fit is refused or told."""

from dataclasses import replace

import pytest

from core.backend import model as loading
from core.dataset.example import Example, Split, Turn
from core.errors import DataError, MachineError, ModelError
from core.evaluate import prompted
from core.evaluate.prompted import try_prompts
from core.strategy.model_facts import read_facts

COLOURS = ("red", "green", "blue")


def coloured(row, filler="", label=True):
    colour = COLOURS[row % 3]
    return Example(
        row, (Turn("user", f"Name the colour. {filler}It is {colour}, says {row}."),), colour, colour if label else None
    )


def split_of(make=coloured):
    rows = [make(row) for row in range(60)]
    return Split(tuple(rows[:30]), tuple(rows[30:45]), tuple(rows[45:]))


@pytest.fixture
def facts():
    return read_facts("starter")


def nobody(about, share): ...


def test_labels_are_scored_without_and_with_examples(facts):
    said = []
    found = try_prompts(split_of(), facts, 7, lambda about, share: said.append((about, share)))
    assert [score.examples for score in found.scores] == [0, 4, 8]
    assert (found.metric, found.rows, found.among, found.too_long) == ("accuracy", 15, 15, 0)
    assert all(score.low <= score.value <= score.high and not score.short for score in found.scores)
    assert found.most_frequent == pytest.approx(1 / 3)
    assert len(found.taken) == 8
    assert all(row < 30 for row in found.taken), "training rows only"
    assert [share for _, share in said] == sorted(share for _, share in said)
    assert "asking with 8 examples" in [about for about, _ in said]
    assert try_prompts(split_of(), facts, 7, nobody).scores == found.scores


def test_the_test_rows_are_never_asked(facts, monkeypatch):
    asked = []
    ask = prompted.ask
    monkeypatch.setattr(
        prompted, "ask", lambda loaded, what, *rest: asked.extend(what.examples) or ask(loaded, what, *rest)
    )
    try_prompts(split_of(), facts, 7, nobody)
    assert {example.row for example in asked} == set(range(30, 45))


def test_free_text_is_written_and_scored(facts):
    found = try_prompts(split_of(lambda row: coloured(row, label=False)), facts, 7, nobody)
    assert (found.metric, found.most_frequent) == ("exact_match", None)
    assert found.scores[-1].examples == 8


def test_a_short_room_takes_fewer_examples_and_says_which_rows_got_fewer(facts, monkeypatch):
    monkeypatch.setattr(prompted, "REACHED", 0.5)
    rows = split_of(lambda row: coloured(row, "so it is said " * (40 if row % 5 == 0 else 1)))
    found = try_prompts(rows, replace(facts, context=160), 7, nobody)
    most = found.scores[-1]
    assert 1 <= most.examples < 8
    assert most.short + found.too_long == 3
    assert found.rows + found.too_long == 15


def test_no_room_for_one_example_is_refused_with_numbers(facts):
    with pytest.raises(ModelError, match="room for 24 tokens, and 0 of 15 rows fit") as refused:
        try_prompts(split_of(), replace(facts, context=24), 7, nobody)
    assert "longer context" in refused.value.fix


def test_without_validation_rows_or_questions_there_is_nothing_to_try(facts):
    rows = split_of()
    with pytest.raises(DataError, match="no validation rows"):
        try_prompts(replace(rows, validation=()), facts, 7, nobody)
    plain = split_of(lambda row: Example(row, (), f"A text of its own, number {row}."))
    with pytest.raises(DataError, match="ask nothing"):
        try_prompts(plain, facts, 7, nobody)


def test_a_full_memory_is_told_with_what_helps_a_prompt(facts, monkeypatch):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr(loading, "load_base", full)
    with pytest.raises(MachineError) as error:
        try_prompts(split_of(), facts, 7, nobody)
    assert "smaller model" in error.value.fix
