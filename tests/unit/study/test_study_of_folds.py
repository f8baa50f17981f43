"""Cross-validation as a study: every row is tested once, and the finding is that of all rows."""

import random
from dataclasses import replace

import pytest

from core.errors import SettingsError
from core.evaluate.metrics import METRICS
from core.evaluate.metrics.metric import Answer
from core.events import RunState
from core.study.kind import Results
from core.study.kinds import KINDS
from core.study.kinds.folds import pool
from core.study.outcome import UNTUNED, Outcome
from core.study.study import Variant
from tests.unit.study.conftest import plan_for, wait
from ui import studyplots, studysheet

METRIC = METRICS["accuracy"]


def part(number, before, after, rows=20):
    """A part of `rows` rows, of which so many were right before tuning and after it."""

    def hits(right):
        return {("p", number * rows + row): float(row < right) for row in range(rows)}

    return Outcome(
        label=f"part {number} of 3", run=f"run{number}", state=RunState.DONE, score=after / rows, rows=hits(after),
        base_rows=hits(before), seconds=5.0,
    )  # fmt: skip


def answered(number, before, after, metric):
    """A part in which both models said so to its rows."""
    keys = [(f"part {number}", row) for row in range(len(after))]
    return Outcome(
        label=f"part {number}",
        run=f"run{number}",
        state=RunState.DONE,
        score=metric.aggregate(after),
        rows={key: metric.score_row(one) or 0.0 for key, one in zip(keys, after, strict=True)},
        base_rows={key: metric.score_row(one) or 0.0 for key, one in zip(keys, before, strict=True)},
        answers=dict(zip(keys, after, strict=True)),
        base_answers=dict(zip(keys, before, strict=True)),
    )


def said(dice, rows, right, nats):
    """Answers with labels of unequal length and frequency: so many are right, and so many nats a letter they take."""
    made = []
    for _ in range(rows):
        reference = dice.choice(["a", "a", "a", "bcd", "a rather long label"])
        text = reference if dice.random() < right else "bcd"
        made.append(Answer(reference, text, nats=nats * dice.uniform(0.5, 2) * len(reference), tokens=len(reference)))
    return made


def concluded(plan, *parts, metric=METRIC):
    variants = [Variant(label=it.label, at=None, plan=plan) for it in parts]
    found = pool([Outcome(label=UNTUNED, score=0.0), *parts], metric)
    return found, KINDS["folds"].conclude(
        Results(plan=plan, variants=variants, outcomes=found, measure=metric, span=metric.range)
    )


def test_every_row_is_tested_once_by_a_model_that_did_not_see_it(engine, write_data, tiny_model):
    plan = plan_for(engine, write_data(), tiny_model)
    planned = engine.studies.plan("folds", plan, ["3"])
    assert [it.value for it in planned.variants] == ["1/3", "2/3", "3/3"]
    assert engine.studies.outlook(planned).runs == 3
    study = engine.studies.begin(planned)
    report = wait(engine, study.number)
    untuned, together, *parts = report.outcomes
    assert (untuned.label, together.label, len(parts)) == (UNTUNED, "all parts", 3)
    everything = engine.split(plan.data, plan.seed)
    assert len(together.rows) == len(everything.train) + len(everything.validation) + len(everything.test)
    assert sum(len(it.rows) for it in parts) == len(together.rows) == len(untuned.rows)
    right = sum(sum(it.rows.values()) for it in parts)
    assert together.score == pytest.approx(right / len(together.rows))
    assert together.interval[0] <= together.score <= together.interval[1]
    assert (report.done, report.is_over, report.can_go_on) == (3, True, False)
    assert f"{len(together.rows)} rows" in report.finding.headline
    for form in ("html", "md"):
        told = engine.studies.written(study.number, form)
        assert "all parts" in told
        assert "--kind folds --values 1/3,2/3,3/3" in told
    names = studyplots.figure(report)["data"][0]["x"]
    assert names == [UNTUNED, "all parts", "part 1 of 3", "part 2 of 3", "part 3 of 3"]
    assert "all parts" in studysheet.table(report)


def test_data_with_test_rows_of_their_own_are_not_divided_into_parts(engine, write_data, tiny_model, tmp_path):
    both = tmp_path / "both"
    both.mkdir()
    head, *lines = write_data().read_text().splitlines()
    for name, some in (("train.csv", lines[:-12]), ("test.csv", lines[-12:])):
        (both / name).write_text("\n".join([head, *some]))
    with pytest.raises(SettingsError, match="a test file of their own"):
        engine.studies.plan("folds", plan_for(engine, both, tiny_model))


