import csv
import io
import json
import time
import zipfile

import psutil
import pyarrow.parquet as pq
import pytest

from core.dataset.files.source import find_source
from core.errors import DataError, MachineError, NotFoundError, SettingsError, Stopped
from core.job import inquiry as inquiries
from core.job.inquiry import Inquiry
from core.job.library import Library

ROWS = [(f"this is text number {number}, and it differs", "card" if number % 2 else "bill") for number in range(40)]


@pytest.fixture
def library(tmp_path):
    (tmp_path / "home").mkdir()
    return Library(tmp_path / "home")


@pytest.fixture
def make(tmp_path, library):
    def make(rows, name="data.csv"):
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
        source = library.open(tmp_path / name)
        return source, library.choose(source)

    return make


def test_a_process_of_its_own_gives_the_same_report(library, make):
    source, choice = make([*ROWS, ROWS[0]])
    inquiry = library.begin_check(choice, "starter")
    report = inquiry.answer(60)
    assert report == library.check(source, choice, "starter")
    assert report.tokens.limit == 1024
    assert inquiry.is_over


def test_what_a_process_of_its_own_refuses_is_said_in_the_same_words(library, make, tmp_path):
    _, choice = make(ROWS)
    with pytest.raises(SettingsError) as refused:
        library.begin_check(choice.model_copy(update={"mapping": {"text": "nowhere", "label": "label"}})).answer(60)
    assert "mapping.text" in refused.value.problems
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="empty"):
        library.begin_open([str(tmp_path / "empty.csv")]).answer(60)


def test_a_file_can_be_taken_in_by_a_process_of_its_own(library, make, tmp_path):
    make(ROWS)
    opened = library.begin_open([tmp_path / "data.csv"]).answer(60)
    source = library.find(opened.source)
    assert source.name == "data.csv"
    assert opened == library.open_up(source)
    assert opened.choice.format == "labelled_text"


def test_stopping_ends_the_process_at_once(library, make):
    _, choice = make(ROWS * 200)
    inquiry = library.begin_check(choice)
    process = psutil.Process(inquiry._process.pid)
    inquiry.stop()
    inquiry.stop()
    with pytest.raises(Stopped):
        inquiry.answer(60)
    assert not process.is_running()


def test_a_process_that_the_system_ends_leaves_a_sentence(library, make):
    _, choice = make(ROWS)
    inquiry = library.begin_check(choice)
    inquiry._process.kill()
    with pytest.raises(MachineError, match="ended by the system"):
        inquiry.answer(60)


def test_a_process_that_ends_before_it_was_asked_leaves_the_same_sentence(library, make, monkeypatch):
    _, choice = make(ROWS)

    def stillborn(*given):
        process = spawn(*given)
        process.kill()
        process.wait()
        return process

    spawn = inquiries.spawn
    monkeypatch.setattr(inquiries, "spawn", stillborn)
    with pytest.raises(MachineError, match="ended by the system"):
        library.begin_check(choice).answer(20)


def test_the_process_goes_when_the_asker_is_gone(library, make):
    _, choice = make(ROWS)
    inquiry = library.begin_check(choice)
    process = psutil.Process(inquiry._process.pid)
    inquiry._process.stdin.close()
    process.wait(60)
    until = time.monotonic() + 60
    while not inquiry.is_over and time.monotonic() < until:
        time.sleep(0.05)
    assert inquiry.is_over


def test_rows_are_shown_as_the_model_will_see_them(library, make):
    _, choice = make(ROWS)
    rows = library.begin_render(choice, "starter", [2, 5]).answer(120)
    assert [row.row for row in rows] == [2, 5]
    assert [piece.text for piece in rows[0].pieces if piece.learned] == ["card", "</s>"]


def test_a_mend_makes_a_version_and_the_upload_stays(library, make):
    source, choice = make([*ROWS, ROWS[0], ROWS[1]])
    mended = library.mend(choice, [("duplicate-row", "")])
    version = library.find(mended.choice.source)
    assert (version.parent, mended.choice.mapping) == (source.id, choice.mapping)
    assert len(mended.acts) == 1
    assert "2 rows" in mended.acts[0]
    report = library.check(version, mended.choice)
    assert report.rows == 40
    assert "duplicate-row" not in {finding.name for finding in report.findings}
    assert library.check(source, choice).rows == 42
    assert [entry.id for entry in library.history(version)] == [source.id, version.id]
    assert library.history(source) == library.history(version)


def test_rows_keep_the_numbers_that_they_have_in_the_upload(library, make):
    _, choice = make([ROWS[0], *ROWS, ("", "card")])
    once = library.mend(choice, [("duplicate-row", "drop")]).choice
    report = library.check(library.find(once.source), once)
    (empty,) = [finding for finding in report.findings if finding.name == "empty-field"]
    assert empty.rows == (42,)
    assert report.preview_rows[:3] == (1, 3, 4)


def test_all_safe_mends_are_one_click(library, make):
    source, choice = make([*ROWS, ROWS[0], ("", "card")])
    mended = library.begin_mend(choice, [("safe", "")]).answer(60)
    report = library.check(library.find(mended.choice.source), mended.choice)
    assert report.rows == 40
    assert not [finding for finding in report.findings if finding.mends and finding.mends[0].safe]
    assert library.find(source.id) == source


