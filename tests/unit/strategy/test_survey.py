"""What stands beside the matrix: the survey, the neighbours of a band, and where the sources disagree."""

import pytest

from core.dataset.formats import FORMATS
from core.strategy import claimed, matrix, survey
from core.strategy.matrix import cell_for
from core.strategy.methods import METHODS
from core.strategy.neighbours import neighbours


def test_the_rows_of_each_task_follow_each_other_and_say_where_they_stand():
    tasks: dict[str, list[survey.SurveyRow]] = {}
    for row in survey.survey():
        tasks.setdefault(row.task, []).append(row)
    assert {"text classification", "sequence labelling", "text comparison", "text generation"} == set(tasks)
    for rows in tasks.values():
        assert rows[0].at_least == 0
        assert rows[-1].below is None
        assert [row.below for row in rows[:-1]] == [row.at_least for row in rows[1:]]
        for row in rows:
            assert "arXiv 2411.09539" in row.source
            assert row.runs in METHODS
            assert set(row.lacks) <= set(survey.terms())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("count", [0, 249, 250, 999, 1000, 9999, 10_000, 99_999, 100_000, 5_000_000])
def test_every_format_has_its_row_and_that_of_models_that_write(name, count):
    rows = survey.rows_for(name, count)
    assert {row.task for row in rows} == {survey.task_of(name), survey.generation()}
    assert len(rows) == len({row.task for row in rows})


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("labelled_text", "text classification"),
        ("text_pair", "text comparison"),
        ("chat", "text generation"),
        ("a format that nobody has written yet", "text generation"),
    ],
)
def test_the_task_follows_from_the_format(name, task):
    assert survey.task_of(name) == task


def test_the_neighbours_say_what_they_would_change():
    assert neighbours(cell_for(350)) == (
        "Below 100 examples, the rank falls to 8 and synthetic examples become necessary.",
        "From 500 examples on, synthetic examples become optional; "
        "from 1,000, LoRA of rank 16 takes over and synthetic examples are left out.",
    )
    assert [told.split()[0] for told in neighbours(matrix.matrix()[0])] == ["From"]
    assert [told.split()[0] for told in neighbours(matrix.matrix()[-1])] == ["Below"]


@pytest.mark.parametrize("cell", matrix.matrix(), ids=lambda cell: cell.name)
def test_no_neighbour_changes_nothing(cell):
    for told in neighbours(cell):
        assert ", ." not in told
        assert told.endswith(".")


def test_a_disagreement_shows_what_each_source_says_and_what_is_done_here():
    found = survey.disagreements()
    assert "full fine-tuning" in found[0].about
    told = " ".join(it.what for it in found[0].says)
    assert all(count in told for count in ("1,000", "10,000", "100,000"))
    for one in found:
        assert one.about.endswith("?")
        assert one.here.endswith(".")
        assert one.says
        assert all(it.source.startswith(tuple(matrix.documents().values())) for it in one.says)


def test_the_claims_stand_beside_a_forecast_of_the_same_work():
    ours = claimed.forecasts()
    assert set(ours) == set(matrix.claims())
    for method, claim in matrix.claims().items():
        assert ours[method] == pytest.approx(claim.memory_7b_gb, rel=0.35)
    assert "7 B" in claimed.claimed_for()
    assert matrix.claims_source().endswith("method comparison")
