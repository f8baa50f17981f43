"""A prompt is tried in a process of its own, kept, and put beside what else was tried on the same data."""

import csv
from dataclasses import replace

import psutil
import pytest

from core.engine import Engine
from core.errors import BusyError, DataError, ModelError, Stopped
from core.evaluate.evaluation import Evaluation, RowResult, write_evaluation
from core.evaluate.prompting import Prompting, PromptScore
from core.events import Evaluated, RunState, StateChanged


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "home")
    yield engine
    engine.close()


@pytest.fixture
def choice(engine, tmp_path):
    with (tmp_path / "data.csv").open("w", newline="") as file:
        rows = [
            (f"this is text number {number}, and it differs", "card" if number % 2 else "bill") for number in range(60)
        ]
        csv.writer(file).writerows([("text", "label"), *rows])
    return engine.choose(engine.open_data(tmp_path / "data.csv"))


FOUND = Prompting(
    model="Starter model",
    metric="accuracy",
    scores=(PromptScore(examples=0, value=0.5, low=0.3, high=0.7),),
    rows=6,
    among=6,
    too_long=0,
    room=1024,
    most_frequent=0.5,
    taken=(1, 2),
    seed=7,
    seconds=20.0,
    at=1.0,
)


SHOTS = tuple(
    PromptScore(examples=count, value=value, low=value - 0.1, high=value + 0.1)
    for count, value in ((0, 0.9), (4, 0.7), (8, 0.6))
)


def scored(engine, choice, tuned, name="run", **changed):
    plan = engine.advise(choice, "starter").plan
    raw = plan.model_dump(mode="json")
    raw["data"] |= changed
    job = engine.store.add_run(raw, name)
    values = {"base": 0.1, "tuned": tuned, "interval": [0.1, 0.2], "p_value": 0.01}
    for state in (RunState.PREPARING, RunState.TRAINING, RunState.EVALUATING):
        engine.store.append(job.id, StateChanged(state=state))
    engine.store.append(job.id, Evaluated(rows=12, metrics={"accuracy": values}))
    engine.store.append(job.id, StateChanged(state=RunState.DONE))


def test_the_answer_is_kept_for_the_next_start(engine, choice):
    found = engine.promptings.begin(choice, "starter").answer(240)
    assert [score.examples for score in found.scores] == [0, 4, 8]
    again = Engine(engine.home)
    assert again.promptings.of(choice, "starter") == found
    again.close()
    assert engine.runs() == [], "a prompt is no run"


def test_it_is_kept_for_these_rows_and_this_model_only(engine, choice):
    engine.promptings.keep(choice, "starter", FOUND)
    assert engine.promptings.of(choice.model_copy(update={"name": "another name"}), "starter") == FOUND
    assert engine.promptings.of(choice, "other/model") is None
    for changed in ({"sha256": "0" * 64}, {"validation_share": 0.3}, {"instruction": "Name the kind."}):
        assert engine.promptings.of(choice.model_copy(update=changed), "starter") is None


def test_what_another_version_kept_is_asked_again_and_deleted_data_take_it_along(engine, choice):
    engine.promptings.keep(choice, "starter", FOUND)
    engine.store.drop_drafts_of([choice.source])
    assert engine.promptings.of(choice, "starter") is None
    engine.promptings.keep(choice, "starter", replace(FOUND, rows="many"))
    assert engine.promptings.of(choice, "starter") is None


def test_a_stop_ends_it_at_once_and_keeps_nothing(engine, choice):
    inquiry = engine.promptings.begin(choice, "starter")
    process = psutil.Process(inquiry._process.pid)
    inquiry.stop()
    with pytest.raises(Stopped):
        inquiry.answer(20)
    assert not process.is_running()
    assert engine.promptings.of(choice, "starter") is None


def test_beside_a_run_no_prompt_is_tried(engine, choice):
    engine.store.add_run(engine.advise(choice, "starter").plan.model_dump(mode="json"), "goes on")
    with pytest.raises(BusyError):
        engine.promptings.begin(choice, "starter")


