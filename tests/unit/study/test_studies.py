"""Studies really trained: two variants, what was done before, stop and go on, and what a killed program left."""

import subprocess
import sys
import time
from html import escape
from pathlib import Path

import pytest

from core.engine import Engine
from core.errors import BusyError, NotFoundError, SettingsError
from core.events import RunState
from core.study.outcome import UNTUNED
from core.study.study import read_id
from tests.unit.study.conftest import plan_for, wait
from ui.command.commands import perform
from ui.command.parser import build_parser

ROOT = Path(__file__).resolve().parents[3]


def test_two_variants_are_trained_and_compared_and_an_equal_run_is_taken_from_there(engine, write_data, tiny_model):
    plan = plan_for(engine, write_data(), tiny_model)
    planned = engine.studies.plan("rank", plan, ["2", "4", "2"])
    assert engine.studies.outlook(planned).runs == 2
    study = engine.studies.begin(planned)
    report = wait(engine, study.number)
    untuned, *variants = report.outcomes
    assert untuned.label == UNTUNED
    assert [(it.label, it.state) for it in variants] == [("rank 2", RunState.DONE), ("rank 4", RunState.DONE)]
    for it in variants:
        assert it.interval[0] <= it.score <= it.interval[1]
        assert it.seconds > 0
        assert engine.store.run(it.run).name.startswith(f"{study.id} {it.label}: Vary the rank: colours")
    assert variants[1].trainable == 2 * variants[0].trainable
    assert report.primary == "accuracy"
    assert report.finding.headline
    assert (report.done, report.can_go_on) == (2, False)

    again = engine.studies.plan("rank", plan, ["4", "8"])
    outlook = engine.studies.outlook(again)
    assert (outlook.runs, outlook.reused) == (1, ("rank 4",))
    second = engine.studies.begin(again)
    assert (second.variants[0].run, second.variants[0].reused) == (variants[1].run, True)
    # Stopping a study leaves alone what is not its own.
    engine.studies.stop(second.number)
    report = wait(engine, second.number)
    assert [it.state for it in report.outcomes if it.run] == [RunState.DONE, RunState.STOPPED]
    assert report.can_go_on
    assert engine.studies.take_up() == []
    engine.studies.go_on(second.number)
    report = wait(engine, second.number)
    assert [it.state for it in report.outcomes if it.run] == [RunState.DONE, RunState.DONE]
    assert len(engine.runs()) == 3

    # A run that was deleted is run again, and only that.
    engine.delete(variants[0].run)
    assert "deleted" in engine.studies.report(study.number).outcomes[1].problem
    engine.studies.stop(study.number)
    engine.studies.delete(study.number)
    assert [it.number for it in engine.studies.all()] == [second.number]
    assert len(engine.runs()) == 2


def test_what_a_killed_program_left_is_gone_on_with_and_what_is_done_stays(tmp_path, write_data, tiny_model):
    home, data = tmp_path / "home", write_data()
    words = [sys.executable, "-m", "tests.unit.study.killed", str(home), str(data), str(tiny_model)]
    process = subprocess.Popen(words, cwd=ROOT)
    engine = Engine(home, launcher="thread")
    try:
        until = time.monotonic() + 240
        while not any(summary.row.state is RunState.DONE for summary in engine.runs()):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
        process.wait()
        before = {summary.row.id: summary.row.updated_at for summary in engine.runs() if summary.evaluated}
        for study in engine.studies.take_up():
            assert study.id == "s1"
        engine.runner  # noqa: B018 - takes what waits
        report = wait(engine, 1)
        runs = {it.run for it in report.outcomes if it.run}
        assert [it.state for it in report.outcomes if it.run] == [RunState.DONE] * 3
        assert {summary.row.id for summary in engine.runs()} == runs
        after = {summary.row.id: summary.row.updated_at for summary in engine.runs()}
        assert before.items() <= after.items()
    finally:
        process.kill()
        process.wait()
        engine.close()


def test_a_study_that_cannot_be_is_refused_with_the_reason(engine, write_data, tiny_model):
    plan = plan_for(engine, write_data(), tiny_model)
    with pytest.raises(SettingsError, match="2 to 40 variants"):
        engine.studies.plan("rank", plan, ["4"])
    with pytest.raises(SettingsError, match="'x' is no whole number from 1 on"):
        engine.studies.plan("rank", plan, ["4", "x"])
    with pytest.raises(SettingsError, match="rows: 5,000 were asked for"):
        engine.studies.plan("rows", plan, ["20", "5000"])
    with pytest.raises(NotFoundError, match="Did you mean 'lora'"):
        engine.studies.plan("methods", plan, ["lora", "lorra"])
    full = engine.read_plan(plan.model_dump() | {"method": "full", "options": {}})
    with pytest.raises(SettingsError, match="has no rank"):
        engine.studies.plan("rank", full)
    with pytest.raises(NotFoundError, match="no study s7"):
        engine.studies.find(read_id("s7"))


def test_a_study_that_waits_cannot_be_forgotten_and_each_variant_has_one_run(engine, write_data, tiny_model):
    engine.queue.pause()
    plan = plan_for(engine, write_data(), tiny_model)
    study = engine.studies.begin(engine.studies.plan("rank", plan, ["2", "4"]))
    assert [waiting.job.run_id for waiting in engine.queue.waiting()] == [it.run for it in study.variants]
    with pytest.raises(BusyError, match="goes on"):
        engine.studies.delete(study.number)
    engine.studies.go_on(study.number)
    assert len(engine.queue) == 2
    engine.studies.stop(study.number)
    assert len(engine.queue) == 0
    assert engine.studies.report(study.number).is_over


def test_a_study_is_told_as_a_document_with_its_figure_and_how_to_do_it_again(engine, write_data, tiny_model):
    plan = plan_for(engine, write_data(), tiny_model)
    study = engine.studies.begin(engine.studies.plan("rank", plan, ["2", "4"]))
    waiting = engine.studies.written(study.number, "md")
    assert "No finding yet: 0 of 2" in waiting
    report = wait(engine, study.number)
    page = engine.studies.written(study.number, "html")
    for wanted in (
        escape(report.finding.advice, quote=True),
        "<svg viewBox",
        "class='reach'",
        plan.data.sha256,
        "fewtune study plan.yaml --kind rank --values 2,4",
        *(it.run for it in report.outcomes if it.run),
    ):
        assert wanted in page
    assert str(tiny_model) not in page
    assert "| rank 2 |" in engine.studies.written(study.number, "md")
    with pytest.raises(NotFoundError, match="no report as 'pdf'"):
        engine.studies.written(study.number, "pdf")


def test_the_command_of_reports_writes_that_of_a_study(engine, write_data, tiny_model, tmp_path):
    study = engine.studies.begin(engine.studies.plan("rank", plan_for(engine, write_data(), tiny_model), ["2", "4"]))
    engine.studies.stop(study.number)
    wait(engine, study.number)
    out = tmp_path / "study.md"
    assert perform(engine, build_parser().parse_args(["report", study.id, "--out", str(out)])) == 0
    assert out.read_text().startswith("# Vary the rank")
    with pytest.raises(NotFoundError, match="no study s99"):
        perform(engine, build_parser().parse_args(["report", "s99"]))