@pytest.mark.parametrize("typed", ["1", "21", "none", "0/5", "6/5", "1/1", "²", "2/5/7"])
def test_what_is_no_number_of_parts_is_refused(engine, write_data, tiny_model, typed):
    with pytest.raises(SettingsError, match="from 2 to 20"):
        engine.studies.plan("folds", plan_for(engine, write_data(), tiny_model), [typed])


def test_the_finding_says_whether_tuning_helps_over_all_rows(engine, write_data, tiny_model):
    plan = plan_for(engine, write_data(), tiny_model)
    found, finding = concluded(plan, part(0, 4, 15), part(1, 5, 14), part(2, 3, 18))
    assert finding.headline.startswith("On 60 rows, each tested once, tuning makes it better by 58 points (")
    assert finding.adopt == plan
    assert finding.notes[0] == "One part alone says from 70.0 % to 90.0 %."
    assert found[0].score == pytest.approx(12 / 60)

    _, worse = concluded(plan, part(0, 15, 4), part(1, 14, 5), part(2, 18, 3))
    assert worse.headline.startswith("On 60 rows, each tested once, tuning makes it worse by 58 points (")
    assert worse.adopt is None

    _, open_ = concluded(plan, part(0, 10, 11), part(1, 9, 9), part(2, 12, 11))
    assert open_.headline.startswith("60 rows, each tested once, cannot tell whether tuning helps: ")
    assert open_.adopt is None


def test_parts_without_a_score_are_not_counted_as_tested(engine, write_data, tiny_model):
    plan = plan_for(engine, write_data(), tiny_model)
    failed = Outcome(label="part 2 of 3", run="run9", state=RunState.FAILED, problem="Out of memory.")
    _, finding = concluded(plan, part(0, 4, 15), failed, part(2, 3, 18))
    assert finding.headline.startswith("On 40 rows of 2 parts, tuning makes it better by")
    _, none = concluded(plan, part(0, 4, 15), failed)
    assert none is None


@pytest.mark.parametrize("name", ["bits_per_byte", "perplexity", "macro_f1"])
def test_a_metric_that_is_no_mean_of_rows_is_measured_over_all_rows_at_once(engine, write_data, tiny_model, name):
    plan, metric, dice = plan_for(engine, write_data(), tiny_model), METRICS[name], random.Random(3)
    after = [said(dice, rows, right=0.95, nats=0.4) for rows in (8, 30, 61)]
    before = [[replace(one, text=dice.choice(["a", "bcd"]), nats=3 * one.nats) for one in answers] for answers in after]
    parts = [answered(number, *both, metric) for number, both in enumerate(zip(before, after, strict=True))]
    (untuned, together, *_), finding = concluded(plan, *parts, metric=metric)
    everything = [[one for answers in side for one in answers] for side in (before, after)]
    assert (untuned.score, together.score) == pytest.approx([metric.aggregate(side) for side in everything])
    assert together.score != pytest.approx(sum(together.rows.values()) / len(together.rows), rel=0.01)
    for one in (untuned, together):
        assert one.interval[0] < one.score < one.interval[1]
    gain = abs(together.score - untuned.score)
    assert finding.headline.startswith("On 99 rows, each tested once, tuning makes it better by ")
    assert (f"{gain:.3g}" if metric.unit != "%" else f"{100 * gain:.0f} points") in finding.headline
    assert not any("rows' own" in note for note in finding.notes)


def test_where_not_all_answers_were_kept_the_mean_of_the_rows_is_taken_and_it_says_so(engine, write_data, tiny_model):
    plan, metric, dice = plan_for(engine, write_data(), tiny_model), METRICS["perplexity"], random.Random(3)
    after = [said(dice, rows, right=0.9, nats=0.4) for rows in (8, 30)]
    before = [[replace(one, nats=3 * one.nats) for one in answers] for answers in after]
    whole, other = (answered(number, *both, metric) for number, both in enumerate(zip(before, after, strict=True)))
    unknown = {key: replace(one, nats=float("nan"), tokens=0) for key, one in other.answers.items()}
    for cut in (replace(other, answers=unknown), replace(other, answers=None)):
        found, finding = concluded(plan, whole, cut, metric=metric)
        assert found[1].score == pytest.approx(sum(found[1].rows.values()) / 38)
        assert finding.notes[0].startswith("Perplexity of all parts is the mean of their rows' own: ")
