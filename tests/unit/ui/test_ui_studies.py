from dataclasses import replace

import pytest

from core.dataset.choice import DataChoice
from core.events import RunState
from core.strategy.plan import Plan
from core.study.curve import learning_curve
from core.study.kind import Finding
from core.study.outcome import Outcome
from core.study.report import Outlook, Report
from core.study.study import Study, Variant
from ui import studyplots, studysheet


@pytest.fixture
def study() -> Study:
    data = DataChoice(name="clauses", source="abc", sha256="0" * 64, format="labelled_text", mapping={})
    plan = Plan(data=data, model="starter", method="lora")
    variants = tuple(Variant(label=f"{n} rows", at=float(n), plan=plan, run=f"r{n}") for n in (50, 100, 200))
    return Study(number=3, name="Vary the number of examples", kind="rows", plan=plan, variants=variants)


def scored(*scores: float) -> tuple[Outcome, ...]:
    untuned = Outcome(label="Untuned", score=0.2, interval=(0.15, 0.25), seconds=0.0)
    sizes = zip((50, 100, 200), scores, strict=False)
    tuned = [
        Outcome(
            label=f"{n} rows", at=float(n), run=f"r{n}", state=RunState.DONE, score=s, interval=(s - 0.05, s + 0.05)
        )
        for n, s in sizes
    ]
    return untuned, *tuned


def test_before_it_begins_a_study_says_what_is_unknown_and_what_is_left_out(study):
    told = Outlook(
        runs=2, reused=("50 rows",), left_out={"<b>": "It needs 80 GiB."}, seconds=None, unmeasured=study.variants[:1]
    )
    said = studysheet.outlook(study, told)
    assert "time, not known yet" in said
    assert "80 GiB" in said
    assert "<b>" not in said


def test_a_study_that_goes_on_says_how_far_it_is(study):
    waiting = Outcome(label="200 rows", at=200.0, run="r200", state=RunState.QUEUED)
    working = Outcome(label="100 rows", at=100.0, run="r100", state=RunState.TRAINING)
    report = Report(study=study, outcomes=(*scored(0.5), working, waiting), primary="accuracy", finding=None)
    said = studysheet.headline(report)
    assert "1 of 3 runs have a score" in said
    assert "1 run waiting" in said


def test_the_figure_is_titled_with_the_finding_and_draws_intervals_curve_and_untuned_model(study):
    rows = {50.0: [0.0, 1.0] * 10, 100.0: [1.0, 1.0, 0.0] * 6 + [1.0, 1.0], 200.0: [1.0] * 18 + [0.0] * 2}
    curve = learning_curve({50.0: 0.5, 100.0: 0.7, 200.0: 0.9}, rows, (0.0, 1.0))
    finding = Finding(headline="100 more rows are worth about 3 points", advice="Collect more.", curve=curve)
    report = Report(study=study, outcomes=scored(0.5, 0.7, 0.9), primary="accuracy", finding=finding)
    figure = studyplots.figure(report)
    title = figure["layout"]["title"]["text"].split("<br>")
    assert " ".join(title) == "100 more rows are worth about 3 points"
    assert max(map(len, title)) <= studyplots.LINE
    band, fitted, points = figure["data"]
    assert points["y"] == [50.0, 70.0, 90.0]
    assert points["error_y"]["array"] == pytest.approx([5.0] * 3)
    assert band["fill"] == "toself"
    assert max(fitted["x"]) > 200
    assert figure["layout"]["shapes"][0]["y0"] == 20.0


def test_a_figure_without_scores_says_what_will_come(study):
    report = Report(study=replace(study, variants=()), outcomes=(), primary="", finding=None)
    assert studyplots.figure(report)["data"] == []
