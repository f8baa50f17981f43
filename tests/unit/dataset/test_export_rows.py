"""Rows that are written to be taken elsewhere: nothing in them runs, nothing of this machine is in them."""

import csv
import io
import json
import os
import zipfile

import pytest

from core.dataset.files.source import find_source, open_files, open_source
from core.dataset.files.write import FORMS, write_download, write_tables
from core.dataset.load import read_tables
from core.dataset.table import Table
from core.dataset.versions.history import make_version
from core.errors import DataError, MachineError

COMMANDS = ("=", "+", "-", "@", "\t", "\r", "\n")
EVIL = 'cmd|"/c calc"!A1'


def table_of(rows):
    return Table(tuple(rows[0]), rows, "utf-8")


def cells_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("start", COMMANDS)
def test_no_cell_and_no_column_of_a_csv_file_is_a_command(start, tmp_path):
    column, cell = f"{start}{EVIL}", f"{start}1+{EVIL}"
    write_tables({"train": table_of([{column: cell, "plain": "a=b"}])}, tmp_path / "out.csv")
    assert cells_of(tmp_path / "out.csv") == [[f"'{column}", "plain"], [f"'{cell}", "a=b"]]


@pytest.mark.parametrize("number", ["-1", "+1", "-0.5", "+3,25", "1", "-1000000"])
def test_a_number_with_a_sign_is_no_command_and_stays_the_label_that_it_is(number, tmp_path):
    write_tables({"train": table_of([{"text": "a", "label": number}])}, tmp_path / "out.csv")
    assert cells_of(tmp_path / "out.csv")[1] == ["a", number]


@pytest.mark.parametrize("cell", ["-1+1", "-1\n=1", "+1|x", "-", "--1", "-1 ", "+1e5-2", "-\u0661"])
def test_what_only_begins_like_a_number_is_not_taken_for_one(cell, tmp_path):
    write_tables({"train": table_of([{"text": cell}])}, tmp_path / "out.csv")
    assert cells_of(tmp_path / "out.csv")[1] == [f"'{cell}"]


def test_a_written_file_is_read_back_with_its_apostrophes_in_csv_and_exactly_in_the_other_forms(tmp_path):
    rows = [{"text": f"{start}sum(A{n})", "=label": "a, \"b\"\n'c'"} for n, start in enumerate((*COMMANDS, "x", "'="))]
    for form in FORMS:
        (path,) = write_tables({"train": table_of(rows)}, tmp_path / f"out.{form}")
        again = read_tables(open_source(path, tmp_path / "home"))["train"]
        if form == "csv":
            assert again.columns == ("text", "'=label")
            assert [row["text"].removeprefix("'").lstrip() for row in again.rows[:-1]] == [
                row["text"].lstrip() for row in rows[:-1]
            ]
        else:
            assert again.rows == rows


@pytest.mark.parametrize("form", FORMS)
def test_a_download_is_complete_under_its_name_or_not_there(form, tmp_path, monkeypatch):
    tables = {"train": table_of([{"text": "a"}]), "test": table_of([{"text": "b"}])}
    (tmp_path / f"x_{form}.zip").write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        patched.setattr("pathlib.Path.replace", full)
        with pytest.raises(MachineError, match="No space left"):
            write_download(tables, tmp_path, "x", form)
    assert (tmp_path / f"x_{form}.zip").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == [f"x_{form}.zip"]
    with zipfile.ZipFile(write_download(tables, tmp_path, "x", form)) as archive:
        assert sorted(archive.namelist()) == [f"x_test.{form}", f"x_train.{form}"]


def write(folder, name, rows=20, word="text"):
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"this is {word} {n} of {folder.name},{'ab'[n % 2]}\n" for n in range(rows))
    (folder / name).write_text(f"text,label\n{lines}")
    return folder / name


def test_files_of_the_same_name_from_several_folders_are_joined_without_a_path_of_this_machine(tmp_path):
    paths = [write(tmp_path / "secret place" / name, "rows.csv") for name in ("one", "two")]
    source = open_files(paths, tmp_path / "home")
    assert len(read_tables(source)["train"].rows) == 40
    assert_nothing_tells(tmp_path, source)


def test_folders_may_say_what_files_of_the_same_name_are_for(tmp_path):
    paths = [write(tmp_path / name, "rows.csv") for name in ("train", "test")]
    source = open_files(paths, tmp_path / "home")
    assert {role: len(table.rows) for role, table in read_tables(source).items()} == {"train": 20, "test": 20}
    assert_nothing_tells(tmp_path, source)


def test_documents_of_the_same_name_say_their_folder_and_not_where_it_lies(tmp_path):
    for name in ("one", "two"):
        (tmp_path / "deep" / name / "x").mkdir(parents=True)
        (tmp_path / "deep" / name / "x" / "letter.txt").write_text(f"Dear {name}.\n\nThe end of {name}.\n")
    paths = [tmp_path / "deep" / name / "x" / "letter.txt" for name in ("one", "two")]
    source = open_files(paths, tmp_path / "home")
    assert len(read_tables(source)["train"].rows) == 2
    assert_nothing_tells(tmp_path, source)


def assert_nothing_tells(tmp_path, source):
    home = tmp_path / "home"
    version = make_version(source, read_tables(source), "Changed.", home)
    downloads = [write_download(read_tables(version), home / "downloads", "x", form) for form in FORMS]
    kept = [path for path in (home / "datasets").rglob("*") if path.is_file()]
    for path in (*kept, *downloads):
        content = path.read_bytes()
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(path) as archive:
                content = b"".join(name.encode() + archive.read(name) for name in archive.namelist())
        assert str(tmp_path).encode() not in content, path
        assert tmp_path.name.encode() not in content, path


ODD = [
    '[{"a": NaN, "b": "x"}, {"a": -Infinity, "b": "y"}]',
    '{"a": 1180591620717411303424}\n{"a": 1e400}\n',
    '{"a": 0.1, "b": 1e5, "c": -0.0, "d": true, "e": null, "f": [1, [2.5, {"g": "h"}]]}\n{"a": 12345678901234567890}\n',
    '{"a": "x\\u2028y\\u0085z\\r\\nw\\u001f", "": "c", " ": "d"}\n{"a": "\\ud83d\\ude00"}\n',
    '{"a": "NA", "b": "null", "c": "007", "d": "1e5", "e": "", "f": " "}\n{"a": "None"}\n',
]


@pytest.mark.parametrize("content", ODD)
def test_odd_cells_are_the_same_in_every_later_version(content, tmp_path):
    (tmp_path / "odd.jsonl").write_text(content)
    source = open_source(tmp_path / "odd.jsonl", tmp_path / "home")
    before = read_tables(source)
    version = make_version(source, before, "Changed.", tmp_path / "home")
    again = make_version(version, read_tables(version), "Again.", tmp_path / "home")
    assert repr(read_tables(find_source(again.id, tmp_path / "home"))["train"].rows) == repr(before["train"].rows)
    for form in FORMS:
        write_tables(before, tmp_path / f"out.{form}")


@pytest.mark.parametrize("column", ["\\ud800", "a\\u0000b"])
def test_a_column_name_that_no_file_can_hold_is_refused(column, tmp_path):
    (tmp_path / "odd.jsonl").write_text(f'{{"{column}": "a"}}\n' + json.dumps({"b": "c"}))
    with pytest.raises(DataError, match=r"A column name of odd\.jsonl"):
        open_source(tmp_path / "odd.jsonl", tmp_path / "home")
