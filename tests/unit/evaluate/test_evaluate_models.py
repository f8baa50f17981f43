import os
import threading
from dataclasses import replace

import pytest

from core.errors import Stopped
from core.evaluate.answers import ask
from core.evaluate.compare import EvaluateTask, evaluate, read_evaluation
from core.evaluate.own import FOLDER
from core.events import Advanced, Evaluated, Noted


def task_of(run, home=None):
    return EvaluateTask(plan=run.plan, home=home or run.home, folder=run.folder)


def reused(told):
    return [event for event in told.of(Noted) if "computed before" in event.text]


@pytest.fixture(autouse=True)
def _forget_base_answers(trained):
    folder = trained("lora").home / "base_scores"
    for path in folder.glob("*") if folder.is_dir() else ():
        path.unlink()


def test_tuning_on_a_plain_task_is_seen_to_help(trained, told):
    run = trained("full")
    found = evaluate(task_of(run), told, threading.Event())
    assert found.metrics["accuracy"]["tuned"] > found.metrics["accuracy"]["base"] + 0.3
    assert found.metrics["perplexity"]["tuned"] < found.metrics["perplexity"]["base"]
    assert found.headline.startswith("Better by")
    assert len(found.rows) == sum(map(sum, found.confusion_tuned)) == 30
    assert read_evaluation(run.folder) == found
    assert found.forgetting.texts == 128
    assert found.linear.keys() == {str(row.row) for row in found.rows}
    said = told.of(Evaluated)[-1]
    assert (said.rows, said.wins, said.losses, said.ties) == (30, found.wins, found.losses, found.ties)
    assert said.metrics == found.metrics


def test_what_is_forgotten_is_not_asked_where_the_plan_leaves_it_out(trained, told):
    task = task_of(trained("lora"))
    plan = task.plan.model_copy(update={"forgetting_check": False})
    found = evaluate(replace(task, plan=plan), told, threading.Event())
    assert found.forgetting is None
    assert not [event for event in told.of(Advanced) if "general texts" in event.what]
    assert evaluate(task, told, threading.Event()).forgetting is not None


def test_progress_reaches_its_end_for_both_models(trained, told):
    evaluate(task_of(trained("lora")), told, threading.Event())
    for what in ("Scoring the untuned model", "Scoring the tuned model"):
        steps = [event for event in told.of(Advanced) if event.what == what]
        assert [step.done for step in steps] == sorted(step.done for step in steps)
        assert steps[-1].done == steps[-1].total == 30


def test_a_second_evaluation_does_not_ask_the_base_again_and_says_so(trained, told):
    run = trained("lora")
    first = evaluate(task_of(run), told, threading.Event())
    assert not reused(told)
    second = evaluate(task_of(run), told, threading.Event())
    assert len(reused(told)) == 1
    assert second == first


