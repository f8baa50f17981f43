"""New rows are looked at one by one or by a threshold, and what is decided stays decided."""

import pytest

from core.augment.card import ColumnCard, TaskCard
from core.augment.review import Candidate, write_candidates
from core.dataset.choice import DataChoice
from core.errors import NotFoundError, SettingsError
from ui import reviewsheet
from ui.reviewing import ACCEPTED, REJECTED, REVIEW, DecidedElsewhereError, Reviewing

CHOICE = DataChoice(
    name="d", source="d", sha256="0", format="labelled_text", mapping={"text": "text", "label": "label"}
)
COLUMNS = (
    ColumnCard(name="text", role="input", shortest=1, middle=2, longest=3),
    ColumnCard(name="label", role="label", shortest=1, middle=1, longest=1),
)
CARD = TaskCard(description="t", family="classification", seeds=9, columns=COLUMNS, labels={"a": 5, "b": 4})


def row(name, **values):
    cells = {"text": f"text of {name}", "label": "a"}
    return Candidate(id=name, cells=cells, teacher="rules", seeds=(1,), prompt="p", **values)


@pytest.fixture
def folder(tmp_path):
    rows = [
        row("good", quality=0.95, taken=True, near_row=3, near_cells={"text": "seed", "label": "a"}, near=0.4),
        row("spare", quality=0.9),
        row("doubtful", quality=0.6, check="quality", reason="quality 0.60 is below 0.85"),
        row("copy", check="copy", reason="asks the same as a row of the data"),
        row("leak", quality=0.99, check="leakage", reason="is like a held-out row"),
    ]
    write_candidates(tmp_path, rows)
    return tmp_path


def names(found, view):
    return [one.id for one in found.of(view)]


def test_doubtful_rows_are_looked_at_and_rejected_ones_stay_visible_with_their_reason(folder):
    found = Reviewing().look(folder)
    assert names(found, REVIEW) == ["good", "spare", "doubtful"]
    assert names(found, ACCEPTED) == ["good"]
    assert set(names(found, REJECTED)) == {"spare", "doubtful", "copy", "leak"}
    told = reviewsheet.candidate(found.at("copy", REJECTED), found, REJECTED)
    assert "asks what another row asks" in told.lower()
    told = reviewsheet.candidate(found.at("good", REVIEW), found, REVIEW)
    assert "row 3" in told
    assert "text of good" in told
    assert "seed" in told


def test_a_decision_is_there_for_another_tab_and_after_a_restart(folder):
    Reviewing().decide(folder, "good", "reject")
    Reviewing().decide(folder, "doubtful", "accept")
    found = Reviewing().look(folder)
    assert names(found, ACCEPTED) == ["doubtful"]
    assert names(found, REVIEW) == ["spare"]
    with pytest.raises(NotFoundError):
        Reviewing().decide(folder, "nobody", "accept")


def test_what_leaks_is_never_accepted_whoever_says_so(folder):
    reviewing = Reviewing()
    reviewing.decide(folder, "leak", "accept")
    reviewing.decide_all(folder, 0.0)
    assert "leak" not in names(reviewing.look(folder), ACCEPTED)


@pytest.mark.parametrize(("least", "accepted"), [(0.0, 3), (0.7, 2), (0.92, 1), (1.0, 0)])
def test_a_threshold_decides_as_many_rows_as_it_told(folder, least, accepted):
    reviewing = Reviewing()
    told = reviewsheet.threshold(reviewing.look(folder), least)
    reviewing.decide_all(folder, least)
    found = reviewing.look(folder)
    assert found.accepted == accepted
    assert f"{accepted} row{'' if accepted == 1 else 's'} would be accepted and {3 - accepted} rejected" in told
    reviewing.forget(folder)
    assert names(reviewing.look(folder), ACCEPTED) == ["good"]


def test_an_edited_row_is_accepted_as_it_was_written_and_refused_where_it_makes_none(folder):
    reviewing = Reviewing()
    with pytest.raises(SettingsError) as refused:
        reviewing.written(folder, "doubtful", {"text": "new", "label": "c"}, CHOICE, CARD)
    assert "label" in refused.value.problems
    entry = reviewing.written(folder, "doubtful", {"text": "new", "label": "b"}, CHOICE, CARD)
    reviewing.edit(folder, "doubtful", entry)
    found = reviewing.look(folder)
    assert found.decisions["doubtful"].cells == {"text": "new", "label": "b"}
    reviewing.decide_all(folder, 0.99)
    assert names(reviewing.look(folder), ACCEPTED) == ["doubtful"], "a threshold leaves what somebody wrote"


def test_going_on_through_a_view_comes_round(folder):
    found = Reviewing().look(folder)
    assert found.beside("good", REVIEW, 1) == "spare"
    assert found.beside("good", REVIEW, -1) == "doubtful"
    assert found.beside("gone", REVIEW, 1) == "good"
    assert found.beside("gone", REVIEW, -1) == "doubtful"
    assert Reviewing().look(None).beside("good", REVIEW, 1) == ""


def test_a_tab_never_overwrites_a_decision_that_it_has_not_shown(folder):
    reviewing = Reviewing()
    seen, stage = reviewing.look(folder).mark("good"), reviewing.stage
    reviewing.decide(folder, "good", "reject", seen)
    assert reviewing.stage != stage, "other tabs hear of it"
    with pytest.raises(DecidedElsewhereError, match="Another tab rejected this row"):
        reviewing.decide(folder, "good", "accept", seen)
    with pytest.raises(DecidedElsewhereError):
        reviewing.decide_all(folder, 0.0, stage)
    with pytest.raises(DecidedElsewhereError):
        reviewing.forget(folder, stage)
    assert names(reviewing.look(folder), ACCEPTED) == []
    reviewing.decide(folder, "good", "reject", seen)  # the same again is no contradiction
    reviewing.decide(folder, "good", "accept", reviewing.look(folder).mark("good"))
    assert names(reviewing.look(folder), ACCEPTED) == ["good"]


def test_an_edit_never_overwrites_what_another_tab_decided_or_wrote_meanwhile(folder):
    reviewing = Reviewing()
    ours, theirs = (
        reviewing.written(folder, "spare", {"text": text, "label": "a"}, CHOICE, CARD) for text in ("ours", "theirs")
    )
    reviewing.edit(folder, "spare", theirs, "")
    with pytest.raises(DecidedElsewhereError, match="edited and accepted"):
        reviewing.edit(folder, "spare", ours, "")
    assert reviewing.look(folder).decisions["spare"].cells["text"] == "theirs"
    reviewing.edit(folder, "spare", ours, reviewing.look(folder).mark("spare"))
    assert reviewing.look(folder).decisions["spare"].cells["text"] == "ours"
    mark = reviewing.look(folder).mark("spare")
    reviewing.forget(folder)
    with pytest.raises(DecidedElsewhereError, match="took back"):
        reviewing.decide(folder, "spare", "reject", mark)