def test_a_model_that_is_not_to_be_had_and_plain_texts_are_refused_before_anything_starts(engine, choice, tmp_path):
    with pytest.raises(ModelError):
        engine.promptings.begin(choice, str(tmp_path / "nowhere"))
    texts = "\n".join(f"text number {number} of some length" for number in range(60))
    (tmp_path / "plain.csv").write_text(f"text\n{texts}\n")
    plain = engine.choose(engine.open_data(tmp_path / "plain.csv"))
    assert plain.format == "plain_text"
    with pytest.raises(DataError, match="ask nothing"):
        engine.promptings.begin(plain, "starter")


def test_beside_it_stand_the_linear_model_and_the_best_run_on_the_same_rows(engine, choice):
    scored(engine, choice, 0.7, "good")
    scored(engine, choice, 0.6, "later, and worse")
    scored(engine, choice, 0.99, "other rows", sha256="0" * 64)
    scored(engine, choice, 0.98, "another column", mapping={"text": "label", "label": "text"})
    linear, tuned = engine.promptings.rivals(choice, FOUND, engine.baseline(choice))
    assert linear.name == "A linear model on counted words"
    assert (tuned.name, tuned.value, tuned.rows) == ("The best tuned run (good)", 0.7, "12 test rows")
    assert engine.promptings.rivals(choice, replace(FOUND, metric="rouge_l"), None) == []


def test_the_test_rows_of_a_run_are_asked_with_as_many_examples_as_helped_on_validation_rows(engine, choice):
    scored(engine, choice, 0.6)
    (run,) = [summary.row.id for summary in engine.runs()]
    test = engine.split(choice).test
    rows = [
        RowResult(one.row, one.prompt, one.answer, "card", one.answer, base_score=0.0, tuned_score=1.0, outcome="win")
        for one in test
    ]
    values = {"base": 0.5, "tuned": 1.0, "interval": [0.3, 0.7], "p_value": 0.01}
    found = Evaluation(
        rows=rows, primary="accuracy", metrics={"accuracy": values}, intervals={}, wins=len(rows), losses=0, ties=0,
        headline="", labels=["bill", "card"],
    )  # fmt: skip
    write_evaluation(found, engine.store.run_folder(run))
    engine.promptings.keep(choice, "starter", replace(FOUND, scores=SHOTS))
    assert "other rows than these" in told(engine, run)
    asked = engine.promptings.begin_rows(run).answer(240)
    assert asked.examples == 4, "those that scored best on validation rows"
    assert set(asked.answers) == {one.row for one in test}
    assert set(asked.answers.values()) <= {"bill", "card"}
    assert len(asked.taken) == 4
    assert not set(asked.taken) & set(asked.answers), "examples are training rows"
    assert "the untuned model with 4 examples in its prompt" in told(engine, run)
    assert f"{len(test)} rows" in told(engine, run)
    write_evaluation(replace(found, rows=rows[1:]), engine.store.run_folder(run))
    assert "other rows than these" in told(engine, run), "scored on other rows since"


def test_beside_a_run_no_rows_are_asked_and_a_stop_keeps_nothing(engine, choice):
    scored(engine, choice, 0.6)
    (run,) = [summary.row.id for summary in engine.runs()]
    inquiry = engine.promptings.begin_rows(run)
    inquiry.stop()
    with pytest.raises(Stopped):
        inquiry.answer(60)
    assert engine.promptings.of_run(run) is None
    engine.store.add_run(engine.advise(choice, "starter").plan.model_dump(mode="json"), "goes on")
    with pytest.raises(BusyError, match="no prompt is tried"):
        engine.promptings.begin_rows(run)


def told(engine, run):
    """What is said of the prompt beside the run's scores."""
    return next(one.told for one in engine.results.beside(run) if one.name == "prompt")
