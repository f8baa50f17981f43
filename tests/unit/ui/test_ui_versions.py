"""The data page's handlers over versions that another tab has changed, damaged or deleted."""

import warnings

import pytest

from core.engine import Engine
from core.errors import NotFoundError
from ui.desk import Desk
from ui.pages.data import deleting, health

ROWS = (
    "text,label\n"
    + "".join(f"this is text number {n},{'ab'[n % 2]}\n" for n in range(30))
    + "this is text number 3,b\n"
)


@pytest.fixture
def desk(tmp_path):
    engine = Engine(tmp_path / "home", launcher="thread")
    (tmp_path / "data.csv").write_text(ROWS)
    desk = Desk(engine)
    desk.take(engine.open_data(tmp_path / "data.csv"))
    yield desk
    engine.close()


def test_a_mend_that_was_shown_for_other_rows_is_not_applied(desk):
    before = desk.choice()
    with pytest.warns(UserWarning, match="rows have changed since this was shown"):
        health.on_applied(desk, None, ("duplicate-row", "drop", "0123456789ab"))
    assert desk.choice() == before
    assert len(desk.engine.library.history(desk.engine.source(before.source))) == 1


def test_a_sheet_whose_parents_are_gone_or_damaged_is_still_drawn(desk):
    first = desk.choice()
    mended = desk.engine.library.mend(first, [("duplicate-row", "")]).choice
    desk.turn_to(mended)
    origin = desk.engine.home / "datasets" / first.source / "origin.json"
    origin.write_text(origin.read_text()[:30])
    sheet = desk.look(mended)
    assert sheet.report.rows == 30
    assert [version.id for version in desk.engine.library.history(sheet.source)] == [mended.source]
    desk.turn_to(first)
    assert "is damaged" in desk.look(first).error.what


def test_deleted_data_are_no_longer_chosen_remembered_or_read_as_before(desk):
    choice = desk.choice()
    desk.read_as(choice, ("text", "label"), instruction="Sort them.")
    desk.look(desk.choice())
    assert desk.readings.reading_of_version(choice.source)
    library = desk.engine.library
    desk.forget_data(library.forget(desk.engine.source(choice.source), ()))
    assert desk.choice() is None
    assert desk.readings.report(choice) is None
    assert desk.readings.reading_of_version(choice.source) is None
    assert desk.readings.reading_of_columns(("text", "label")) is None
    with pytest.raises(NotFoundError):
        desk.engine.source(choice.source)


def test_a_sample_is_not_offered_for_deletion(desk):
    desk.take(desk.engine.open_data("legal_clauses"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not isinstance(deleting.on_delete_wanted(desk), list)
