"""Public sets as people publish them, where they lie beside the project."""

import pytest

from core.dataset.files.read import read_table
from core.dataset.files.source import open_source
from tests.unit.dataset.test_public_data import path_to


def test_every_published_workbook_opens():
    paths = sorted(path_to("cuad/label_group_xlsx").glob("*.xlsx"))
    assert len(paths) == 28
    for path in paths:
        table = read_table(path)
        assert table.columns[0] == "Filename"
        assert len(table.rows) > 10
        assert not [column for column in table.columns if column.startswith("column ")]


@pytest.mark.parametrize(
    ("name", "files", "told"),
    [
        ("corpus/stories", 710, "710 files became 815 passages"),
        ("corpus/contracts", 339, "339 files became"),
        ("llamafactory_demo/wiki_demo.txt", 0, "wiki_demo.txt is plain text and became 275 passages"),
    ],
)
def test_documents_become_passages_of_some_thousand_characters(name, files, told, tmp_path):
    table = read_table(open_source(path_to(name), tmp_path).files["train"], name=name)
    assert len({row["file"] for row in table.rows if "file" in row}) == files
    assert 0 < max(len(row["text"]) for row in table.rows) <= 4000
    assert told.removeprefix("wiki_demo.txt") in table.notes[0]


@pytest.mark.parametrize(
    ("name", "rows"), [("mts_dialog/Main-Dataset", (1201, 100, 400)), ("banking77", (10_003, 3080))]
)
def test_a_published_folder_is_told_apart_by_the_names_of_its_files(name, rows, tmp_path):
    source = open_source(path_to(name), tmp_path)
    assert tuple(len(read_table(path).rows) for path in source.files.values()) == rows