def test_a_mend_that_nobody_offers_is_refused_with_those_that_are(library, make):
    _, choice = make([*ROWS, ROWS[0]])
    with pytest.raises(NotFoundError, match="duplicate-row") as refused:
        library.mend(choice, [("no-such-thing", "")])
    assert "duplicate-row" in str(refused.value)
    with pytest.raises(NotFoundError, match="no mend 'burn'"):
        library.mend(choice, [("duplicate-row", "burn")])


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_version_can_be_written_in_three_forms_and_read_again(form, library, make, tmp_path):
    source, _ = make([*ROWS, ("=1+1", "card"), ("a\nb", "bill")])
    (out,) = library.write(source, tmp_path / f"out.{form}")
    again = library.open(out)
    rows = [tuple(row.values()) for row in library.check(again, library.choose(again)).preview]
    assert rows == ROWS[:10]
    assert library.check(again).rows == 42


def test_a_cell_that_a_spreadsheet_would_run_is_written_harmlessly(library, make, tmp_path):
    source, _ = make([*ROWS, ("=HYPERLINK(1)", "card"), ("@x and more", "bill"), ("-1 is cold", "bill")])
    library.write(source, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [row["text"] for row in csv.DictReader(file)]
    assert cells[-3:] == ["'=HYPERLINK(1)", "'@x and more", "'-1 is cold"]
    library.write(source, tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").column("text")[40].as_py() == "=HYPERLINK(1)"


def test_a_name_that_ends_in_something_else_is_refused(library, make, tmp_path):
    source, _ = make(ROWS)
    with pytest.raises(SettingsError, match="jsonl"):
        library.write(source, tmp_path / "out.docx")


def test_a_download_of_several_files_is_one_archive(library, tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    for name, rows in (("train.csv", ROWS), ("test.csv", ROWS[:5])):
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
    source = library.open(folder)
    path = library.download(source, "jsonl")
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == [f"data_{source.id}_test.jsonl", f"data_{source.id}_train.jsonl"]
        lines = archive.read(f"data_{source.id}_test.jsonl").decode().splitlines()
    assert json.loads(lines[0]) == {"text": ROWS[0][0], "label": "bill"}
    assert io.BytesIO(path.read_bytes()).getvalue()[:2] == b"PK"


def test_an_inquiry_says_how_far_it_is(library, make):
    _, choice = make(ROWS)
    inquiry = library.begin_check(choice)
    inquiry.answer(60)
    assert inquiry.about != "starting"
    assert 0 <= inquiry.share <= 1
    assert isinstance(inquiry, Inquiry)
    assert find_source(choice.source, library.home).id == choice.source


def test_the_sheet_that_was_chosen_is_the_one_that_is_mended_and_written(library, tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for name, rows in (("about", [("text", "label"), ("nothing here", "x")]), ("rows", [("text", "label"), *ROWS])):
        sheet = book.create_sheet(name)
        for row in [*rows, rows[1]]:
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(tmp_path / "book.xlsx")
    source = library.open(tmp_path / "book.xlsx")
    choice = library.choose(source, "rows")
    mended = library.mend(choice, [("duplicate-row", "")])
    version = library.find(mended.choice.source)
    assert library.check(version, mended.choice).rows == 40
    (out,) = library.write(source, tmp_path / "out.jsonl", "rows")
    assert len(out.read_text("utf-8").splitlines()) == 41


def test_what_a_conversion_made_of_what_stands_in_the_table_of_versions(library, tmp_path):
    articles = [{"title": n, "qas": [{"question": f"What is {n}?", "answer": str(n)}] * (n % 2 + 1)} for n in range(30)]
    (tmp_path / "nested.json").write_text(json.dumps({"data": articles}), "utf-8")
    source = library.open(tmp_path / "nested.json")
    choice = library.convert(source, "explode")
    assert library.check(library.find(choice.source), choice).rows == 45
    assert "30 rows became 45 rows" in library.history(source)[-1].act


def test_forgotten_data_leave_nothing_in_the_home_but_what_a_run_uses(library, make):
    secret = "maria.lindqvist@posteo.de"
    source, choice = make([*ROWS, (f"write to {secret} about the lamp", "card")])
    mended = library.mend(choice, [("personal-data", "mask")])
    library.download(source, "csv")
    home = library.home
    held = [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert {path.parent.name for path in held} == {source.id, "downloads"}
    assert library.forget(library.find(mended.choice.source), {mended.choice.source}) == [source.id]
    assert not [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert len(library.history(library.find(mended.choice.source))) == 1


def test_what_was_uploaded_is_let_go_of_however_taking_it_in_ends(library, tmp_path):
    let_go = []
    (tmp_path / "data.csv").write_text("text,label\n" + "".join(f"this is text {n},{n % 2}\n" for n in range(30)))
    (tmp_path / "empty.csv").write_text("")
    library.begin_open([tmp_path / "data.csv"], lambda: let_go.append("read")).answer(60)
    with pytest.raises(DataError):
        library.begin_open([tmp_path / "empty.csv"], lambda: let_go.append("refused")).answer(60)
    stopped = library.begin_open([tmp_path / "data.csv"], lambda: let_go.append("stopped"))
    stopped.stop()
    with pytest.raises(Stopped):
        stopped.answer(60)
    assert let_go == ["read", "refused", "stopped"]