def test_damaged_base_answers_are_computed_again(trained, told):
    run = trained("lora")
    first = evaluate(task_of(run), told, threading.Event())
    for kept in (run.home / "base_scores").glob("*.json"):
        kept.write_text(kept.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    assert evaluate(task_of(run), told, threading.Event()) == first
    assert not reused(told)


def test_another_model_under_the_same_name_is_asked_anew(trained, told, tiny_model):
    run = trained("lora")
    evaluate(task_of(run), told, threading.Event())
    weights = tiny_model / "model.safetensors"
    before = weights.read_bytes()
    try:
        weights.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        os.utime(weights, (1, 1))
        evaluate(task_of(run), told, threading.Event())
    finally:
        weights.write_bytes(before)
    assert not reused(told)


def test_answers_that_ended_by_another_rule_are_not_reused(trained, told, monkeypatch):
    from core.backend import generation

    run = trained("lora")
    evaluate(task_of(run), told, threading.Event())
    monkeypatch.setattr(generation, "ROUNDS", generation.ROUNDS + 1)
    evaluate(task_of(run), told, threading.Event())
    assert not reused(told)


def test_a_switched_off_adapter_answers_as_the_base_loaded_by_itself(trained, told):
    from core.backend.model import load_for

    run = trained("lora")
    found = evaluate(task_of(run), told, threading.Event())
    full = trained("full")
    loaded = load_for(run.plan)
    from core.dataset.load import load
    from core.evaluate.answers import Questions

    split = load(run.plan.data, run.home, run.plan.seed)
    alone = ask(loaded, Questions(split.test, split.labels, 96, 8), "Scoring", told, threading.Event())
    said = {row.row: row.base for row in found.rows}
    assert [said[example.row] for example in split.test] == [answer.text for answer in alone]
    assert evaluate(task_of(full), told, threading.Event()).metrics["perplexity"]["base"] == pytest.approx(
        found.metrics["perplexity"]["base"], rel=1e-5
    )


@pytest.mark.parametrize("method", ["adapter", "qlora"])
def test_every_method_is_compared_with_its_own_base(trained, told, method):
    found = evaluate(task_of(trained(method)), told, threading.Event())
    assert found.metrics["perplexity"]["tuned"] < found.metrics["perplexity"]["base"]


def test_the_loss_of_a_label_is_the_loss_of_the_answer(trained, told):
    from core.backend.model import load_tuned
    from core.backend.scoring import answer_losses
    from core.dataset.load import load
    from core.evaluate.answers import Questions

    run = trained("lora")
    split, loaded = load(run.plan.data, run.home, run.plan.seed), load_tuned(run.plan, run.folder)
    questions = Questions(split.test, split.labels[:2], 96, 8)  # the third label is one that training never saw
    answers = ask(loaded, questions, "Scoring", told, threading.Event())
    expected = answer_losses(loaded.model, loaded.tokenizer, split.test, 96)
    assert [answer.tokens for answer in answers] == [tokens for _, tokens in expected]
    assert [answer.nats for answer in answers] == pytest.approx([nats for nats, _ in expected], rel=1e-4)


def test_free_answers_are_generated_and_scored_by_their_words(trained, told):
    run = trained("lora")
    data = run.plan.data.model_copy(
        update={"format": "prompt_completion", "mapping": {"prompt": "text", "completion": "label"}}
    )
    task = replace(task_of(run), plan=run.plan.model_copy(update={"data": data}))
    found = evaluate(task, told, threading.Event())
    assert found.primary == "exact_match"
    assert found.first == ["exact_match", "token_f1"]
    assert {"rouge_l", "chrf", "bleu", "perplexity", "bits_per_byte", "length_ratio"} <= set(found.more)
    assert not found.labels
    assert all(row.base == row.base.strip() for row in found.rows)


def test_a_broken_metric_of_ones_own_is_told_and_spoils_no_other(trained, told, tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text(
        "def score(reference, answer):\n    return answer.no_such_thing", encoding="utf-8"
    )
    (tmp_path / "letters.py").write_text("def score(reference, answer): return len(answer)", encoding="utf-8")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    found = evaluate(task_of(trained("lora")), told, threading.Event())
    assert found.first == ["accuracy", "macro_f1", "letters"]
    assert "broken.py, line 2: AttributeError" in found.problems[0]
    assert found.problems[0] in [note.text for note in told.of(Noted)]
    assert len(found.reliability("tuned")) > 0


def test_a_stop_ends_scoring_and_writes_nothing(trained, told):
    run = trained("lora")
    (run.folder / "evaluation.json").unlink(missing_ok=True)
    stopping = threading.Event()
    told.hook = lambda event: stopping.set() if isinstance(event, Advanced) and event.done else None
    with pytest.raises(Stopped):
        evaluate(task_of(run), told, stopping)
    assert read_evaluation(run.folder) is None
    assert not told.of(Evaluated)


def test_a_plan_without_test_rows_says_that_nothing_was_compared(trained, told):
    run = trained("lora")
    plan = run.plan.model_copy(update={"data": run.plan.data.model_copy(update={"test_share": 0.0})})
    found = evaluate(replace(task_of(run), plan=plan), told, threading.Event())
    assert found.rows == []
    assert "nothing was compared" in found.headline
    assert told.of(Noted)[0].severity == "warning"
