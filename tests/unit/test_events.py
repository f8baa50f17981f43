import json
import math
import typing

import pytest

from core import events
from core.events import Evaluated, Event, RunState, StateChanged, StepTaken, decode, encode

EXAMPLES = {
    str: "text",
    int: 3,
    float: 1.5,
    bool: True,
    float | None: 0.25,
    RunState: RunState.TRAINING,
    dict[str, dict[str, typing.Any]]: {"accuracy": {"base": 0.1, "tuned": 0.9}},
    dict[str, typing.Any]: {"by": "logits", "faithful": True},
    dict[str, str]: {"model.safetensors": "0" * 64},
    list[int]: [4, 8, 12],
}


def example_of(kind):
    hints = typing.get_type_hints(kind)
    return kind(**{name: EXAMPLES[hint] for name, hint in hints.items()})


@pytest.mark.parametrize("kind", typing.get_args(Event), ids=lambda kind: kind.__name__)
def test_every_event_survives_the_way_through_json(kind):
    event = example_of(kind)
    assert decode(json.loads(json.dumps(encode(event), allow_nan=False))) == event


@pytest.mark.parametrize("kind", typing.get_args(Event), ids=lambda kind: kind.__name__)
def test_every_event_says_what_it_is(kind):
    assert kind.__doc__
    assert encode(example_of(kind))["event"]


def test_a_loss_that_is_not_finite_is_stored_as_nothing_and_never_as_zero():
    step = StepTaken(
        step=4, total_steps=9, epoch=0.4, loss=math.nan, learning_rate=1e-3, grad_norm=math.inf, tokens=10, seconds=1.0
    )
    back = decode(json.loads(json.dumps(encode(step), allow_nan=False)))
    assert isinstance(back, StepTaken)
    assert back.loss is None
    assert back.grad_norm is None


def test_a_metric_that_is_not_finite_is_stored_as_nothing():
    assert (
        encode(Evaluated(rows=1, metrics={"perplexity": {"base": math.inf}}))["metrics"]["perplexity"]["base"] is None
    )


@pytest.mark.parametrize("raw", [{}, {"event": "exploded"}, {"event": "state_changed"}, {"event": "noted", "txt": "?"}])
def test_a_record_of_another_version_is_refused_with_its_cause(raw):
    with pytest.raises(ValueError, match="event"):
        decode(raw)


def test_states_are_final_or_not():
    assert {state for state in RunState if state.is_final} == {
        RunState.DONE,
        RunState.STOPPED,
        RunState.FAILED,
        RunState.LOST,
    }
    assert encode(StateChanged(state=RunState.DONE))["state"] == "DONE"
    assert events.RunState("DONE") is RunState.DONE
