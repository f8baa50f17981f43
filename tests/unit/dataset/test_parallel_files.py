"""Two folders of text files that belong together line by line."""

import zipfile

import pytest

from core.dataset.conversions.parallel_files import pair_files
from core.dataset.detect import detect
from core.dataset.files.source import open_source
from core.dataset.load import choose, read_file


@pytest.fixture
def folder(tmp_path):
    def made(**files):
        for name, lines in files.items():
            path = tmp_path / (name.replace("__", "/") + ".txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return tmp_path

    return made


TEXTS = [f"This is clause number {n} of the terms." for n in range(8)]


def test_sentences_and_their_tags_become_rows(folder):
    tags = ["", "use2", "ter2 use2", "", "use2", "ter2", "", ""]
    files = {f"{side}__en__{name}": lines for name in "ab" for side, lines in (("sentences", TEXTS), ("tags", tags))}
    table = pair_files(folder(**files, lists__all=["a", "b"]))
    assert table.rows[2] == {"text": TEXTS[2], "labels": ["ter2", "use2"], "file": "a.txt"}
    assert len(table.rows) == 16
    assert detect(table).format == "multi_label"
    assert table.notes == (
        "The folders 'sentences' and 'tags' hold 2 files each, of the same names: their lines became 16 rows.",
    )


def test_one_label_a_line_is_labelled_text(folder):
    table = pair_files(folder(text__a=TEXTS, labels__a=["yes", "no"] * 4))
    assert table.columns == ("text", "label", "file")
    assert detect(table).format == "labelled_text"


def test_two_languages_become_pairs_of_texts(folder):
    german = [f"Dies ist die Klausel mit der Nummer {n}." for n in range(8)]
    table = pair_files(folder(en__a=TEXTS, de__a=german))
    assert set(table.columns) == {"en", "de", "file"}
    assert {table.rows[1]["en"], table.rows[1]["de"]} == {TEXTS[1], german[1]}


def test_of_several_pairs_the_larger_is_taken_and_the_other_named(folder):
    tags = ["yes", "no"] * 4
    files = {f"{side}__en__{n}": lines for n in "ab" for side, lines in (("texts", TEXTS), ("tags", tags))}
    table = pair_files(folder(**files, texts__it__c=TEXTS, tags__it__c=tags))
    assert {row["file"] for row in table.rows} == {"a.txt", "b.txt"}
    assert table.notes[-1].startswith("1 other pair of folders not used")


@pytest.mark.parametrize(
    "files",
    [
        {"texts__a": TEXTS, "tags__a": ["yes"] * 7},
        {"texts__a": TEXTS, "tags__b": ["yes", "no"] * 4},
        {"a": TEXTS, "b": TEXTS},
        {"good__1": TEXTS[:1], "bad__1": TEXTS[1:2]},
        {"train__a": TEXTS, "test__a": TEXTS},
        {},
    ],
)
def test_other_folders_are_no_pairs(folder, files):
    assert pair_files(folder(**files)) is None


def test_parallel_files_in_an_archive_become_the_same_rows(tmp_path):
    with zipfile.ZipFile(tmp_path / "terms.zip", "w") as archive:
        for name in "ab":
            tags = ["", "use2", "ter2 use2", "", "use2", "ter2", "", ""]
            archive.writestr(f"corpus/sentences/{name}.txt", "".join(f"{line}\n" for line in TEXTS))
            archive.writestr(f"corpus/tags/{name}.txt", "".join(f"{line}\n" for line in tags))
        archive.writestr("LICENSE.txt", "Take it.")
    source = open_source(tmp_path / "terms.zip", tmp_path / "home")
    rows = read_file(source, "train").rows
    assert (len(rows), rows[2]["text"], rows[2]["labels"]) == (16, TEXTS[2], ["ter2", "use2"])
    assert choose(source).format == "multi_label"


def test_an_archive_of_documents_in_folders_is_taken_in_as_it_is(tmp_path):
    with zipfile.ZipFile(tmp_path / "letters.zip", "w") as archive:
        for number in range(12):
            archive.writestr(f"{'good' if number % 2 else 'bad'}/{number}.txt", f"Letter {number}. " * 9)
    assert read_file(open_source(tmp_path / "letters.zip", tmp_path / "home"), "train").columns == ("text", "file")
