"""The page of studies: what is not known is measured, what is left is told, and an address leads to one study."""

from dataclasses import replace

import pytest

from core.engine import Engine
from core.errors import MachineError, Stopped
from core.events import RunState
from core.study.outcome import Outcome
from core.study.report import together
from tests.unit.ui.test_ui_strategy_time import TIME
from ui import studysheet, studytime
from ui.desk import Desk
from ui.measuring import Measuring
from ui.pages import studies
from ui.shell import on_opened
from ui.studytime import Left
from ui.tab import DATA, STUDIES, TRAIN


class Probe:
    """An inquiry that ends when a test wants it."""

    def __init__(self):
        self.end = None

    def answer(self, timeout):
        if self.end is None:
            raise TimeoutError
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    def stop(self):
        self.end = Stopped()


class Works:
    """Of an engine, what a measurement asks."""

    def __init__(self):
        self.known, self.probes = set(), {}

    def active(self):
        return None

    def time_forecast(self, plan):
        return TIME if plan in self.known else None

    def begin_probe(self, plan):
        self.probes[plan] = Probe()
        return self.probes[plan]


def test_what_is_measured_after_another_is_only_what_is_still_unknown_then():
    works = Works()
    measuring = Measuring(works)
    measuring.begin("a", "b", "c")
    assert (measuring.look()[0], measuring.waiting) == ("a", 2)
    works.known = {"a", "b"}
    works.probes["a"].end = "speed"
    assert (measuring.look()[0], measuring.waiting) == ("c", 0)
    works.probes["c"].end = "speed"
    assert measuring.look() is None
    assert list(works.probes) == ["a", "c"]


@pytest.mark.parametrize("end", [MachineError("It ended.", "Try again."), Stopped()])
def test_after_a_measurement_that_failed_or_was_stopped_no_other_begins(end):
    works = Works()
    measuring = Measuring(works)
    measuring.begin("a", "b")
    works.probes["a"].end = end
    assert measuring.look() is None
    assert measuring.look() is None
    assert list(works.probes) == ["a"]
    assert measuring.waiting == 0
    assert measuring.error is not None or measuring.said


def test_a_run_that_begins_ends_all_of_them():
    works = Works()
    measuring = Measuring(works)
    measuring.begin("a", "b")
    assert measuring.give_way()
    assert measuring.look() is None


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (Left(), ""),
        (Left(unknown=2), "time left: known once one has run"),
        (Left(60, 240, 2), "1 min to 4 min left"),
        (Left(60, 60, 1, 1), "at least 1 min left, 1 run not measured yet"),
        (Left(60, 60, 1, behind=True), "about 1 min left, after the run that is at work"),
    ],
)
def test_what_is_left_of_a_study_is_told_as_a_range_and_with_what_is_unknown(left, told):
    assert left.told == told


@pytest.fixture
def desk(tmp_path):
    engine = Engine(tmp_path / "home", launcher="thread")
    desk = Desk(engine)
    desk.take(engine.open_data("legal_clauses"))
    yield desk
    desk.measuring.stop()
    engine.close()


def begun(desk, *ranks):
    """A study of two ranks, of which the first run is at work and the second waits."""
    engine = desk.engine
    plan = engine.advise(desk.choice(desk.draft()), "starter").plan
    planned = engine.studies.plan("rank", plan, ranks)
    jobs = [engine.store.add_run(it.plan.model_dump(mode="json"), it.label) for it in planned.variants]
    variants = tuple(replace(it, run=job.run_id) for it, job in zip(planned.variants, jobs, strict=True))
    number = engine.store.add_study(replace(planned, variants=variants).as_json())
    return engine.studies.find(number)


def test_the_forecasts_of_a_studys_waiting_runs_add_up(desk, monkeypatch):
    study = begun(desk, "4", "8")
    states = (RunState.PREPARING, RunState.QUEUED)
    found = tuple(
        Outcome(label=it.label, run=it.run, state=state) for it, state in zip(study.variants, states, strict=True)
    )
    report = replace(desk.engine.studies.report(study.number), outcomes=found)
    assert studytime.left(desk.engine, report, desk.view).told == "time left: known once one has run"
    monkeypatch.setattr(desk.engine, "time_forecast", lambda plan: TIME)
    assert studytime.left(desk.engine, report, desk.view) == Left(180.0, 7200.0, 2)
    assert "3 min to 2 h left" in studysheet.headline(report, studytime.left(desk.engine, report, desk.view).told)
    desk.engine.queue.allow(at_once=2)
    assert studytime.left(desk.engine, report, desk.view) == Left(90.0, 7200.0, 2)


def test_runs_side_by_side_end_no_earlier_than_the_longest_of_them():
    assert together([(10.0, 20.0), (100.0, 200.0)], 2) == (100.0, 220.0)
    assert together([(10.0, 20.0), (100.0, 200.0)], 1) == (110.0, 220.0)
    assert together([], 2) == (0.0, 0.0)


def test_an_address_leads_to_one_study_and_says_where_there_is_none(desk):
    first, second = begun(desk, "4", "8"), begun(desk, "16", "32")
    assert on_opened(desk, {"study": first.id})[1:3] == (STUDIES, first.id)
    assert on_opened(desk, {"study": " s 1", "step": "3"})[1:3] == (TRAIN, "s1")
    assert on_opened(desk, {})[1] in {DATA, TRAIN}
    assert studies.on_looked(desk, STUDIES, "")[0] == second.id
    shown = studies.on_looked(desk, STUDIES, first.id)
    assert (shown[0], shown[2].value) == (first.id, first.number)
    for odd in ("s99", "<img src=x>", "../..", "s" * 400):
        study, head, *_ = studies.on_looked(desk, STUDIES, odd)
        assert "There is no study" in head
        assert "<img" not in head
        assert study == odd
    assert desk.engine.studies.of(first.variants[1].run).id == first.id
    assert desk.engine.studies.of("nothing") is None
